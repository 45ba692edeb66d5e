/** One command to many devices, with time skipped. */
import { type Target } from '../../services/domain/batch';
import {
  BATCH_WORKFLOW,
  type BatchInput,
  batchQuery,
  batchWorkflowId,
  stopBatchSignal,
} from '../../workflows/batch/messages';
import { type batch } from '../../workflows/batch/workflow';
import { commandEventsSignal, type CommandInput, commandWorkflowId } from '../../workflows/command/messages';
import { TASK_QUEUE } from '../../workflows/shared/messages';
import { record } from './support/recording';
import { report, type Skipping, startSkipping } from './support/skipping';
import { until } from './support/until';

jest.setTimeout(60_000);

let skipping: Skipping;
let targets: readonly Target[] = [];
/** How each device answers; undefined: not at all. */
let answers: (device: string) => 'verified' | 'failed' | undefined = () => 'verified';
const sent: string[] = [];

beforeAll(async () => {
  skipping = await startSkipping({
    async publish({ commands }) {
      for (const c of commands) {
        if (c.name === 'millrace.cancel') continue;
        sent.push(c.device_id);
        const state = answers(c.device_id);
        if (state) await answer(c, state);
      }
    },
    askRegistry: () => Promise.reject(new Error('not here')),
    settleCommands: () => Promise.resolve([]),
    findTargets: () => Promise.resolve({ targets, skipped: 1 }),
  });
});
afterAll(() => skipping?.stop());
beforeEach(() => void sent.splice(0));

function answer(
  c: { tenant: string; command_id: string; agent_id: string; issued_at: number },
  state: 'verified' | 'failed',
) {
  const handle = skipping.env.client.workflow.getHandle(commandWorkflowId(c.tenant, c.command_id));
  return handle.signal(commandEventsSignal, [report(c as unknown as CommandInput, state)]);
}

let n = 0;
async function started(devices: number, limits: BatchInput['limits']) {
  targets = Array.from({ length: devices }, (_, i) => ({ device_id: `d${i}`, agent_id: 'a1', needs_approval: false }));
  const input: BatchInput = {
    ...{ tenant: 't', filter: { model: 'm' }, name: 'set-setpoint', args: '{"value":1}', qos: 1 },
    ...{ timeout_ms: 60_000, approvals: [], limits, actor: 'ann' },
  };
  return skipping.env.client.workflow.start<typeof batch>(BATCH_WORKFLOW, {
    taskQueue: TASK_QUEUE,
    workflowId: batchWorkflowId('t', `b${++n}`),
    args: [input],
  });
}

test('each device is sent to once, at the rate, and the outcomes are counted', async () => {
  answers = (d) => (d === 'd3' ? 'failed' : 'verified');
  const begun = await skipping.env.currentTimeMs();
  const handle = await started(12, { rate_per_s: 5, in_flight: 10 });
  const result = await handle.result();
  expect([...sent].sort()).toEqual(targets.map((t) => t.device_id).sort());
  expect(result).toMatchObject({ targets: 12, skipped: 1, waiting: 0, over: true, failed: 1 });
  expect(result.ended).toEqual({ verified: 11, failed: 1 });
  expect(result.failures).toEqual([{ device_id: 'd3', state: 'failed', detail: '' }]);
  // 5, 5 and 2: two pauses of a second.
  expect((await skipping.env.currentTimeMs()) - begun).toBeGreaterThanOrEqual(2_000);
  await record('batch.done', handle);
});

test('too many failures stop it', async () => {
  answers = () => 'failed';
  const handle = await started(30, { rate_per_s: 2, in_flight: 2, stop_after_failures: 3 });
  const result = await handle.result();
  expect(sent.length).toBeLessThanOrEqual(5);
  expect(result).toMatchObject({ over: true, stopped: expect.stringContaining('ended badly') });
  await record('batch.stopped-by-failures', handle);
});

test('devices that never answer are known as unknown, and hold up nobody for longer than their deadline', async () => {
  answers = (d) => (d === 'd0' ? undefined : 'verified');
  const handle = await started(4, { rate_per_s: 1, in_flight: 1 });
  expect(await handle.result()).toMatchObject({ ended: { 'outcome-unknown': 1, verified: 3 }, failed: 1 });
});

test('stopped by a person: nothing more is begun, what is under way is asked to cancel', async () => {
  answers = () => undefined;
  const handle = await started(10, { rate_per_s: 1, in_flight: 2 });
  await until(() => Promise.resolve(sent.length > 0), 20_000);
  await handle.signal(stopBatchSignal, { actor: 'bob', reason: 'enough' });
  const result = await handle.result();
  expect(result.stopped).toBe('stopped by bob: enough');
  expect(result.waiting).toBeGreaterThanOrEqual(8);
  expect((await handle.query(batchQuery)).over).toBe(true);
  await record('batch.stopped-by-hand', handle);
});

test('more than one run takes on go over several, and none is sent to twice', async () => {
  answers = () => 'verified';
  const handle = await started(520, { rate_per_s: 100, in_flight: 200 });
  const result = await handle.result();
  expect(result.ended).toEqual({ verified: 520 });
  expect(new Set(sent).size).toBe(520);
});
