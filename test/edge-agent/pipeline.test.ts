import { type AdapterSink, type FieldValue, type Sample } from '../../edge-agent/adapter';
import { type AgentPlan, type ConnectionPlan } from '../../edge-agent/core/compile/plan';
import { pointRecords } from '../../edge-agent/core/points';
import { MAX_UNSYNCED_READINGS } from '../../edge-agent/durable';
import { MAX_FRAME_BYTES } from '../../edge-agent/open-frames';
import { Pipeline } from '../../edge-agent/pipeline';
import { Topics } from '../../schemas/topics';
import { MemoryOutbox } from './memory-outbox';
import { planOf } from './plan-of';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };

// The first test reads the schema of profiles, which takes seconds on a busy machine.
jest.setTimeout(30_000);
beforeEach(() => jest.useFakeTimers({ now: 1_000_000 }));
afterEach(() => jest.useRealTimers());

const PROFILE = `
agent: { id: agent-1, tenant: acme, heartbeat_ms: 10000, frame: { max_age_ms: 200, max_readings: 5 } }
connections: [{ name: line, protocol: modbus-tcp, host: h }, { name: other, protocol: modbus-tcp, host: h }]
devices:
  - id: d1
    connection: line
    points:
      - { metric: x, table: holding-register, address: 0, scale: { factor: 0.1 }, unit: Cel }
      - { metric: calm, table: holding-register, address: 1, deadband: 5 }
      - { metric: name, table: holding-register, address: 2, type: string, length: 8 }
      - { metric: count, table: holding-register, address: 10, type: uint64 }
  - { id: d2, connection: line, points: [{ metric: y, table: coil, address: 0 }] }
  - { id: d3, connection: other, points: [{ metric: z, table: coil, address: 0 }] }
`;

class Rig {
  readonly outbox = new MemoryOutbox();
  readonly plan: AgentPlan;
  readonly failures: unknown[] = [];
  readonly pipeline: Pipeline;
  readonly acked: string[] = [];

  constructor(profile = PROFILE) {
    this.plan = planOf(profile);
    this.pipeline = new Pipeline(this.plan, this.outbox, clock, 'boot', (e) => this.failures.push(e));
  }

  sink(name = 'line'): AdapterSink {
    return this.pipeline.sink(this.plan.connections.find((c) => c.name === name) as ConnectionPlan);
  }

  give(samples: readonly Sample[], name = 'batch'): void {
    this.sink().samples({ samples, ack: () => this.acked.push(name) });
  }

  frames(): Record<string, unknown>[] {
    return this.outbox.of(Topics.telemetry.name);
  }
}

const sample = (device: string, metric: string, value: FieldValue, at = Date.now()): Sample => ({
  device,
  metric,
  at,
  value,
  quality: 0,
});

const run = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

test('readings of a device become one frame of engineering values, by age', async () => {
  const rig = new Rig();
  rig.give([sample('d1', 'x', 651), sample('d1', 'name', 'B-7'), sample('d2', 'y', true)]);
  await run(100);
  rig.give([sample('d1', 'x', 652), sample('d1', 'count', 2n ** 60n)]);
  await run(99);
  expect(rig.frames()).toEqual([]);
  await run(2);
  const [d1, d2] = rig.frames();
  expect(d1).toMatchObject({
    tenant: 'acme',
    device_id: 'd1',
    agent_id: 'agent-1',
    seq: 1,
    ts: 1_000_000,
    received_at: 1_000_200,
    series: [{ metric: 'x', dt: [0, 100], value: [65.1, 65.2], quality: [] }],
    text_series: [{ metric: 'name', value: ['B-7'] }],
    int_series: [{ metric: 'count', value: [2n ** 60n] }],
  });
  expect(d2).toMatchObject({ device_id: 'd2', seq: 1, series: [{ metric: 'y', value: [1] }] });
  expect(rig.outbox.kept.map((k) => k.key)).toEqual(['acme/d1', 'acme/d2']);
  expect(rig.outbox.appends).toBe(1);
});

test('a full frame does not wait', async () => {
  const rig = new Rig();
  rig.give(Array.from({ length: 12 }, (_, i) => sample('d1', 'x', i)));
  await run(0);
  expect(rig.frames()).toHaveLength(2);
  await run(200);
  expect(rig.frames().map((f) => (f['series'] as { value: number[] }[])[0]?.value.length)).toEqual([5, 5, 2]);
});

describe('a message with receipts', () => {
  const receipts = new Map([['line/taken', 7]]);

  /** Readings and receipts of each append. */
  const appends = (rig: Rig): unknown[] => {
    const seen: unknown[] = [];
    const append = rig.outbox.append.bind(rig.outbox);
    rig.outbox.append = (records) => {
      const carried = records.map((r) => [r.readings, r.receipts?.get('line/taken')]);
      seen.push(...(carried.length > 0 ? [carried] : []));
      return append(records);
    };
    return seen;
  };
  const several = (count: number): Sample[] => Array.from({ length: count }, (_, i) => sample('d1', 'x', i));

  test.each([
    [
      10,
      [
        [5, undefined],
        [5, 7],
      ],
    ],
    [
      12,
      [
        [5, undefined],
        [5, undefined],
        [2, 7],
      ],
    ],
  ])(
    'of %d readings is one append, whatever its frames, and what is behind it waits no longer',
    async (count, frames) => {
      const rig = new Rig();
      const seen = appends(rig);
      rig.sink().samples({ samples: several(count), receipts, ack: () => rig.acked.push('it') });
      await run(0);
      expect(seen).toEqual([frames]);
      expect(rig.acked).toEqual(['it']);
      await run(1_000);
      expect(rig.frames()).toHaveLength(frames.length);
    },
  );

  test('whose last readings a deadband keeps back, its frame full before them, is one append with its receipts', async () => {
    const rig = new Rig();
    const seen = appends(rig);
    rig.give([sample('d1', 'calm', 1)]);
    const calm = [sample('d1', 'calm', 1), sample('d1', 'calm', 2)];
    rig.sink().samples({ samples: [...several(4), ...calm], receipts, ack: () => undefined });
    await run(1_000);
    expect(seen).toEqual([[[5, 7]]]);
  });

  test('of several devices is one append, also when the frame of one of them is full later', async () => {
    const rig = new Rig();
    const seen = appends(rig);
    const both = [sample('d1', 'x', 1), sample('d2', 'y', true)];
    rig.sink().samples({ samples: both, receipts, ack: () => undefined });
    rig.give([sample('d3', 'z', true)]);
    rig.give(several(4));
    await run(0);
    expect(seen).toEqual([
      [
        [5, undefined],
        [1, 7],
      ],
    ]);
    await run(1_000);
    expect(seen).toHaveLength(2);
  });
});

test('long texts close a frame before it outgrows a record', async () => {
  const rig = new Rig();
  (rig.plan as { frame_readings: number }).frame_readings = 10_000;
  for (let i = 0; i < 100; i++) rig.give([sample('d1', 'name', 'x'.repeat(4_096))]);
  await run(0);
  expect(rig.frames().length).toBeGreaterThan(1);
  const sizes = rig.frames().map((f) => Buffer.byteLength(JSON.stringify(f['text_series'])));
  expect(Math.max(...sizes)).toBeLessThan(MAX_FRAME_BYTES);
});

test('report by exception keeps back what did not move; its batch is acknowledged all the same', async () => {
  const rig = new Rig();
  rig.give([sample('d1', 'calm', 100)], 'first');
  rig.give([sample('d1', 'calm', 103)], 'kept back');
  expect(rig.acked).toEqual(['kept back']);
  rig.give([sample('d1', 'calm', 106)], 'moved');
  await run(201);
  expect(rig.frames()[0]).toMatchObject({ series: [{ metric: 'calm', value: [100, 106] }] });
  expect(rig.acked).toEqual(['kept back', 'first', 'moved']);
  expect(rig.pipeline.stats).toMatchObject({ samples: 3, suppressed: 1, readings: 2, frames: 1 });
});

describe('acknowledgement', () => {
  test('comes after the durable append of every frame that holds a reading of the batch', async () => {
    const rig = new Rig();
    let durable: (() => void) | undefined;
    rig.outbox.hold = new Promise((resolve) => (durable = resolve));
    rig.give([sample('d1', 'x', 1), sample('d2', 'y', false)]);
    await run(5_000);
    expect(rig.acked).toEqual([]);
    durable?.();
    await run(0);
    expect(rig.acked).toEqual(['batch']);
  });

  test('is given once, also when a batch fills several frames', async () => {
    const rig = new Rig();
    rig.give(Array.from({ length: 13 }, (_, i) => sample('d1', 'x', i)));
    await run(500);
    expect(rig.acked).toEqual(['batch']);
  });

  test('a sample of a point nobody knows is counted and holds nothing up', () => {
    const rig = new Rig();
    rig.give([sample('d1', 'nope', 1), sample('nobody', 'x', 1)]);
    expect(rig.acked).toEqual(['batch']);
    expect(rig.pipeline.stats.unknown).toBe(2);
  });
});

describe('an outbox that refuses', () => {
  test('is told once, holds the adapters back, and gets everything in order when it takes again', async () => {
    const rig = new Rig();
    rig.outbox.failure = new Error('disk full');
    rig.give([sample('d1', 'x', 1)], 'a');
    await run(201);
    rig.give([sample('d1', 'x', 2)], 'b');
    await run(3_000);
    expect(rig.failures).toEqual([rig.outbox.failure]);
    let ready = false;
    void rig
      .sink()
      .ready()
      .then(() => (ready = true));
    await run(3_000);
    expect([ready, rig.acked]).toEqual([false, []]);
    rig.outbox.failure = undefined;
    await run(1_001);
    expect([ready, rig.acked]).toEqual([true, ['a', 'b']]);
    expect(rig.frames().map((f) => (f['series'] as { value: number[] }[])[0]?.value[0])).toEqual([0.1, 0.2]);
    expect(rig.pipeline.durable.refusal).toBeUndefined();
  });

  test('fails the close with its error when it still refuses', async () => {
    const rig = new Rig();
    rig.outbox.failure = new Error('disk full');
    rig.give([sample('d1', 'x', 1)]);
    const closing = rig.pipeline.close('stop').catch((e: unknown) => e);
    await run(0);
    expect(await closing).toBe(rig.outbox.failure);
    expect(jest.getTimerCount()).toBe(0);
  });
});

test('adapters wait while more than the bound is not durable', async () => {
  const rig = new Rig();
  (rig.plan as { frame_readings: number }).frame_readings = 1_000;
  const thousand = Array.from({ length: 1_000 }, () => sample('d1', 'x', 1));
  let durable: (() => void) | undefined;
  rig.outbox.hold = new Promise((resolve) => (durable = resolve));
  for (let n = 0; n < MAX_UNSYNCED_READINGS; n += 1_000) rig.give(thousand);
  let ready = false;
  void rig
    .sink()
    .ready()
    .then(() => (ready = true));
  await run(1_000);
  expect(ready).toBe(false);
  durable?.();
  await run(0);
  expect([ready, rig.pipeline.durable.unsynced]).toEqual([true, 0]);
});

describe('sessions', () => {
  const told = (rig: Rig): string[] =>
    rig.outbox
      .of(Topics.sessions.name)
      .map((s) => `${String(s['device_id'])} ${String(s['type'])} ${String(s['seq'])} ${String(s['reason'])}`.trim());

  test('of the agent and of each device, with one sequence for all', async () => {
    const rig = new Rig();
    rig.pipeline.start();
    rig.sink().link({ kind: 'link', state: 'connecting', at: 1 });
    rig.sink().link({ kind: 'link', state: 'connected', at: 2 });
    rig.sink().link({ kind: 'link', state: 'connected', device: 'd1', at: 3 });
    rig.sink('other').link({ kind: 'link', state: 'connected', device: 'd3', at: 3 });
    await run(0);
    expect(told(rig)).toEqual(['agent-1 connect 1', 'd1 connect 2', 'd3 connect 3']);
    rig.sink().link({ kind: 'link', state: 'disconnected', at: 9, reason: 'reset' });
    await run(0);
    expect(told(rig).slice(3)).toEqual(['d1 disconnect 4 reset']);
    const closing = rig.pipeline.close('agent stopped');
    await run(0);
    await closing;
    expect(told(rig).slice(4)).toEqual(['d3 disconnect 5 agent stopped', 'agent-1 disconnect 6 agent stopped']);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('heartbeats while data comes, and for the agent always', async () => {
    const rig = new Rig();
    rig.pipeline.start();
    rig.sink().link({ kind: 'link', state: 'connected', device: 'd1', at: Date.now() });
    rig.sink().link({ kind: 'link', state: 'connected', device: 'd2', at: Date.now() });
    for (let i = 0; i < 60; i++) {
      rig.give([sample('d1', 'x', i)]);
      await run(1_000);
    }
    const beats = told(rig).filter((t) => t.includes('heartbeat'));
    expect(beats.filter((t) => t.startsWith('d1')).length).toBeGreaterThanOrEqual(10);
    expect(beats.filter((t) => t.startsWith('d2'))).toEqual([]);
    expect(beats.filter((t) => t.startsWith('agent-1')).length).toBeGreaterThanOrEqual(10);
  });
});

test('another plan: untouched devices keep their open frame and session, changed ones end theirs', async () => {
  const rig = new Rig();
  const ids = ['d1', 'd2'];
  for (const device of ids) rig.sink().link({ kind: 'link', state: 'connected', device, at: 1 });
  rig.give([sample('d1', 'x', 10), sample('d2', 'y', true)]);
  const next = planOf(PROFILE.replace('metric: y, table: coil, address: 0', 'metric: w, table: coil, address: 5'));
  rig.pipeline.reconfigure(next, new Set(['d2']));
  rig.give([sample('d1', 'x', 20), sample('d2', 'w', true)]);
  await run(201);
  expect(rig.frames().map((f) => [f['device_id'], f['seq']])).toEqual([
    ['d2', 1],
    ['d1', 1],
    ['d2', 2],
  ]);
  expect(rig.frames()[1]).toMatchObject({ series: [{ metric: 'x', value: [1, 2] }] });
  const sessions = rig.outbox.of(Topics.sessions.name).map((s) => `${String(s['device_id'])} ${String(s['type'])}`);
  expect(sessions).toEqual(['d1 connect', 'd2 connect', 'd2 disconnect']);
  expect(rig.acked).toHaveLength(2);
});

test('closing makes open frames durable', async () => {
  const rig = new Rig();
  rig.give([sample('d1', 'x', 10)]);
  await rig.pipeline.close('stop');
  expect(rig.frames()).toHaveLength(1);
  expect(rig.acked).toEqual(['batch']);
});

test('points are published as what they mean', async () => {
  const rig = new Rig();
  await rig.pipeline.publishPoints(pointRecords(rig.plan, 5));
  expect(rig.outbox.kept.map((k) => k.key)).toContain('acme/d1/x');
  expect(rig.outbox.of(Topics.points.name)[0]).toMatchObject({ metric: 'x', kind: 'number', unit: 'Cel', at: 5 });
});

test('readings kept back are told when a rule asks, in frames that the outbox takes', async () => {
  const rig = new Rig(`
agent: { id: agent-1, reporting: { mode: anomalies, before_ms: 3600000 }, frame: { max_readings: 10000 } }
connections: [{ name: line, protocol: modbus-tcp, host: h }]
devices:
  - id: d1
    connection: line
    points: [{ metric: x, table: coil, address: 0 }, { metric: y, table: coil, address: 1 }]
`);
  const now = Date.now();
  for (let i = 0; i < 3_000; i++) rig.give([sample('d1', 'x', true, now + i), sample('d1', 'y', true, now + i)]);
  await run(1_000);
  expect(rig.frames()).toEqual([]);
  rig.pipeline.reportRaw('d1', 'r', ['x', 'y'], true);
  rig.give([sample('d1', 'x', false, now + 3_000)]);
  await run(1_000);
  const counts = rig.frames().map((f) => (f['series'] as { dt: number[] }[]).reduce((n, s) => n + s.dt.length, 0));
  expect(counts.reduce((a, b) => a + b)).toBe(6_001);
  expect(Math.max(...counts) * 162).toBeLessThan(MAX_FRAME_BYTES + 162);
  rig.pipeline.reportRaw('d1', 'r', ['x', 'y'], false);
  rig.give([sample('d1', 'x', false, now + 3_000 + 30_001)]);
  await run(1_000);
  expect(rig.frames()).toHaveLength(counts.length);
});
