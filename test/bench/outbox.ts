/**
 * How much the outbox takes with durability on: appends frames as the pipeline makes them, waits for durability as the
 * pipeline does (never more than a bounded number of readings unsynced), and reads everything back once.
 *
 *   node dist/test/bench/outbox.js [--readings N] [--devices N] [--frame N] [--dir DIR] [--json]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../edge-agent/io/clock';
import { type OutboxRecord } from '../../edge-agent/io/outbox-api';
import { DEFAULT_BOUNDS } from '../../edge-agent/io/outbox/bounds';
import { nodeFs } from '../../edge-agent/io/outbox/fs';
import { type DiskOutbox, openOutbox } from '../../edge-agent/io/outbox/outbox';
import { Encoder } from '../../schemas/codec';
import { type TelemetryFrame } from '../../schemas/generated';
import { deviceKey, Topics } from '../../schemas/topics';

const { values } = parseArgs({
  options: {
    readings: { type: 'string', default: '5000000' },
    devices: { type: 'string', default: '200' },
    frame: { type: 'string', default: '100' },
    dir: { type: 'string', default: tmpdir() },
    json: { type: 'boolean', default: false },
  },
});
const METRICS = [
  'temperature',
  'pressure',
  'flow',
  'level',
  'speed',
  'current',
  'voltage',
  'torque',
  'vibration',
  'ph',
];
/** Frames made before the clock starts, and used over and over with new numbers. */
const POOL_FRAMES = 4_000;
/** As edge-agent/durable.ts. */
const MAX_UNSYNCED_READINGS = 200_000;
/** Frames handed over together. */
const PARCEL = 20;

const encoder = new Encoder('telemetry-frame');

/** A device whose metrics wander a tenth at a time, as sensors do; readings 1 s apart. */
class Device {
  private at = 1_763_720_000_000;
  private readonly levels = METRICS.map((_, i) => 20 + 7 * i);
  constructor(
    readonly id: string,
    private readonly random: () => number,
  ) {}

  frame(readings: number): OutboxRecord {
    const metrics = Math.min(METRICS.length, readings);
    const each = Math.floor(readings / metrics);
    const frame: TelemetryFrame = {
      ...{ tenant: 'default', device_id: this.id, agent_id: 'agent-1', seq: 0, clock_offset_ms: 0 },
      ...{ ts: this.at, received_at: this.at + 5, text_series: [], int_series: [] },
      series: METRICS.slice(0, metrics).map((metric, m) => ({
        metric,
        dt: Array.from({ length: each }, (_, i) => i * 1_000 + Math.floor(this.random() * 4)),
        value: Array.from({ length: each }, () => this.step(m)),
        quality: [],
      })),
    };
    this.at += each * 1_000;
    return {
      ...{ lane: 'telemetry', topic: Topics.telemetry.name, schema: 'telemetry-frame', readings: metrics * each },
      ...{ key: deviceKey('default', this.id), counter: this.id },
      encode: (seq) => {
        frame.seq = seq;
        return encoder.encode(frame);
      },
    };
  }

  private step(m: number): number {
    const next = (this.levels[m] ?? 0) + Math.round((this.random() - 0.5) * 4) / 10;
    return (this.levels[m] = Math.round(next * 10) / 10);
  }
}

function seeded(seed: number): () => number {
  let a = seed;
  return () => {
    a = (Math.imul(a, 1_664_525) + 1_013_904_223) >>> 0;
    return a / 4_294_967_296;
  };
}

function watchRss(): () => number {
  let peak = process.memoryUsage.rss();
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 100);
  return () => {
    clearInterval(timer);
    return Math.max(peak, process.memoryUsage.rss());
  };
}

interface Cost {
  readonly wall_s: number;
  readonly cpu_s: number;
}

async function measured(work: () => Promise<void>): Promise<Cost> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { wall_s: (performance.now() - start) / 1_000, cpu_s: (user + system) / 1e6 };
}

async function write(outbox: DiskOutbox, pool: readonly OutboxRecord[], frames: number): Promise<void> {
  let unsynced = 0;
  let wake: () => void = () => undefined;
  const all: Promise<void>[] = [];
  for (let i = 0; i < frames; i += PARCEL) {
    const at = i % POOL_FRAMES;
    const records = pool.slice(at, at + PARCEL);
    const readings = records.reduce((n, r) => n + r.readings, 0);
    while (unsynced >= MAX_UNSYNCED_READINGS) await new Promise<void>((resolve) => (wake = resolve));
    await outbox.ready();
    unsynced += readings;
    all.push(
      outbox.append(records).then(() => {
        unsynced -= readings;
        wake();
      }),
    );
    if (all.length >= 1_000) await Promise.all(all.splice(0));
  }
  await Promise.all(all);
}

async function read(outbox: DiskOutbox): Promise<number> {
  let readings = 0;
  for (let next = 0; ;) {
    const batch = await outbox.read('telemetry', next, { maxRecords: 20_000, maxBytes: 4 << 20 });
    outbox.release('telemetry');
    if (batch.next === next) return readings;
    for (const record of batch.records) readings += record.readings;
    next = batch.next;
  }
}

async function main(): Promise<void> {
  const [wanted, devices, perFrame] = [Number(values.readings), Number(values.devices), Number(values.frame)];
  const directory = mkdtempSync(join(values.dir, 'millrace-bench-outbox-'));
  const random = seeded(1);
  const fleet = Array.from({ length: devices }, (_, i) => new Device(`device-${i}`, random));
  const pool = Array.from({ length: POOL_FRAMES }, (_, i) => (fleet[i % devices] as Device).frame(perFrame));
  const options = { bounds: DEFAULT_BOUNDS, fs: nodeFs, clock: systemClock, tenant: 'default', agentId: 'agent-1' };
  const open = (): Promise<DiskOutbox> =>
    openOutbox({ directory, ...options, newId: () => 'bench', onEvent: () => undefined });
  try {
    let outbox = await open();
    const peak = watchRss();
    const written = await measured(() => write(outbox, pool, Math.ceil(wanted / perFrame)));
    const { bytes } = outbox.status('telemetry');
    await outbox.close();
    let readings = 0;
    const opened = await measured(async () => void (outbox = await open()));
    const readBack = await measured(async () => void (readings = await read(outbox)));
    await outbox.close();
    report({ readings, devices, perFrame, bytes, written, opened, readBack, rss: peak() });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Result {
  readonly readings: number;
  readonly devices: number;
  readonly perFrame: number;
  readonly bytes: number;
  readonly written: Cost;
  readonly opened: Cost;
  readonly readBack: Cost;
  readonly rss: number;
}

function report(r: Result): void {
  const perSecond = r.readings / r.written.wall_s;
  const figures = {
    bench: 'outbox',
    readings: r.readings,
    devices: r.devices,
    readings_per_frame: r.perFrame,
    write_readings_per_s: Math.round(perSecond),
    write: r.written,
    bytes_per_reading: r.bytes / r.readings,
    open: r.opened,
    read_readings_per_s: Math.round(r.readings / r.readBack.wall_s),
    read: r.readBack,
    rss_mb: Math.round(r.rss / 1e6),
  };
  if (values.json) return console.log(JSON.stringify(figures));
  const cost = (c: Cost): string => `${c.wall_s.toFixed(2)} s wall, ${c.cpu_s.toFixed(2)} CPU-s`;
  console.log(
    `outbox: ${r.readings} readings, ${r.devices} devices, ${r.perFrame} readings a frame, durable before acknowledged`,
  );
  console.log(
    `  write ${figures.write_readings_per_s} readings/s (${cost(r.written)}), ${figures.bytes_per_reading.toFixed(2)} bytes a reading on disk`,
  );
  console.log(`  open  ${cost(r.opened)}`);
  console.log(`  read  ${figures.read_readings_per_s} readings/s (${cost(r.readBack)}); peak RSS ${figures.rss_mb} MB`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
