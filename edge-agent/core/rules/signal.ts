/** Points as rules see them: the value now, how it moves, how long ago it was good. Times are monotonic, ms. */
import { type PointKind } from '../compile/plan';
import { type Reading, type ReadingValue } from '../reading';
import { Window } from './window';

/** What CEL calculates with: int is a bigint, double a number. */
export type CelValue = number | bigint | string | boolean;

/** A value that is not known: CEL's || and && decide without it where they can, everything else becomes unknown too. */
export class Unknown extends Error {}
/** Made once: making an error costs more than evaluating a rule. */
export const UNKNOWN = new Unknown('not known');

export class Signal {
  /** schemas/quality.ts; undefined before the first sample. */
  quality: number | undefined;
  private value: CelValue | undefined;
  private good_at: number | undefined;
  private per_second: number | undefined;
  private last: { readonly at: number; readonly value: number } | undefined;
  private readonly windows: Window[] = [];

  constructor(private readonly kind: PointKind) {}

  get good(): boolean {
    return this.quality !== undefined && this.quality < 64;
  }

  window(span_ms: number): Window {
    const known = this.windows.find((w) => w.span_ms === span_ms);
    if (known) return known;
    const window = new Window(span_ms);
    this.windows.push(window);
    return window;
  }

  take({ value, quality }: Reading, now: number): void {
    this.quality = quality;
    this.value = quality < 64 ? toCel(this.kind, value) : undefined;
    if (this.value === undefined) return;
    this.good_at = now;
    const n = numberOf(this.value);
    if (n === undefined) return;
    for (const w of this.windows) {
      w.slide(now);
      w.add(now, n);
    }
    if (this.last && now > this.last.at) this.per_second = (1_000 * (n - this.last.value)) / (now - this.last.at);
    if (!this.last || now > this.last.at) this.last = { at: now, value: n };
  }

  /** The value when it is good. Throws UNKNOWN. */
  read(): CelValue {
    return known(this.value);
  }

  /** Change per second between the last two good values. Throws UNKNOWN. */
  rate(): number {
    return known(this.good ? this.per_second : undefined);
  }

  /** Seconds since the last good value; infinite when there was none. */
  age(now: number): number {
    return this.good_at === undefined ? Infinity : (now - this.good_at) / 1_000;
  }

  /** As a number, for an alarm's record; undefined when there is none. */
  number(): number | undefined {
    return this.value === undefined ? undefined : numberOf(this.value);
  }
}

export function known<T>(value: T | undefined): T {
  if (value === undefined) throw UNKNOWN;
  return value;
}

function toCel(kind: PointKind, value: ReadingValue): CelValue | undefined {
  switch (kind) {
    case 'text':
      return String(value);
    case 'boolean':
      return value === 1;
    case 'int64':
      return typeof value === 'number' && !Number.isInteger(value) ? undefined : BigInt(value);
    case 'number':
      return Number.isNaN(Number(value)) ? undefined : Number(value);
  }
}

const numberOf = (value: CelValue): number | undefined => (typeof value === 'string' ? undefined : Number(value));
