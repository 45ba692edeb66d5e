/** Anomalies and hourly summaries only: how many bytes are saved, and that the anomaly is there whole. */
import { type AgentPlan, type ConnectionPlan } from '../../edge-agent/core/compile/plan';
import { LocalControl } from '../../edge-agent/io/control/control';
import { NO_STATE } from '../../edge-agent/io/control/state-file';
import { type OutboxRecord } from '../../edge-agent/io/outbox-api';
import { Pipeline } from '../../edge-agent/pipeline';
import { Topics } from '../../schemas/topics';
import { MemoryOutbox } from './memory-outbox';
import { planOf } from './plan-of';

beforeEach(() => jest.useFakeTimers({ now: Date.UTC(2026, 0, 5) }));
afterEach(() => jest.useRealTimers());

const HOUR_MS = 3_600_000;

/** A pump station as in the published deployment: pressure deviation beyond 10 PSI shuts the valve. */
const profile = (reporting: string, frame: string): string => `
agent: { id: station-agent, tenant: acme, heartbeat_ms: 3600000, frame: ${frame}, ${reporting} }
connections: [{ name: line, protocol: modbus-rtu-over-tcp, host: h }]
devices:
  - id: station-1
    connection: line
    scan_ms: 1000
    points:
      - { metric: pressure, table: input-register, address: 0, type: float32, unit: '[psi]' }
      - { metric: flow, table: input-register, address: 2, type: float32, unit: m3/h }
      - { metric: vibration, table: input-register, address: 4, type: float32, unit: mm/s }
      - { metric: valve, table: coil, address: 0, writable: true, deadband: 0, reporting: { summary_ms: 0 } }
    rules:
      - name: deviation
        when: abs(pressure - median(pressure, 600)) > 10.0
        then: [{ alarm: deviation, priority: 1 }, { report: [pressure, flow, vibration] }]
`;
const SPARING = 'reporting: { mode: anomalies, summary_ms: 3600000, before_ms: 60000, after_ms: 30000 }';
/** As the agent ships by default, and packed as tightly as it can be. */
const DEFAULT_FRAMES = '{ max_age_ms: 250 }';
const PACKED_FRAMES = '{ max_age_ms: 60000, max_readings: 10000 }';

class CountingOutbox extends MemoryOutbox {
  bytes = 0;
  override append(records: readonly OutboxRecord[]): Promise<readonly number[]> {
    for (const r of records) this.bytes += r.encode(1).length + r.key.length;
    return super.append(records);
  }
}

const noise = (t: number, scale: number): number => Math.fround(scale * Math.sin(t * 12.9898) * Math.cos(t * 78.233));

interface Run {
  readonly outbox: CountingOutbox;
  /** Seconds from the start at which the pressure was wrong. */
  readonly anomaly: readonly [number, number];
}

async function run(plan: AgentPlan, hours: number): Promise<Run> {
  const outbox = new CountingOutbox();
  const clock = { now: () => Date.now(), monotonic: () => Date.now(), sleep: () => Promise.resolve() };
  const fail = (e: unknown): never => {
    throw e;
  };
  const pipeline = new Pipeline(plan, outbox, clock, 'b', fail);
  const control = new LocalControl({
    ...{ plan, boot: 'b', clock, state: NO_STATE, file: { save: () => Promise.resolve() } },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    field: () => undefined,
    report: (d, m, r) => pipeline.report(d, m, r),
    reporting: (rule, on) => pipeline.reportRaw(rule.device, rule.id, rule.report, on),
    submit: (records, done) => pipeline.durable.submit(records, done),
  });
  pipeline.watch(control);
  pipeline.start();
  control.start();
  const sink = pipeline.sink(plan.connections[0] as ConnectionPlan);
  sink.link({ kind: 'link', device: 'station-1', state: 'connected', at: Date.now() });
  const from = Math.floor((hours / 2) * 3_600) + 1_234;
  const anomaly = [from, from + 120] as const;
  for (let t = 0; t < hours * 3_600; t++) {
    const wrong = t >= anomaly[0] && t < anomaly[1] ? 15 : 0;
    const at = Date.now();
    const all = { pressure: 800 + noise(t, 2) + wrong, flow: 120 + noise(t + 1, 3), vibration: 2 + noise(t + 2, 0.2) };
    const samples = Object.entries({ ...all, valve: true }).map(([metric, value]) => {
      return { device: 'station-1', metric, at, value, quality: 0 };
    });
    sink.samples({ samples, ack: () => undefined });
    await jest.advanceTimersByTimeAsync(1_000);
  }
  await control.close();
  await pipeline.close('over');
  return { outbox, anomaly };
}

function readings(outbox: MemoryOutbox, metric: string): Map<number, number> {
  const found = new Map<number, number>();
  for (const frame of outbox.of(Topics.telemetry.name)) {
    const { ts, series } = frame as unknown as {
      ts: number;
      series: { metric: string; dt: number[]; value: number[] }[];
    };
    for (const s of series.filter((x) => x.metric === metric))
      s.dt.forEach((dt, i) => found.set(ts + dt, s.value[i] ?? NaN));
  }
  return found;
}

test('at least 99.5 % fewer bytes, the anomaly complete with what was before and after', async () => {
  const hours = 8;
  const start = Date.now();
  const sparing = await run(planOf(profile(SPARING, PACKED_FRAMES)), hours);
  jest.setSystemTime(start);
  const raw = await run(planOf(profile('path: plant', DEFAULT_FRAMES)), 1);
  const packed = await run(planOf(profile('path: plant', PACKED_FRAMES)), 1);
  const saved = (r: Run): number => 1 - sparing.outbox.bytes / (r.outbox.bytes * hours);
  expect(saved(raw)).toBeGreaterThan(0.995);
  expect(saved(packed)).toBeGreaterThan(0.98);
  for (const metric of ['pressure', 'flow', 'vibration']) {
    const told = readings(sparing.outbox, metric);
    const [from, to] = sparing.anomaly;
    for (let t = from - 60; t < to + 30; t++) expect(told.has(start + t * 1_000)).toBe(true);
    expect(told.size).toBeLessThan(230);
    expect(readings(sparing.outbox, `${metric}.median`).size).toBe(hours);
  }
  expect(readings(sparing.outbox, 'pressure.count').get(start + HOUR_MS)).toBe(3_600);
  expect(sparing.outbox.of(Topics.alarms.name).map((a) => a['active'])).toEqual([true, false]);
}, 900_000); // pure computing, which may get little of the processors
