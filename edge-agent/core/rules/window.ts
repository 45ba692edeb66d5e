/** The good values of one point over the last while: sliding, bounded. No clock: times are given, monotonic, ms. */

/** Samples one window may hold; what comes beyond it pushes the oldest out. */
export const MAX_WINDOW_SAMPLES = 5_000;

export class Window {
  private readonly times: number[] = [];
  private readonly values: number[] = [];
  /** The same values in order, so that median, least and greatest are a look-up. */
  private readonly sorted: number[] = [];
  /** Entries at the front that are over: cut off now and then, not one by one. */
  private over = 0;

  constructor(readonly span_ms: number) {}

  add(at: number, value: number): void {
    if (this.count >= MAX_WINDOW_SAMPLES) this.dropOldest();
    this.times.push(at);
    this.values.push(value);
    this.sorted.splice(place(this.sorted, value), 0, value);
  }

  /** Lets go of what is older than the span. */
  slide(now: number): void {
    while (this.count > 0 && (this.times[this.over] ?? 0) < now - this.span_ms) this.dropOldest();
  }

  get count(): number {
    return this.sorted.length;
  }

  get min(): number | undefined {
    return this.sorted[0];
  }

  get max(): number | undefined {
    return this.sorted.at(-1);
  }

  /** Added up anew each time: a running sum would keep the rounding of values long gone. */
  get mean(): number | undefined {
    let sum = 0;
    for (let i = this.over; i < this.values.length; i++) sum += this.values[i] ?? 0;
    return this.count === 0 ? undefined : sum / this.count;
  }

  /** Of an even count the mean of the middle two, as in SQL. */
  get median(): number | undefined {
    const middle = this.count / 2;
    const high = this.sorted[Math.floor(middle)];
    const low = this.sorted[Math.ceil(middle) - 1];
    return high === undefined || low === undefined ? undefined : (low + high) / 2;
  }

  /** Change per second from the first to the last sample; undefined until they are apart. */
  get rate(): number | undefined {
    const elapsed_ms = (this.times.at(-1) ?? 0) - (this.times[this.over] ?? 0);
    const change = (this.values.at(-1) ?? 0) - (this.values[this.over] ?? 0);
    return elapsed_ms > 0 ? (1_000 * change) / elapsed_ms : undefined;
  }

  private dropOldest(): void {
    const value = this.values[this.over] ?? 0;
    this.sorted.splice(place(this.sorted, value), 1);
    this.over++;
    if (this.over < MAX_WINDOW_SAMPLES / 4 && this.over < this.times.length) return;
    this.times.splice(0, this.over);
    this.values.splice(0, this.over);
    this.over = 0;
  }
}

/** First place at which `value` keeps the order. */
function place(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
