/**
 * Which sequence numbers of one device were taken: a window of the newest, as ranges. Pure.
 * What lies below the window cannot be told from new any more, and is refused rather than dropped or doubled.
 */

/** Numbers below the highest that are remembered one by one. */
export const WINDOW = 4_096;
/** Ranges that are kept; a device that skips numbers all the time has a shorter window. */
const MAX_RANGES = 256;

export type Range = readonly [from: number, to: number];
export type Verdict = 'new' | 'again' | 'too-old';

export class Sequence {
  /** Ascending, apart from each other by at least one number. */
  private ranges: Range[];
  private floor: number;

  constructor(ranges: readonly Range[] = [], floor = 0) {
    this.ranges = [...ranges];
    this.floor = floor;
  }

  judge(seq: number): Verdict {
    if (seq < this.floor) return 'too-old';
    return this.ranges.some(([from, to]) => seq >= from && seq <= to) ? 'again' : 'new';
  }

  add(seq: number): void {
    if (this.judge(seq) !== 'new') return;
    const below = this.ranges.filter(([, to]) => to < seq);
    const above = this.ranges.slice(below.length);
    let [from, to] = [seq, seq];
    if (below.at(-1)?.[1] === seq - 1) from = below.pop()?.[0] ?? seq;
    if (above[0]?.[0] === seq + 1) to = above.shift()?.[1] ?? seq;
    this.ranges = [...below, [from, to], ...above];
    this.forget();
  }

  /** Numbers that follow each other, both ends included; of more than WINDOW only the newest count. */
  addRange(from: number, to: number): void {
    for (let n = Math.max(from, to - WINDOW + 1); n <= to; n++) this.add(n);
  }

  snapshot(): { readonly ranges: readonly Range[]; readonly floor: number } {
    return { ranges: this.ranges, floor: this.floor };
  }

  private forget(): void {
    const top = this.ranges.at(-1)?.[1] ?? 0;
    this.floor = Math.max(this.floor, top - WINDOW + 1);
    while (this.ranges.length > MAX_RANGES) this.floor = (this.ranges.shift()?.[1] ?? 0) + 1;
    this.ranges = this.ranges.flatMap(([from, to]): Range[] =>
      to < this.floor ? [] : [[Math.max(from, this.floor), to]],
    );
  }
}
