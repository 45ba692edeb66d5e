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

/** Numbers of one row: column, dt, value, quality. */
const ROW = 4;

/**
 * Readings of numbers as they came, in one array that stays when a frame is taken: at thousands of readings a second, arrays
 * made anew for each are what keeps the collector busy.
 */
class NumberRows {
  private rows = new Float64Array(ROW);
  private count = 0;
  private good = true;
  private readonly names: string[] = [];
  private readonly columns = new Map<string, number>();

  push(metric: string, dt: number, value: number, quality: number): void {
    const at = ROW * this.count++;
    if (at === this.rows.length) this.grow();
    this.rows[at] = this.columns.get(metric) ?? this.newColumn(metric);
    this.rows[at + 1] = dt;
    this.rows[at + 2] = value;
    this.rows[at + 3] = quality;
    if (quality !== 0) this.good = false;
  }

  /** By metric, in the order of their first readings. */
  take(): Series[] {
    const { rows, good, names } = this;
    const made = new Map<number, Series>();
    for (let at = 0; at < ROW * this.count; at += ROW) {
      const [column = 0, dt = 0, value = 0, quality = 0] = [rows[at], rows[at + 1], rows[at + 2], rows[at + 3]];
      const series = made.get(column);
      if (!series)
        made.set(column, { metric: names[column] ?? '', dt: [dt], value: [value], quality: good ? [] : [quality] });
      else {
        series.dt.push(dt);
        series.value.push(value);
        if (!good) series.quality.push(quality);
      }
    }
    this.count = 0;
    this.good = true;
    return withoutGood([...made.values()]);
  }

  private newColumn(metric: string): number {
    this.columns.set(metric, this.names.length);
    return this.names.push(metric) - 1;
  }

  private grow(): void {
    const rows = this.rows;
    this.rows = new Float64Array(2 * rows.length);
    this.rows.set(rows);
  }
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
  private readonly numbers = new NumberRows();
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
    if (typeof value === 'number') this.numbers.push(metric, at - this.ts, value, quality);
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
      series: this.numbers.take(),
      text_series: columns(this.texts) satisfies TextSeries[],
      int_series: columns(this.integers) satisfies IntSeries[],
    };
    this.count = 0;
    this.size = 0;
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

const columns = <V>(map: Map<string, Column<V>>): Column<V>[] => withoutGood([...map.values()]);

/** An empty quality array means that all are good: most frames carry none. */
function withoutGood<C extends { quality: number[] }>(list: C[]): C[] {
  for (const column of list) if (column.quality.every((q) => q === 0)) column.quality = [];
  return list;
}
