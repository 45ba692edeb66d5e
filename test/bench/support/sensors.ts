/** Frames as an agent makes them, from sensors whose values wander. */
import { type OutboxRecord } from '../../../edge-agent/io/outbox-api';
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
