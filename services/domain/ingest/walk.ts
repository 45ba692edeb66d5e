/**
 * The parts walkers are made of: one per construct of Avro's grammar. A walker moves the cursor past one value and says
 * whether it was one; see walker.ts for what they are for.
 */
import { type Cursor } from './cursor';

export type Walker = (c: Cursor, seen: Seen) => boolean;
/** Walks an array and gives its length, -1 where the bytes are none. */
export type Counter = (c: Cursor, seen: Seen) => number;
/** Walks `n` items of one block. */
export type Run = (c: Cursor, seen: Seen, n: number) => boolean;

/** What one walk found. Reused between walks: no allocation per message. */
export class Seen {
  /** Readings in the record's series; 1 for records that hold no series. */
  rows = 0;
  /** Series that have readings. */
  series = 0;
  /** The field `ts`, and the range of `dt` over all series. NaN and 0 where there are none. */
  ts = NaN;
  minDt = 0;
  maxDt = 0;
  /** When the record came to be: `received_at`, or `at`. NaN where there is none. */
  at = NaN;
  /** A series whose arrays differ in length was met. */
  ragged = false;
  /** The field `tenant` or `device_id` is empty. */
  nameless = false;

  clear(): void {
    this.rows = 0;
    this.series = 0;
    this.ts = NaN;
    this.at = NaN;
    this.minDt = 0;
    this.maxDt = 0;
    this.ragged = false;
    this.nameless = false;
  }
}

/** Items an array may claim whose items take no bytes: nothing else bounds such a count. */
const MAX_EMPTY_ITEMS = 1_000_000;

const skipLong: Walker = (c) => c.skipLong();
export const primitives: Readonly<Record<string, Walker>> = {
  null: () => true,
  boolean: (c) => c.skip(1) && c.buf[c.pos - 1]! <= 1,
  int: (c) => c.skipInt(),
  long: skipLong,
  float: (c) => c.skip(4),
  double: (c) => c.skip(8),
  bytes: (c) => c.skipBytes(),
  string: (c) => c.skipBytes(),
};

const readTs: Walker = (c, seen) => {
  seen.ts = c.readLong();
  return seen.ts === seen.ts;
};
const readAt: Walker = (c, seen) => {
  seen.at = c.readLong();
  return seen.at === seen.at;
};
const readName: Walker = (c, seen) => {
  const n = c.readLong();
  if (n === 0) seen.nameless = true;
  return n >= 0 && c.skip(n);
};

/** Fields of the record itself whose values are looked at, by name and type. */
export const WATCHED: Readonly<Record<string, Walker>> = {
  'ts:long': readTs,
  'received_at:long': readAt,
  'at:long': readAt,
  'tenant:string': readName,
  'device_id:string': readName,
};

export const fixed =
  (size: number): Walker =>
  (c) =>
    c.skip(size);
export const choice =
  (n: number): Walker =>
  (c) => {
    const i = c.readLong();
    return i >= 0 && i < n;
  };

export function union(branches: readonly Walker[]): Walker {
  return (c, seen) => {
    const branch = branches[c.readLong()];
    return branch !== undefined && branch(c, seen);
  };
}

export function sequence(fields: readonly Walker[]): Walker {
  return (c, seen) => {
    for (const field of fields) if (!field(c, seen)) return false;
    return true;
  };
}

export const pair =
  (value: Walker): Walker =>
  (c, seen) =>
    c.skipBytes() && value(c, seen);

export const runOf =
  (item: Walker): Run =>
  (c, seen, n) => {
    if (n > c.end - c.pos && n > MAX_EMPTY_ITEMS) return false;
    for (let i = 0; i < n; i++) if (!item(c, seen)) return false;
    return true;
  };
export const fixedRun =
  (size: number): Run =>
  (c, _, n) =>
    c.skip(size * n);
export const intRun: Run = (c, _, n) => {
  for (let i = 0; i < n; i++) if (!c.skipInt()) return false;
  return true;
};
export const longRun: Run = (c, _, n) => {
  for (let i = 0; i < n; i++) if (!c.skipLong()) return false;
  return true;
};
const dtRun: Run = (c, seen, n) => {
  let { minDt, maxDt } = seen;
  for (let i = 0; i < n; i++) {
    const dt = c.readLong();
    if (dt !== dt) return false;
    if (dt < minDt) minDt = dt;
    else if (dt > maxDt) maxDt = dt;
  }
  seen.minDt = minDt;
  seen.maxDt = maxDt;
  return true;
};

/** Total of the blocks' counts, -1 where the bytes are no blocks. */
export function counted(run: Run): (c: Cursor, seen: Seen) => number {
  return (c, seen) => {
    let total = 0;
    for (;;) {
      const n = c.readBlockCount();
      if (n === 0) return total;
      if (n < 0 || !run(c, seen, n)) return -1;
      total += n;
    }
  };
}

/** An array of items that `run` walks. */
export function array(run: Run): Walker {
  const count = counted(run);
  return (c, seen) => count(c, seen) >= 0;
}

export const readDts = counted(dtRun);
