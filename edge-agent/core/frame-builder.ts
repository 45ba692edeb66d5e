/** Readings of one device gathered into one telemetry frame. No clock, no I/O. */
import { type IntSeries, type Series, type TelemetryFrame, type TextSeries } from '../../schemas/generated';
import { type Reading } from './reading';

/** dt, value and quality of one reading, and its share of a metric's name when it is the only one. */
const READING_BYTES = 10 + 10 + 2 + 140;

interface Column<V> {
  metric: string;
  dt: number[];
  value: V[];
  quality: number[];
}

export interface FrameOwner {
  readonly tenant: string;
  readonly device_id: string;
  readonly agent_id: string;
}

export class FrameBuilder {
  private ts = 0;
  private count = 0;
  private size = 0;
  private numbers = new Map<string, Column<number>>();
  private texts = new Map<string, Column<string>>();
  private integers = new Map<string, Column<bigint>>();

  constructor(private readonly owner: FrameOwner) {}

  get readings(): number {
    return this.count;
  }

  /** Bytes of the frame encoded, at most. */
  get bytes(): number {
    return this.size;
  }

  add(metric: string, { at, value, quality }: Reading): void {
    if (this.count === 0) this.ts = at;
    this.count++;
    this.size += READING_BYTES + (typeof value === 'string' ? 3 * value.length : 0);
    if (typeof value === 'number') push(this.numbers, metric, at - this.ts, value, quality);
    else if (typeof value === 'string') push(this.texts, metric, at - this.ts, value, quality);
    else push(this.integers, metric, at - this.ts, value, quality);
  }

  /** The frame so far, its `seq` and `received_at` still 0; the builder is empty afterwards. */
  take(): TelemetryFrame {
    const frame: TelemetryFrame = {
      tenant: this.owner.tenant,
      device_id: this.owner.device_id,
      agent_id: this.owner.agent_id,
      seq: 0,
      ts: this.ts,
      received_at: 0,
      clock_offset_ms: 0,
      series: columns(this.numbers) satisfies Series[],
      text_series: columns(this.texts) satisfies TextSeries[],
      int_series: columns(this.integers) satisfies IntSeries[],
    };
    this.count = 0;
    this.size = 0;
    this.numbers = new Map();
    if (this.texts.size > 0) this.texts = new Map();
    if (this.integers.size > 0) this.integers = new Map();
    return frame;
  }
}

function push<V>(into: Map<string, Column<V>>, metric: string, dt: number, value: V, quality: number): void {
  const column = into.get(metric);
  if (!column) {
    into.set(metric, { metric, dt: [dt], value: [value], quality: [quality] });
    return;
  }
  column.dt.push(dt);
  column.value.push(value);
  column.quality.push(quality);
}

/** An empty quality array means that all are good: most frames carry none. */
function columns<V>(map: Map<string, Column<V>>): Column<V>[] {
  const list = [...map.values()];
  for (const column of list) if (column.quality.every((q) => q === 0)) column.quality = [];
  return list;
}
