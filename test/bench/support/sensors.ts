/** Frames as an agent makes them, from sensors whose values wander. */
import { type OutboxRecord } from '../../../edge-agent/io/outbox-api';
import { type DiskOutbox } from '../../../edge-agent/io/outbox/outbox';
import { Encoder } from '../../../schemas/codec';
import { type TelemetryFrame } from '../../../schemas/generated';
import { deviceKey, Topics } from '../../../schemas/topics';

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
export class Device {
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

export function seeded(seed: number): () => number {
  let a = seed;
  return () => {
    a = (Math.imul(a, 1_664_525) + 1_013_904_223) >>> 0;
    return a / 4_294_967_296;
  };
}

/** Frames of all devices in turn. */
export const pooled = (fleet: readonly Device[], perFrame: number): OutboxRecord[] =>
  Array.from({ length: POOL_FRAMES }, (_, i) => (fleet[i % fleet.length] as Device).frame(perFrame));

export type Sink = Pick<DiskOutbox, 'append' | 'ready'>;

/** Appends frames from the pool, over and over, as durable.ts does: never more than a bounded number of readings unsynced. */
export async function write(outbox: Sink, pool: readonly OutboxRecord[], frames: number): Promise<void> {
  let unsynced = 0;
  let wake: () => void = () => undefined;
  const all: Promise<void>[] = [];
  for (let i = 0; i < frames; i += PARCEL) {
    const at = i % pool.length;
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

export const fill = (outbox: Sink, fleet: readonly Device[], frames: number, perFrame: number): Promise<void> =>
  write(outbox, pooled(fleet, perFrame), frames);
