/**
 * What simulated devices were acknowledged for: the number of each message, which is its metric `count` too. Kept as ranges,
 * because devices count by ones, and written to a file, so that whoever compares it with SQL need not ask the plant.
 */
import { renameSync, writeFileSync } from 'node:fs';

/** Told of every numbered message that was acknowledged, once or more. */
export type Acknowledged = (device: string, count: number) => void;

export type Range = readonly [from: number, to: number];
/** By device; ranges ascend and do not touch. */
export type Acknowledgements = Readonly<Record<string, readonly Range[]>>;

/** How often the file is written, ms. */
const WRITE_MS = 500;
/** A device that skips this often is not one that counts by ones. */
const MAX_RANGES = 10_000;

/** The ranges with one number more. Pure. */
export function withNumber(ranges: readonly Range[], n: number): Range[] {
  const below = ranges.filter(([, to]) => to < n - 1);
  const above = ranges.filter(([from]) => from > n + 1);
  const touching = ranges.slice(below.length, ranges.length - above.length);
  const from = Math.min(n, ...touching.map(([first]) => first));
  const to = Math.max(n, ...touching.map(([, last]) => last));
  return [...below, [from, to], ...above];
}

export class Ledger {
  private readonly devices = new Map<string, Range[]>();
  private changed = false;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly file: string) {
    this.timer = setInterval(() => this.write(), WRITE_MS);
  }

  readonly acknowledged: Acknowledged = (device, count) => {
    const ranges = withNumber(this.devices.get(device) ?? [], count);
    if (ranges.length > MAX_RANGES)
      throw new RangeError(`${device} was acknowledged for more than ${MAX_RANGES} ranges`);
    this.devices.set(device, ranges);
    this.changed = true;
  };

  close(): void {
    clearInterval(this.timer);
    this.write();
  }

  private write(): void {
    if (!this.changed) return;
    this.changed = false;
    writeFileSync(`${this.file}.new`, JSON.stringify(Object.fromEntries(this.devices)));
    renameSync(`${this.file}.new`, this.file);
  }
}
