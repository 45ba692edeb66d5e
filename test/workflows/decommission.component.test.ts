/** The end of a device's life, with time skipped: the right way, every way it can be stopped, nobody answering. */
import { type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { commandEventsSignal, commandWorkflowId } from '../../workflows/command/messages';
import { type RegistryQuestion, type Revocation } from '../../workflows/decommission/activities';
import {
  abandonUpdate,
  decideUpdate,
  DECOMMISSION_WORKFLOW,
  type DecommissionInput,
  type DecommissionProgress,
  decommissionWorkflowId,
  progressQuery,
} from '../../workflows/decommission/messages';
import { type decommission } from '../../workflows/decommission/workflow';
import { TASK_QUEUE } from '../../workflows/shared/messages';
import { Published, report, type Skipping, startSkipping } from './support/skipping';
import { FakeRegistry } from './support/fake-registry';
import { record } from './support/recording';
import { until } from './support/until';

jest.setTimeout(60_000);

const published = new Published();
let registry = new FakeRegistry();
let inFlight: () => string[] = () => [];
let asked: (readonly string[])[] = [];
let revoked: Revocation[] = [];
let inProfile = true;
/** Why no history can be exported. */
let noExport = '';
let skipping: Skipping;
/** Where the worker dies, once: `before` an effect, or `after` it and before anybody hears of it. */
let death = '';

function dieAt(place: string): void {
  if (place !== death) return;
  death = '';
  throw new Error(`killed ${place}`);
}
let device = 0;

beforeAll(async () => {
  skipping = await startSkipping({
    publish: published.publish,
    askRegistry: async (question) => {
      dieAt(`before ${question.type}`);
      const answer = await registry.ask(question);
      dieAt(`after ${question.type}`);
      return answer;
    },
    settleCommands: (request) => {
      dieAt('before settle-commands');
      asked.push(request.asked);
      dieAt('after settle-commands');
      return Promise.resolve(inFlight());
    },
    revokeCredentials: (revocation) => {
      dieAt('before revoke-credentials');
      revoked.push(revocation);
      dieAt('after revoke-credentials');
      return Promise.resolve();
    },
    exportHistory: ({ name }) => {
      dieAt('before export');
      if (noExport !== '') throw ApplicationFailure.nonRetryable(noExport);
      dieAt('after export');
      return Promise.resolve({ file: `${name}.ndjson.gz`, bytes: 9, sha256: 'ab', rows: { reading: 2, command: 1 } });
    },
    removeFromProfile: () => {
      dieAt('before remove-from-profile');
      const had = inProfile;
      inProfile = false;
      dieAt('after remove-from-profile');
      return Promise.resolve(had ? { outcome: 'removed', version: 8 } : { outcome: 'absent' });
    },
  });
});
afterAll(() => skipping?.stop());
beforeEach(() => {
  registry = new FakeRegistry();
  inFlight = () => [];
  asked = [];
  revoked = [];
  inProfile = true;
  noExport = '';
});

async function started(of: Partial<DecommissionInput> = {}): Promise<WorkflowHandle<typeof decommission>> {
  const input: DecommissionInput = {
    ...{ tenant: 't', device_id: `pump-${++device}`, agent_id: 'a1', actor: 'ann', reason: 'worn out' },
    policy: POLICY,
    ...of,
  };
  return skipping.env.client.workflow.start(DECOMMISSION_WORKFLOW, {
    taskQueue: TASK_QUEUE,
    workflowId: decommissionWorkflowId(input.tenant, input.device_id),
    args: [input],
  });
}

const orders = () => published.records.flatMap((r) => r.commands);

/** The flush order of the last device started, once it is out; `ending`: of its id. */
async function flushOrder(ending = '') {
  const flushes = () => orders().filter((c) => c.device_id === `pump-${device}` && c.name === 'millrace.flush');
  const ours = () => flushes().find((c) => c.command_id.endsWith(ending));
  await until(() => ours() !== undefined);
  const order = ours();
  if (!order) throw new Error('no flush order');
  return order;
}

async function confirm(last_seq: number): Promise<void> {
  const { command_id, tenant, device_id, agent_id, options: _none, ...rest } = await flushOrder();
  const input = { ...rest, command_id, tenant, device_id, agent_id, qos: 1 as const };
  const executed = report(input, 'executed', { result: JSON.stringify({ last_seq }) });
  await skipping.env.client.workflow
    .getHandle(commandWorkflowId(tenant, command_id))
    .signal(commandEventsSignal, [executed]);
}

const steps = (p: DecommissionProgress): string[] => p.steps.map((s) => `${s.step} ${s.state}`);

const DONE = [
  ...['begin done', 'settle-commands skipped', 'flush done', 'export skipped', 'remove-from-profile done'],
  ...['revoke-credentials done', 'erase-personal-data skipped', 'complete done'],
];
const POLICY = { settle_ms: 60_000, flush_ms: 3_600_000 };
const ALL = { ...POLICY, export: true, personal_data: 'erase' } as const;

test('ends with the device decommissioned, its last data confirmed', async () => {
  const handle = await started();
  await confirm(4711);
  const progress = await handle.result();
  expect(progress).toMatchObject({ outcome: 'decommissioned', last_seq: 4711, can_abandon: false });
  expect(steps(progress)).toEqual(DONE);
  expect(revoked).toMatchObject([{ tenant: 't', device_id: `pump-${device}`, actor: 'ann' }]);
  expect(registry.asked).toEqual(['begin-decommission', 'complete-decommission']);
  expect(registry.state).toBe('decommissioned');
  await record('decommission.whole', handle);
});

describe('the worker is killed', () => {
  const effects = ['begin-decommission', 'settle-commands', 'export', 'remove-from-profile', 'revoke-credentials'];
  effects.push('update', 'complete-decommission');
  const places = effects.flatMap((e) => [`before ${e}`, `after ${e}`]);

  test.each(places)('%s: each step is done, and what the registry decided stands', async (place) => {
    death = place;
    const handle = await started({ policy: ALL });
    await confirm(4711);
    const progress = await handle.result();
    expect(death).toBe('');
    expect(progress).toMatchObject({ outcome: 'decommissioned', last_seq: 4711, exported: { bytes: 9 } });
    // Removed before the worker died: then there is nothing left to remove.
    const removed = place === 'after remove-from-profile' ? 'skipped' : 'done';
    const all = DONE.map((s) => s.replace(/^(export|erase-personal-data) skipped/, '$1 done'));
    expect(steps(progress)).toEqual(all.map((s) => s.replace('profile done', `profile ${removed}`)));
    expect(inProfile).toBe(false);
    expect(new Set(registry.updates)).toEqual(new Set(['{"name":"","path":"","labels":{}}']));
    expect(registry.state).toBe('decommissioned');
    expect(new Set(revoked.map((r) => r.event_id)).size).toBe(1);
    expect(orders().filter((c) => c.device_id === `pump-${device}` && c.attempt === 1)).toHaveLength(1);
  });

  test('while the flush is awaited: the order is not given again, and its answer counts', async () => {
    const handle = await started();
    await flushOrder();
    await confirm(5);
    expect(await handle.result()).toMatchObject({ outcome: 'decommissioned', last_seq: 5 });
    expect(orders().filter((c) => c.device_id === `pump-${device}` && c.attempt === 1)).toHaveLength(1);
  });

  test('while it is undone: it is undone all the same', async () => {
    death = 'after abandon-decommission';
    inFlight = () => ['command-t/a'];
    const handle = await started();
    await until(() => asked.length > 0);
    await handle.executeUpdate(abandonUpdate, { args: [{ actor: 'bob', reason: 'no' }] });
    expect(death).toBe('');
    expect(registry.state).toBe('active');
  });
});

test('an agent that never answers: goes on at the deadline, and says so', async () => {
  const before = await skipping.env.currentTimeMs();
  const handle = await started();
  const progress = await handle.result();
  expect(progress).toMatchObject({ outcome: 'decommissioned', last_seq: null });
  expect(progress.steps[2]?.detail).toMatch(/not confirmed \(outcome-unknown/);
  expect((await skipping.env.currentTimeMs()) - before).toBeGreaterThanOrEqual(3_600_000);
  await record('decommission.agent-silent', handle);
});

test('a device without an agent has nothing to flush', async () => {
  registry.agent = null;
  const progress = await (await started({ agent_id: null })).result();
  expect(steps(progress)).toContain('flush skipped');
  expect(progress.outcome).toBe('decommissioned');
});

test('commands in flight are cancelled once each, and awaited', async () => {
  let looks = 0;
  inFlight = () => [['command-t/a', 'command-t/b'], ['command-t/b'], []][looks++] ?? [];
  const handle = await started();
  await confirm(1);
  const progress = await handle.result();
  expect(progress.steps[1]).toMatchObject({ state: 'done', detail: '2 commands ended' });
  expect(asked.slice(0, 2)).toEqual([[], ['command-t/a', 'command-t/b']]);
  await record('decommission.commands-cancelled', handle);
});

test('commands that do not end are left behind at the deadline, and counted', async () => {
  inFlight = () => ['command-t/a'];
  const handle = await started();
  const progress = await handle.result();
  expect(progress.steps[1]?.detail).toMatch(/^1 commands still in flight after 60000 ms/);
  expect(progress.outcome).toBe('decommissioned');
});

test('a registry that is away is waited for', async () => {
  registry.failures = 4;
  const handle = await started();
  await confirm(1);
  expect(await handle.result()).toMatchObject({ outcome: 'decommissioned' });
});

describe('refused', () => {
  test('by the registry: nothing was begun, so nothing is undone', async () => {
    registry.state = 'registered';
    const handle = await started();
    const progress = await handle.result();
    expect(progress).toMatchObject({ outcome: 'refused', detail: 'cannot when registered' });
    expect(steps(progress)).toEqual([
      ...['begin failed', 'settle-commands waiting', 'flush waiting', 'export waiting', 'remove-from-profile waiting'],
      ...['revoke-credentials waiting', 'erase-personal-data waiting', 'complete waiting'],
    ]);
    expect(registry.asked).toEqual(['begin-decommission']);
    await record('decommission.refused', handle);
  });
});

describe('abandoned', () => {
  const request = { actor: 'bob', reason: 'the pump is fine' };

  test('while commands are settled', async () => {
    inFlight = () => ['command-t/a'];
    const handle = await started();
    await until(() => asked.length > 0);
    const progress = await handle.executeUpdate(abandonUpdate, { args: [request] });
    expect(progress).toMatchObject({ outcome: 'abandoned', detail: 'the pump is fine', can_abandon: false });
    expect(steps(progress).at(-1)).toBe('abandon done');
    expect(registry.state).toBe('active');
    expect(await handle.result()).toEqual(progress);
    await record('decommission.abandoned-settling', handle);
  });

  test('while the flush is awaited: the flush order is cancelled', async () => {
    const handle = await started();
    const { command_id } = await flushOrder();
    await handle.executeUpdate(abandonUpdate, { args: [request] });
    expect(registry.state).toBe('active');
    await until(() => orders().some((c) => c.command_id === `${command_id}.cancel`));
    await skipping.env.client.workflow.getHandle(commandWorkflowId('t', command_id)).result();
    await record('decommission.abandoned-flushing', handle);
  });

  test('through Temporal itself', async () => {
    inFlight = () => ['command-t/a'];
    const handle = await started();
    await until(() => asked.length > 0);
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ outcome: 'abandoned' });
    expect(registry.state).toBe('active');
  });

  test('when a step cannot be done at all: undone, with the reason', async () => {
    const ask = registry.ask;
    Object.assign(registry, {
      ask: (q: RegistryQuestion) =>
        q.type === 'begin-decommission'
          ? ask(q).then(() => Promise.reject(ApplicationFailure.nonRetryable('the record does not fit')))
          : ask(q),
    });
    const progress = await (await started()).result();
    expect(progress.outcome).toBe('abandoned');
    expect(progress.detail).toMatch(/the record does not fit/);
    expect(registry.state).toBe('active');
  });

  test('not past the point of no return', async () => {
    const handle = await started();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const ask = registry.ask;
    Object.assign(registry, {
      ask: async (q: RegistryQuestion) => {
        if (q.type === 'complete-decommission') await released;
        return ask(q);
      },
    });
    await confirm(9);
    await until(async () => !(await handle.query(progressQuery)).can_abandon);
    await expect(handle.executeUpdate(abandonUpdate, { args: [request] })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('point of no return') },
    });
    release();
    expect(await handle.result()).toMatchObject({ outcome: 'decommissioned' });
  });
});

describe('an operator decides', () => {
  const bob = { actor: 'bob', reason: 'seen to' };

  async function task(handle: WorkflowHandle<typeof decommission>, step: string): Promise<DecommissionProgress> {
    await until(async () => (await handle.query(progressQuery)).task?.step === step);
    return handle.query(progressQuery);
  }

  test('of an agent that is silent: once more, and in the end to abandon it', async () => {
    // In real time: half a second, and the two that an answer may be late.
    const handle = await started({ policy: { ...POLICY, flush_ms: 500, when_silent: 'ask' } });
    const { task: waiting } = await task(handle, 'flush');
    expect(waiting).toMatchObject({
      choices: ['retry', 'go-on', 'abandon'],
      problem: expect.stringMatching(/not conf/),
    });
    await handle.executeUpdate(decideUpdate, { args: [{ ...bob, decision: 'retry' }] });
    await flushOrder('.2');
    const progress = await handle.executeUpdate(abandonUpdate, { args: [bob] });
    expect(progress).toMatchObject({ outcome: 'abandoned', detail: 'seen to' });
    expect(progress.task).toBeUndefined();
    expect(registry.state).toBe('active');
  });

  test('of a history that cannot be exported: on without it', async () => {
    noExport = 'the disk is full';
    const handle = await started({ policy: ALL });
    await confirm(1);
    expect((await task(handle, 'export')).task?.problem).toMatch(/the disk is full/);
    await handle.executeUpdate(decideUpdate, { args: [{ ...bob, decision: 'go-on' }] });
    const { steps: all } = await handle.result();
    expect(all[3]).toMatchObject({ state: 'skipped', detail: expect.stringMatching(/full; bob went on: seen to/) });
  });

  test('to abandon it, while that can be', async () => {
    noExport = 'the disk is full';
    const handle = await started({ policy: ALL });
    await confirm(1);
    await task(handle, 'export');
    await handle.executeUpdate(abandonUpdate, { args: [bob] });
    expect(await handle.result()).toMatchObject({ outcome: 'abandoned' });
    expect(registry.state).toBe('active');
  });

  test('of a completion the registry refuses: only again, and nothing before it is asked', async () => {
    const handle = await started();
    await flushOrder();
    await expect(handle.executeUpdate(decideUpdate, { args: [{ ...bob, decision: 'retry' }] })).rejects.toMatchObject({
      cause: { message: 'nothing waits for a decision' },
    });
    registry.state = 'active'; // somebody abandoned it past us
    await confirm(1);
    expect((await task(handle, 'complete')).task?.choices).toEqual(['retry']);
    await expect(handle.executeUpdate(decideUpdate, { args: [{ ...bob, decision: 'go-on' }] })).rejects.toMatchObject({
      cause: { message: 'it takes retry' },
    });
    registry.state = 'decommissioning';
    await handle.executeUpdate(decideUpdate, { args: [{ ...bob, decision: 'retry' }] });
    expect(await handle.result()).toMatchObject({ outcome: 'decommissioned' });
    await record('decommission.operator', handle);
  });
});
