/** One command to many devices, and an image to many in stages, with time skipped. */
import { type WorkflowHandle } from '@temporalio/client';
import { type Order } from '../../services/domain/campaign';
import {
  CAMPAIGN_WORKFLOW,
  type CampaignInput,
  campaignQuery,
  campaignWorkflowId,
  orderUpdate,
} from '../../workflows/campaign/messages';
import { type campaign } from '../../workflows/campaign/workflow';
import { isOpen, type Target, type TimeWindow } from '../../services/domain/batch';
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
const names: string[] = [];
const steps: string[] = [];
/** When each device's last order was issued, by the clock of the server. */
const issuedAt = new Map<string, number>();

beforeAll(async () => {
  skipping = await startSkipping({
    async publish({ commands }) {
      for (const c of commands) {
        if (c.name === 'millrace.cancel') continue;
        names.push(`${c.name} ${c.device_id}`);
        sent.push(c.device_id);
        issuedAt.set(c.device_id, c.issued_at);
        const state = c.name === 'millrace.update-rollback' ? 'executed' : answers(c.device_id);
        if (state) await answer(c, state);
      }
    },
    askRegistry: () => Promise.reject(new Error('not here')),
    settleCommands: () => Promise.resolve([]),
    revokeCredentials: () => Promise.resolve(),
    findTargets: () => Promise.resolve({ targets, skipped: 1 }),
    publishCampaign: ({ fact }) => Promise.resolve(void steps.push(`${fact.type} ${fact.stage}`)),
  });
});
afterAll(() => skipping?.stop());
beforeEach(() => {
  [sent, names, steps].forEach((list) => list.splice(0));
  issuedAt.clear();
});

function answer(
  c: { tenant: string; command_id: string; agent_id: string; issued_at: number },
  state: 'verified' | 'failed' | 'executed',
) {
  const handle = skipping.env.client.workflow.getHandle(commandWorkflowId(c.tenant, c.command_id));
  const told = { result: '{"verifiable":false}' };
  return handle.signal(commandEventsSignal, [report(c as unknown as CommandInput, state, told)]);
}

let n = 0;
async function started(devices: number, limits: BatchInput['limits'], of: Partial<BatchInput> = {}) {
  targets = Array.from({ length: devices }, (_, i) => ({ device_id: `d${i}`, agent_id: 'a1', needs_approval: false }));
  const input: BatchInput = {
    ...{ tenant: 't', filter: { model: 'm' }, name: 'set-setpoint', args: '{"value":1}', qos: 1 },
    ...{ timeout_ms: 60_000, approvals: [], limits, actor: 'ann', ...of },
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

test('what ends soon makes no room for more a second than the rate allows, nor before its pause is over', async () => {
  answers = () => 'verified';
  const before = await skipping.env.currentTimeMs();
  const handle = await started(6, { rate_per_s: 2, in_flight: 2 });
  await handle.result();
  const between = await skipping.env.currentTimeMs();
  expect(between - before).toBeGreaterThanOrEqual(2_000);
  await (await started(4, { rate_per_s: 2, in_flight: 2, pause_ms: 60_000 })).result();
  expect((await skipping.env.currentTimeMs()) - between).toBeGreaterThanOrEqual(180_000);
  await record('batch.rate-kept', handle);
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
  const handle = await started(25, { rate_per_s: 100, in_flight: 200 }, { per_run: 10 });
  const result = await handle.result();
  expect(result.ended).toEqual({ verified: 25 });
  expect(new Set(sent).size).toBe(25);
});

describe('a campaign', () => {
  const HOUR_MS = 3_600_000;
  const stages = [10, 50, 100].map((percent) => ({ percent, soak_ms: percent === 100 ? 0 : HOUR_MS }));

  async function begun(devices: number, of: Partial<CampaignInput> = {}, zones: readonly string[] = []) {
    targets = Array.from({ length: devices }, (_, i) => ({
      ...{ device_id: `d${i}`, agent_id: 'a1', needs_approval: false },
      ...(zones.length > 0 && { time_zone: zones[i % zones.length] ?? 'UTC' }),
    }));
    const input: CampaignInput = {
      ...{
        campaign_id: `k${++n}`,
        tenant: 't',
        filter: { model: 'm' },
        manifest: '{}',
        sha256: 'ab',
        version: '2.0',
        stages,
      },
      ...{ failure_percent: 20, roll_back_when_halted: true, limits: { rate_per_s: 100, in_flight: 50 } },
      ...{ device_timeout_ms: 600_000, actor: 'ann', ...of },
    };
    return skipping.env.client.workflow.start<typeof campaign>(CAMPAIGN_WORKFLOW, {
      taskQueue: TASK_QUEUE,
      workflowId: campaignWorkflowId('t', input.campaign_id),
      args: [input],
    });
  }
  const order = (handle: WorkflowHandle<typeof campaign>, what: Order) =>
    handle.executeUpdate(orderUpdate, { args: [{ order: what, actor: 'bob', reason: 'because' }] });
  const phase = (handle: WorkflowHandle<typeof campaign>, wanted: string) =>
    until(async () => (await handle.query(campaignQuery)).phase === wanted, 30_000);
  const asked = (name: string) => names.filter((s) => s.startsWith(`${name} `)).map((s) => s.split(' ')[1]);

  test('goes stage by stage, soaks in between, and has every device once', async () => {
    answers = () => 'verified';
    const before = await skipping.env.currentTimeMs();
    // Some fit the filter, and it is not for them.
    const only = Array.from({ length: 20 }, (_, i) => `d${i}`);
    const handle = await begun(25, { only });
    const result = await handle.result();
    expect(result).toMatchObject({ phase: 'done', devices: 20 });
    expect(result.stages.map((s) => s.succeeded)).toEqual([2, 8, 10]);
    expect([new Set(sent).size, asked('millrace.update').length]).toEqual([20, 20]);
    expect((await skipping.env.currentTimeMs()) - before).toBeGreaterThanOrEqual(2 * HOUR_MS);
    expect(steps).toEqual([
      ...[
        'begun 0',
        'stage-begun 1',
        'stage-ended 1',
        'stage-begun 2',
        'stage-ended 2',
        'stage-begun 3',
        'stage-ended 3',
      ],
      'done 0',
    ]);
    await record('campaign.done', handle);
  });

  test('a bad image halts in the first stage, and every device that had it goes back', async () => {
    answers = () => 'failed';
    const handle = await begun(50);
    const result = await handle.result();
    expect(result).toMatchObject({ phase: 'rolled-back', stages: [{ stage: 1, state: 'halted' }] });
    const updated = asked('millrace.update');
    expect(updated.length).toBeLessThanOrEqual(5);
    expect(asked('millrace.update-rollback').sort()).toEqual(updated.sort());
    expect(result.rollback).toEqual({ devices: updated.length, succeeded: updated.length, failed: 0 });
    await record('campaign.bad-image', handle);
  });

  test('halted, it waits for an order: retry asks the failed ones and the rest again', async () => {
    let broken = true;
    answers = () => (broken ? 'failed' : 'verified');
    const handle = await begun(20, { roll_back_when_halted: false });
    await phase(handle, 'halted');
    await expect(order(handle, 'pause')).rejects.toMatchObject({ cause: { message: expect.stringMatching(/halted/) } });
    broken = false;
    await order(handle, 'retry');
    expect(await handle.result()).toMatchObject({ phase: 'done' });
    await record('campaign.retried', handle);
  });

  test('paused in its soak it begins nothing, resumed it goes on, aborted it leaves devices as they are', async () => {
    answers = () => 'verified';
    const handle = await begun(20, { stages: stages.map((s) => ({ ...s, soak_ms: 1_000 * HOUR_MS })) });
    await until(() => Promise.resolve(steps.includes('stage-ended 1')), 30_000);
    await order(handle, 'pause');
    expect(steps.at(-1)).toBe('paused 1');
    await order(handle, 'resume');
    await order(handle, 'abort');
    expect(await handle.result()).toMatchObject({ phase: 'aborted' });
    expect(sent).toHaveLength(2);
    await record('campaign.aborted', handle);
  });

  describe('within hours', () => {
    // Where it is night in one of them it is day in the other.
    const zones = ['Asia/Tokyo', 'America/New_York'];
    const window: TimeWindow = { from: '22:00', to: '05:00', time_zone: 'UTC' };
    const all = { window, stages: [{ percent: 100, soak_ms: 0 }] };
    const zoneAt = (device: string): string => zones[Number(device.slice(1)) % 2] ?? '';

    test('each device is begun in its own night', async () => {
      answers = () => 'verified';
      const handle = await begun(6, all, zones);
      expect(await handle.result()).toMatchObject({ phase: 'done', stages: [{ succeeded: 6 }] });
      expect(new Set(sent).size).toBe(6);
      for (const [device, at] of issuedAt) expect([device, isOpen(window, zoneAt(device), at)]).toEqual([device, true]);
      await record('campaign.within-hours', handle);
    });

    test('those it never came to are left alone when it goes back', async () => {
      answers = () => 'failed';
      const handle = await begun(6, all, zones);
      expect(await handle.result()).toMatchObject({ phase: 'rolled-back' });
      const updated = asked('millrace.update');
      expect(new Set(updated.map((d) => zoneAt(d ?? ''))).size).toBe(1);
      expect(asked('millrace.update-rollback').sort()).toEqual(updated.sort());
    });
  });

  test('rolled back on order while it runs', async () => {
    answers = () => undefined;
    const handle = await begun(20);
    await until(() => Promise.resolve(sent.length === 2), 30_000);
    await order(handle, 'roll-back');
    const result = await handle.result();
    expect(result).toMatchObject({ phase: 'rolled-back', rollback: { devices: 2, succeeded: 2, failed: 0 } });
  });
});
