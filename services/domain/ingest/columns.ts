/**
 * Columns of ClickHouse's Native format, filled straight from Avro's binary grammar: no value is ever made an object.
 *   Int64, Int32, Float64   little endian, one after the other
 *   String                  length as unsigned LEB128, then the bytes
 *   Array(T)                ends of the arrays counted in items, as UInt64, then all items as a column T
 *   Tuple(a A, b B)         column a, then column b
 * The bytes must have been walked (walker.ts): nothing is checked here.
 */
import { type Cursor } from './cursor';

export interface Column {
  /** As ClickHouse writes it. */
  readonly type: string;
  /** Takes over the next `n` values under the cursor. */
  take(c: Cursor, n: number): void;
  parts(): Uint8Array[];
  /** An empty one that expects as much as this one got. */
  next(): Column;
}

const LEAST_BYTES = 1_024;
const NOTHING = Buffer.alloc(0);

/** Bytes that grow by doubling; the first allocation is what is expected. */
class Bytes {
  buf: Buffer = NOTHING;
  at = 0;

  constructor(private readonly expected = LEAST_BYTES) {}

  room(n: number): void {
    if (this.at + n > this.buf.length) this.grow(n);
  }

  private grow(n: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(this.expected, 2 * this.buf.length, this.at + n));
    grown.set(this.buf.subarray(0, this.at));
    this.buf = grown;
  }

  written(): Uint8Array {
    return this.buf.subarray(0, this.at);
  }
}

/** 32-bit words, likewise. Every platform we run on is little endian. */
export class Words {
  at = 0;

  constructor(
    private readonly expected = LEAST_BYTES / 4,
    public words = new Int32Array(0),
  ) {}

  room(n: number): void {
    if (this.at + n > this.words.length) this.grow(n);
  }

  private grow(n: number): void {
    const length = Math.max(this.expected, 2 * this.words.length, this.at + n);
    const grown = new Int32Array(Buffer.allocUnsafeSlow(4 * length).buffer);
    grown.set(this.words.subarray(0, this.at));
    this.words = grown;
  }

  written(): Uint8Array {
    return new Uint8Array(this.words.buffer, 0, 4 * this.at);
  }
}

export class Longs implements Column {
  readonly type = 'Int64';

  constructor(private readonly out = new Words()) {}

  take(c: Cursor, n: number): void {
    const { out } = this;
    out.room(2 * n);
    const { words } = out;
    const { buf } = c;
    let { pos } = c;
    let at = out.at;
    for (let i = 0; i < n; i++, at += 2) {
      // The first 28 bits, the next 28, the last 8: each fits what JavaScript's integers are quick with.
      let b = buf[pos++]!;
      let low = b & 0x7f;
      for (let shift = 7; b >= 0x80 && shift < 28; shift += 7) low |= ((b = buf[pos++]!) & 0x7f) << shift;
      let middle = 0;
      for (let shift = 0; b >= 0x80 && shift < 28; shift += 7) middle |= ((b = buf[pos++]!) & 0x7f) << shift;
      let high = 0;
      for (let shift = 0; b >= 0x80; shift += 7) high |= ((b = buf[pos++]!) & 0x7f) << shift;
      const sign = -(low & 1);
      const first = low | (middle << 28);
      const second = (middle >>> 4) | (high << 24);
      words[at] = ((first >>> 1) | (second << 31)) ^ sign;
      words[at + 1] = (second >>> 1) ^ sign;
    }
    out.at = at;
    c.pos = pos;
  }

  parts(): Uint8Array[] {
    return [this.out.written()];
  }

  next(): Longs {
    return new Longs(new Words(this.out.at));
  }
}

export class Ints implements Column {
  readonly type = 'Int32';

  constructor(private readonly out = new Words()) {}

  take(c: Cursor, n: number): void {
    const { out } = this;
    out.room(n);
    for (let i = 0; i < n; i++) out.words[out.at++] = c.readLong();
  }

  parts(): Uint8Array[] {
    return [this.out.written()];
  }

  next(): Ints {
    return new Ints(new Words(this.out.at));
  }
}

/** Fewer bytes than this are copied one by one: a view costs more. */
const FEW_BYTES = 32;

function copy(c: Cursor, out: Bytes, n: number): void {
  const { buf, pos } = c;
  if (n > FEW_BYTES) out.buf.set(buf.subarray(pos, pos + n), out.at);
  else for (let i = 0; i < n; i++) out.buf[out.at + i] = buf[pos + i]!;
  out.at += n;
  c.pos = pos + n;
}

/** Avro's doubles are the bytes that the engine wants. */
export class Doubles implements Column {
  readonly type = 'Float64';

  constructor(private readonly out = new Bytes()) {}

  take(c: Cursor, n: number): void {
    this.out.room(8 * n);
    copy(c, this.out, 8 * n);
  }

  parts(): Uint8Array[] {
    return [this.out.written()];
  }

  next(): Doubles {
    return new Doubles(new Bytes(this.out.at));
  }
}

const MAX_LENGTH_BYTES = 5;

export class Strings implements Column {
  readonly type = 'String';

  constructor(private readonly out = new Bytes()) {}

  take(c: Cursor, n: number): void {
    const { out } = this;
    for (let i = 0; i < n; i++) {
      const length = shortOrLong(c);
      out.room(length + MAX_LENGTH_BYTES);
      let rest = length;
      for (; rest >= 0x80; rest >>>= 7) out.buf[out.at++] = (rest & 0x7f) | 0x80;
      out.buf[out.at++] = rest;
      copy(c, out, length);
    }
  }

  parts(): Uint8Array[] {
    return [this.out.written()];
  }

  next(): Strings {
    return new Strings(new Bytes(this.out.at));
  }
}

export class Arrays implements Column {
  readonly type: string;
  private total = 0;

  constructor(
    private readonly items: Column,
    private readonly ends = new Words(),
  ) {
    this.type = `Array(${items.type})`;
  }

  take(c: Cursor, n: number): void {
    const { ends, items } = this;
    ends.room(2 * n);
    for (let i = 0; i < n; i++) {
      for (let count = blockCount(c); count > 0; count = blockCount(c)) {
        items.take(c, count);
        this.total += count;
      }
      ends.words[ends.at++] = this.total;
      ends.words[ends.at++] = 0; // a batch has far fewer than 2^32 items
    }
  }

  parts(): Uint8Array[] {
    return [this.ends.written(), ...this.items.parts()];
  }

  next(): Arrays {
    return new Arrays(this.items.next(), new Words(this.ends.at));
  }
}

/** Nearly all are one byte: 63 items or fewer, or the end. */
function blockCount(c: Cursor): number {
  const first = c.buf[c.pos]!;
  if ((first & 0x81) !== 0) return c.readBlockCount();
  c.pos++;
  return first >> 1;
}

/** A length, which nearly always is one byte. */
function shortOrLong(c: Cursor): number {
  const first = c.buf[c.pos]!;
  if (first >= 0x80) return c.readLong();
  c.pos++;
  return first >> 1;
}

/** What the table does not have is passed over. */
export class Passed implements Column {
  readonly type = 'Nothing';

  constructor(private readonly skip: (c: Cursor) => void) {}

  take(c: Cursor, n: number): void {
    for (let i = 0; i < n; i++) this.skip(c);
  }

  parts(): Uint8Array[] {
    return [];
  }

  next(): Passed {
    return this;
  }
}

/** A field of a record. `place` is where the table has it among its own, -1 where it does not. */
export interface Field {
  readonly name: string;
  readonly place: number;
  readonly column: Column;
}

export class Tuples implements Column {
  readonly type: string;
  /** Those that the table has, as it has them: the engine fits parts of a tuple by their order. */
  readonly named: readonly Field[];
  private readonly columns: readonly Column[];

  /** @param fields in the order in which they come */
  constructor(private readonly fields: readonly Field[]) {
    this.named = fields.filter((f) => f.place >= 0).sort((a, b) => a.place - b.place);
    this.type = `Tuple(${this.named.map(({ name, column }) => `${name} ${column.type}`).join(', ')})`;
    this.columns = fields.map((f) => f.column);
  }

  take(c: Cursor, n: number): void {
    for (let i = 0; i < n; i++) for (const column of this.columns) column.take(c, 1);
  }

  parts(): Uint8Array[] {
    return this.named.flatMap(({ column }) => column.parts());
  }

  next(): Tuples {
    return new Tuples(this.fields.map((f) => ({ ...f, column: f.column.next() })));
  }
}
