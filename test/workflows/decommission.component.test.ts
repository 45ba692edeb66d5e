/** The end of a device's life, with time skipped: the right way, every way it can be stopped, nobody answering. */
import { type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { commandEventsSignal, commandWorkflowId } from '../../workflows/command/messages';
import { type RegistryAnswer, type RegistryQuestion, type Revocation } from '../../workflows/decommission/activities';
import {
  abandonUpdate,
  DECOMMISSION_WORKFLOW,
  type DecommissionInput,
  type DecommissionProgress,
  decommissionWorkflowId,
  progressQuery,
} from '../../workflows/decommission/messages';
import { type decommission } from '../../workflows/decommission/workflow';
import { TASK_QUEUE } from '../../workflows/shared/messages';
import { Published, report, type Skipping, startSkipping } from './support/skipping';
import { record } from './support/recording';
import { until } from './support/until';

jest.setTimeout(60_000);

/** A registry of one device, as services/registry answers. */
class FakeRegistry {
  state = 'active';
  asked: RegistryQuestion['type'][] = [];
  failures = 0;
  agent: string | null = 'a1';

  readonly ask = async (question: RegistryQuestion): Promise<RegistryAnswer> => {
    if (this.failures-- > 0) throw new Error('no reply');
    this.asked.push(question.type);
    const moves: Record<string, [string, string]> = {
      'begin-decommission': ['active', 'decommissioning'],
      'complete-decommission': ['decommissioning', 'decommissioned'],
      'abandon-decommission': ['decommissioning', 'active'],
    };
    const [from, to] = moves[question.type] ?? ['', ''];
    const agent_id = this.agent;
    if (this.state === to) return { outcome: 'unchanged', detail: '', state: this.state, agent_id };
    if (this.state !== from)
      return { outcome: 'rejected', detail: `cannot when ${this.state}`, state: this.state, agent_id };
    this.state = to;
    return { outcome: 'accepted', detail: '', state: to, agent_id };
  };
}

const published = new Published();
let registry = new FakeRegistry();
let inFlight: () => string[] = () => [];
let asked: (readonly string[])[] = [];
let revoked: Revocation[] = [];
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
  });
});
afterAll(() => skipping?.stop());
beforeEach(() => {
  registry = new FakeRegistry();
  inFlight = () => [];
  asked = [];
  revoked = [];
});

async function started(of: Partial<DecommissionInput> = {}): Promise<WorkflowHandle<typeof decommission>> {
  const input: DecommissionInput = {
    ...{ tenant: 't', device_id: `pump-${++device}`, agent_id: 'a1', actor: 'ann', reason: 'worn out' },
    policy: { settle_ms: 60_000, flush_ms: 3_600_000 },
    ...of,
  };
  return skipping.env.client.workflow.start(DECOMMISSION_WORKFLOW, {
    taskQueue: TASK_QUEUE,
    workflowId: decommissionWorkflowId(input.tenant, input.device_id),
    args: [input],
  });
}

const orders = () => published.records.flatMap((r) => r.commands);

/** The flush order of the last device started, once it is out. */
async function flushOrder() {
  const ours = () => orders().find((c) => c.device_id === `pump-${device}` && c.name === 'millrace.flush');
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

const DONE = ['begin done', 'settle-commands skipped', 'flush done', 'revoke-credentials done', 'complete done'];

test('ends with the device decommissioned, its last data confirmed', async () => {
  const handle = await started();
  await confirm(4711);
  const progress = await handle.result();
  expect(progress).toMatchObject({ outcome: 'decommissioned', last_seq: 4711, can_abandon: false });
  expect(steps(progress)).toEqual(DONE);
  expect(revoked).toMatchObject([{ tenant: 't', device_id: `pump-${device}`, actor: 'ann' }]);
  expect(registry.asked).toEqual(['begin-decommission', 'complete-decommission']);
  expect(registry.state).toBe('decommissioned');
  await record('decommission.done-and-revoked', handle);
});

describe('the worker is killed', () => {
  const effects = ['begin-decommission', 'settle-commands', 'revoke-credentials', 'complete-decommission'];
  const places = effects.flatMap((e) => [`before ${e}`, `after ${e}`]);

  test.each(places)('%s: each step is done, and what the registry decided stands', async (place) => {
    death = place;
    const handle = await started();
    await confirm(4711);
    const progress = await handle.result();
    expect(death).toBe('');
    expect(progress).toMatchObject({ outcome: 'decommissioned', last_seq: 4711 });
    expect(steps(progress)).toEqual(DONE);
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
      ...['begin failed', 'settle-commands waiting', 'flush waiting', 'revoke-credentials waiting', 'complete waiting'],
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
    const ask = registry.ask;
    Object.assign(registry, {
      ask: async (q: RegistryQuestion) => {
        if (q.type === 'complete-decommission') await new Promise<void>((resolve) => (release = resolve));
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

test('a completion the registry refuses fails the workflow, for somebody to see', async () => {
  const handle = await started();
  await flushOrder();
  registry.state = 'active'; // somebody abandoned it past us
  await confirm(1);
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'complete-refused' } });
});
