/** Every timeout of a command, with time skipped. */
import { type WorkflowHandle } from '@temporalio/client';
import { type command } from '../../workflows/command/workflow';
import {
  type ApproveRequest,
  approveUpdate,
  cancelSignal,
  cancelUpdate,
  COMMAND_WORKFLOW,
  commandEventsSignal,
  type CommandInput,
  commandQuery,
  commandWorkflowId,
} from '../../workflows/command/messages';
import { TASK_QUEUE } from '../../workflows/shared/messages';
import { commandInput, Published, report, type Skipping, startSkipping } from './support/skipping';
import { record } from './support/recording';
import { until } from './support/until';

jest.setTimeout(60_000);

const published = new Published();
let skipping: Skipping;

beforeAll(async () => {
  skipping = await startSkipping({
    publish: published.publish,
    askRegistry: () => Promise.reject(new Error('not here')),
    settleCommands: () => Promise.resolve([]),
    revokeCredentials: () => Promise.resolve(),
  });
});
afterAll(() => skipping?.stop());
beforeEach(() => {
  published.gate = () => Promise.resolve();
});

async function started(of: Partial<CommandInput> & { timeout_ms: number }) {
  const input = await commandInput(skipping.env, of);
  const handle: WorkflowHandle<typeof command> = await skipping.env.client.workflow.start(COMMAND_WORKFLOW, {
    taskQueue: TASK_QUEUE,
    workflowId: commandWorkflowId(input.tenant, input.command_id),
    args: [input],
  });
  const tell = (...states: Parameters<typeof report>[1][]): Promise<void> =>
    handle.signal(
      commandEventsSignal,
      states.map((s) => report(input, s)),
    );
  return {
    input,
    handle,
    tell,
    states: () => published.states(input.command_id),
    orders: () => published.orders(input.command_id),
  };
}

test('QoS 0 is sent and not waited for', async () => {
  const { handle, states, orders } = await started({ qos: 0, timeout_ms: 3_600_000 });
  expect(await handle.result()).toMatchObject({ state: 'issued', final: false });
  expect(states()).toEqual(['issued']);
  expect(orders()).toEqual(['set-setpoint#1']);
  await record('command.qos-0', handle);
});

test('ends with the word of the agent, and adds none of its own', async () => {
  const { input, handle, states } = await started({ timeout_ms: 60_000 });
  await handle.signal(commandEventsSignal, [report(input, 'delivered'), report(input, 'executed')]);
  await handle.signal(commandEventsSignal, [report(input, 'verified', { result: '{"value":21.5}' })]);
  expect(await handle.result()).toEqual({ state: 'verified', final: true, result: { value: 21.5 }, detail: '' });
  expect(states()).toEqual(['issued']);
  const view = await handle.query(commandQuery);
  expect(view.transitions.map((t) => t.state)).toEqual(['issued', 'delivered', 'executed', 'verified']);
  await record('command.verified', handle);
});

test('repeats and disorder of reports do no harm', async () => {
  const { handle, tell } = await started({ timeout_ms: 60_000 });
  await tell('executed', 'delivered', 'executed');
  await tell('delivered');
  await tell('verified', 'verified');
  expect(await handle.result()).toMatchObject({ state: 'verified' });
});

test('no word at all: unknown at the deadline, not earlier, after sending again at 5, 15 and 35 s', async () => {
  const { input, handle, states, orders } = await started({ timeout_ms: 60_000 });
  expect(await handle.result()).toMatchObject({ state: 'outcome-unknown', final: false });
  expect(states()).toEqual(['issued', 'outcome-unknown']);
  expect(orders()).toEqual([1, 2, 3, 4].map((n) => `set-setpoint#${n}`));
  const last = published.records.at(-1)?.events[0];
  expect((last?.at ?? 0) - input.deadline).toBeGreaterThanOrEqual(2_000);
  expect((last?.at ?? 0) - input.deadline).toBeLessThan(4_000);
  await record('command.unknown-after-resends', handle);
});

test('what was delivered is not sent again, and is unknown when no result comes', async () => {
  const { handle, tell, orders } = await started({ timeout_ms: 3_600_000 });
  await tell('delivered');
  expect(await handle.result()).toMatchObject({
    state: 'outcome-unknown',
    detail: expect.stringContaining('received'),
  });
  expect(orders()).toEqual(['set-setpoint#1']);
  await record('command.delivered-no-result', handle);
});

test('executed and never verified stays executed at the deadline', async () => {
  const { handle, tell, states } = await started({ timeout_ms: 60_000 });
  await tell('delivered', 'executed');
  expect(await handle.result()).toMatchObject({ state: 'executed', final: false });
  expect(states()).toEqual(['issued']);
  await record('command.executed-unverified', handle);
});

test('an answer right after the deadline still counts', async () => {
  const { handle, tell } = await started({ timeout_ms: 10_000 });
  await skipping.env.sleep(11_000);
  await tell('expired');
  expect(await handle.result()).toMatchObject({ state: 'expired', final: true });
});

test('a month of silence is a bounded number of attempts', async () => {
  const { handle, orders } = await started({ timeout_ms: 30 * 24 * 3_600_000 });
  expect(await handle.result()).toMatchObject({ state: 'outcome-unknown' });
  expect(orders().length).toBeGreaterThan(100);
  expect(orders().length).toBeLessThanOrEqual(140);
  expect((await handle.fetchHistory()).events?.length).toBeLessThan(2_000);
});

test('a deadline that has passed before anything was sent: expired, and nothing is sent', async () => {
  const { handle, states, orders } = await started({ timeout_ms: -1 });
  expect(await handle.result()).toMatchObject({ state: 'expired', final: true });
  expect(states()).toEqual(['issued', 'expired']);
  expect(orders()).toEqual([]);
  await record('command.expired-unsent', handle);
});

describe('Kafka is away', () => {
  test('until the deadline: unknown, and the order goes out after all, so that the agent tells what it did', async () => {
    let away = true;
    published.gate = () => (away ? Promise.reject(new Error('broker away')) : Promise.resolve());
    const { handle, states, orders } = await started({ timeout_ms: 2_000 });
    setTimeout(() => (away = false), 2_500);
    expect(await handle.result()).toMatchObject({ state: 'outcome-unknown' });
    expect(states()).toEqual(['outcome-unknown']);
    expect(orders()).toEqual(['set-setpoint#2']);
  });

  test('for a moment: sent when it is back', async () => {
    let failures = 3;
    published.gate = () => (failures-- > 0 ? Promise.reject(new Error('broker away')) : Promise.resolve());
    const { handle, tell, orders } = await started({ timeout_ms: 60_000 });
    await until(() => orders().length === 1);
    await tell('verified');
    expect(await handle.result()).toMatchObject({ state: 'verified' });
    await record('command.kafka-away-a-moment', handle);
  });
});

describe('the caller sends the order', () => {
  const byCaller = (of: Partial<CommandInput> & { timeout_ms: number }) => started({ ...of, sent_by_caller: true });

  test('the workflow sends nothing when the agent reports', async () => {
    const { handle, tell, states, orders } = await byCaller({ timeout_ms: 60_000 });
    await tell('delivered', 'executed', 'verified');
    expect(await handle.result()).toMatchObject({ state: 'verified', final: true });
    expect([states(), orders()]).toEqual([[], []]);
    await record('command.sent-by-caller', handle);
  });

  test('not a word after 5 s: the workflow writes what the caller may not have written, and sends again', async () => {
    const { handle, states, orders } = await byCaller({ timeout_ms: 20_000 });
    expect(await handle.result()).toMatchObject({ state: 'outcome-unknown' });
    expect(states()).toEqual(['issued', 'outcome-unknown']);
    expect(orders()).toEqual(['set-setpoint#2', 'set-setpoint#3']);
    await record('command.caller-died', handle);
  });

  test('Kafka is away for both: `issued` is written with what the platform says at the deadline', async () => {
    let away = true;
    published.gate = () => (away ? Promise.reject(new Error('broker away')) : Promise.resolve());
    const { handle, states } = await byCaller({ timeout_ms: 2_000 });
    setTimeout(() => (away = false), 2_500);
    expect(await handle.result()).toMatchObject({ state: 'outcome-unknown' });
    expect(states()).toEqual(['issued', 'outcome-unknown']);
  });

  test('cancelled before a word of the agent: the cancellation goes out, the order does not', async () => {
    const { handle, tell, states, orders } = await byCaller({ timeout_ms: 60_000 });
    await handle.signal(cancelSignal, { actor: 'bob', reason: 'wrong pump' });
    await until(() => orders().includes('millrace.cancel#1'));
    await tell('cancelled');
    expect(await handle.result()).toMatchObject({ state: 'cancelled', final: true });
    expect([states(), orders()]).toEqual([['issued'], ['millrace.cancel#1']]);
  });
});

describe('cancellation', () => {
  const request = { actor: 'bob', reason: 'wrong pump' };

  test('the agent says it came in time', async () => {
    const { handle, tell, orders } = await started({ timeout_ms: 60_000 });
    const answer = handle.executeUpdate(cancelUpdate, { args: [request] });
    await until(() => orders().includes('millrace.cancel#1'));
    await tell('cancelled');
    expect(await answer).toEqual({ in_time: true, state: 'cancelled' });
    expect(await handle.result()).toMatchObject({ state: 'cancelled', final: true });
    await record('command.cancelled', handle);
  });

  test('the agent had carried it out: too late', async () => {
    const { handle, tell, orders } = await started({ timeout_ms: 60_000 });
    const answer = handle.executeUpdate(cancelUpdate, { args: [request] });
    await until(() => orders().includes('millrace.cancel#1'));
    await tell('verified');
    expect(await answer).toEqual({ in_time: false, state: 'verified' });
  });

  test('not a word: nobody can tell', async () => {
    const { handle, orders } = await started({ timeout_ms: 60_000 });
    await handle.signal(cancelSignal, request);
    const answer = handle.executeUpdate(cancelUpdate, { args: [request] });
    expect(await handle.result()).toMatchObject({ state: 'outcome-unknown' });
    expect(await answer).toEqual({ in_time: null, state: 'outcome-unknown' });
    expect(orders()[0]).toBe('set-setpoint#1');
    expect(
      new Set(
        orders()
          .slice(1)
          .map((o) => o.split('#')[0]),
      ),
    ).toEqual(new Set(['millrace.cancel']));
    await record('command.cancel-unanswered', handle);
  });

  test('before anything was sent: certainly not carried out, nothing is sent', async () => {
    const input = await commandInput(skipping.env, { timeout_ms: 60_000 });
    const handle = await skipping.env.client.workflow.signalWithStart(COMMAND_WORKFLOW, {
      taskQueue: TASK_QUEUE,
      workflowId: commandWorkflowId(input.tenant, input.command_id),
      args: [input],
      signal: cancelSignal,
      signalArgs: [request],
    });
    expect(await handle.result()).toMatchObject({ state: 'cancelled', detail: 'wrong pump' });
    expect(published.states(input.command_id)).toEqual(['issued', 'cancelled']);
    expect(published.orders(input.command_id)).toEqual([]);
    await record('command.cancelled-unsent', handle);
  });

  test('through Temporal itself is the same', async () => {
    const { handle, tell, orders } = await started({ timeout_ms: 60_000 });
    await handle.cancel();
    await until(() => orders().includes('millrace.cancel#1'));
    await tell('cancelled');
    expect(await handle.result()).toMatchObject({ state: 'cancelled' });
  });
});

test('a report while the workflow is ending is not lost', async () => {
  let release = (): void => undefined;
  const { handle, tell } = await started({ timeout_ms: 1_000 });
  published.gate = ({ events }) =>
    events[0]?.state === 'outcome-unknown' ? new Promise((resolve) => (release = resolve)) : Promise.resolve();
  await skipping.env.sleep(4_000);
  await tell('verified');
  setTimeout(() => release(), 200);
  expect(await handle.result()).toMatchObject({ state: 'verified' });
});

describe('a second person', () => {
  const approval = (actor: string) => ({ args: [{ actor, remark: 'looked at it' }] as [ApproveRequest] });

  test('nothing is sent before the approval, which is an event with its actor', async () => {
    const { handle, tell, states, orders } = await started({ timeout_ms: 60_000, needs_approval: true });
    await until(() => Promise.resolve(states().length === 1), 10_000);
    expect(orders()).toEqual([]);
    await expect(handle.executeUpdate(approveUpdate, approval('ann'))).rejects.toMatchObject({
      cause: { message: expect.stringContaining('second person') },
    });
    await handle.executeUpdate(approveUpdate, approval('bob'));
    await until(() => Promise.resolve(orders().length === 1), 10_000);
    expect(states()).toEqual(['issued', 'approved']);
    await expect(handle.executeUpdate(approveUpdate, approval('eve'))).rejects.toBeDefined();
    await tell('delivered', 'executed', 'verified');
    expect(await handle.result()).toMatchObject({ state: 'verified' });
    const view = await handle.query(commandQuery);
    expect(view.transitions.find((t) => t.state === 'approved')).toMatchObject({
      actor: 'bob',
      detail: 'looked at it',
    });
    await record('command.approved', handle);
  });

  test('nobody approves in time: expired, and never sent', async () => {
    const { handle, states, orders } = await started({ timeout_ms: 3_600_000, needs_approval: true });
    expect(await handle.result()).toMatchObject({ state: 'expired' });
    expect([states(), orders()]).toEqual([['issued', 'expired'], []]);
    await record('command.unapproved', handle);
  });

  test('cancelled while it waits: in time, and never sent', async () => {
    const { handle, orders } = await started({ timeout_ms: 3_600_000, needs_approval: true });
    const asked = { args: [{ actor: 'ann', reason: 'no' }] as [{ actor: string; reason: string }] };
    expect(await handle.executeUpdate(cancelUpdate, asked)).toEqual({ in_time: true, state: 'cancelled' });
    expect(orders()).toEqual([]);
  });

  test('a command that asks for none takes none', async () => {
    const { handle, tell } = await started({ timeout_ms: 60_000 });
    await expect(handle.executeUpdate(approveUpdate, approval('bob'))).rejects.toMatchObject({
      cause: { message: expect.stringContaining('nobody asks') },
    });
    await tell('verified');
    await handle.result();
  });
});
