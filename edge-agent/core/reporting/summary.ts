/** A point over a period of the clock: what is left of its readings when they are not told one by one. Pure. */
import { Quality } from '../../../schemas/quality';
import { type Reading } from '../reading';

/** What is told of a period, as metrics <point>.count and so on. */
export const STATISTICS = ['count', 'mean', 'median', 'min', 'max', 'sum'] as const;
export type Statistic = (typeof STATISTICS)[number];

/** Values kept for an exact median. Beyond it every second one is let go, and the median is marked uncertain. */
export const MAX_MEDIAN_VALUES = 10_000;

export type Tell = (statistic: Statistic, reading: Reading) => void;

interface Period {
  readonly start: number;
  /** Of its first reading. */
  readonly first: number;
  /** Nothing before its first reading can be missing. */
  readonly whole: boolean;
  count: number;
  sum: number;
  /** Neumaier's: what rounding took from the sum. */
  lost: number;
  min: number;
  max: number;
  values: number[];
  /** Every how many values one is kept. */
  stride: number;
}

export class Summary {
  private period: Period | undefined;
  private started = false;

  /** A period whose first reading comes later than `late_ms` after its start, at a start of the agent, is not whole. */
  constructor(
    private readonly period_ms: number,
    private readonly late_ms: number,
  ) {}

  /** Readings of bad quality and infinities do not count, as in SQL; that they came opens the period all the same. */
  add({ at, value, quality }: Reading, tell: Tell): void {
    const start = Math.floor(at / this.period_ms) * this.period_ms;
    // A reading a little late belongs to the period that is open; a clock set back begins another.
    if (this.period && (start > this.period.start || start < this.period.start - this.period_ms)) this.end(tell, false);
    const period = (this.period ??= this.open(start, at));
    const n = typeof value === 'string' ? NaN : Number(value);
    if (quality < 64 && Number.isFinite(n)) take(period, n);
  }

  /** Ends the period when its time is over. */
  tick(now: number, tell: Tell): void {
    if (this.period && now >= this.period.start + this.period_ms) this.end(tell, false);
  }

  /** Ends the period before its time: the agent is stopping. */
  close(tell: Tell): void {
    if (this.period) this.end(tell, true);
  }

  private open(start: number, first: number): Period {
    const whole = this.started || first - start <= this.late_ms;
    this.started = true;
    return {
      ...{ start, first, whole, count: 0, sum: 0, lost: 0, min: Infinity, max: -Infinity },
      ...{ values: [], stride: 1 },
    };
  }

  private end(tell: Tell, early: boolean): void {
    const p = this.period;
    this.period = undefined;
    if (!p) return;
    const at = p.whole ? p.start : p.first;
    const quality = p.whole && !early ? Quality.good : Quality.uncertain;
    tell('count', { at, value: p.count, quality });
    if (p.count === 0) return;
    const sum = p.sum + p.lost;
    tell('mean', { at, value: sum / p.count, quality });
    tell('median', { at, value: median(p.values), quality: p.stride > 1 ? Quality.uncertain : quality });
    tell('min', { at, value: p.min, quality });
    tell('max', { at, value: p.max, quality });
    tell('sum', { at, value: sum, quality });
  }
}

function take(p: Period, n: number): void {
  const sum = p.sum + n;
  p.lost += Math.abs(p.sum) >= Math.abs(n) ? p.sum - sum + n : n - sum + p.sum;
  p.sum = sum;
  p.min = Math.min(p.min, n);
  p.max = Math.max(p.max, n);
  if (p.count++ % p.stride !== 0) return;
  p.values.push(n);
  if (p.values.length < MAX_MEDIAN_VALUES) return;
  p.values = p.values.filter((_, i) => i % 2 === 0);
  p.stride *= 2;
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}
