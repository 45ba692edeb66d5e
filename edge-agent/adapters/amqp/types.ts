/**
 * Values of AMQP 1.0 (part 1) to bytes and back. Pure; throws nothing but AmqpError.
 *   value       = constructor data
 *   constructor = code | 0x00 value(descriptor) code
 *   list, map   = size count item* ; array = size count constructor data*
 * Integers of 64 bits are numbers where a double holds them, otherwise bigint; binary, uuid and decimals are Buffers.
 */
export class AmqpError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AmqpError';
  }
}

export class Described {
  constructor(
    readonly descriptor: Value,
    readonly value: Value,
  ) {}
}

export type Value =
  undefined | boolean | number | bigint | string | Buffer | readonly Value[] | ReadonlyMap<Value, Value> | Described;

/** Values inside values. */
const MAX_DEPTH = 16;
/** Of one list, map or array: items of no bytes could be any number. */
const MAX_ITEMS = 16_384;
const utf8 = new TextDecoder('utf-8', { fatal: true });

export class Reader {
  constructor(
    private readonly bytes: Buffer,
    private at = 0,
    private readonly end = bytes.length,
    private readonly depth = 0,
  ) {
    if (depth > MAX_DEPTH) throw new AmqpError(`more than ${MAX_DEPTH} values inside each other`);
  }

  get position(): number {
    return this.at;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  value(): Value {
    const code = this.uint(1);
    return code === 0 ? this.described() : this.data(code);
  }

  private described(): Described {
    const inner = new Reader(this.bytes, this.at, this.end, this.depth + 1);
    const found = new Described(inner.value(), inner.value());
    this.at = inner.at;
    return found;
  }

  /** By the code's upper half: how wide the data is. */
  private data(code: number): Value {
    switch (code >> 4) {
      case 0x4:
        return empty(code);
      case 0xa:
        return sized(code, this.take(this.uint(1)));
      case 0xb:
        return sized(code, this.take(this.uint(4)));
      case 0xc:
        return this.compound(code, this.uint(1), 1);
      case 0xd:
        return this.compound(code, this.uint(4), 4);
      case 0xe:
        return this.array(this.uint(1), 1);
      case 0xf:
        return this.array(this.uint(4), 4);
      default:
        return fixed(code, this.take(FIXED_BYTES[code >> 4] ?? unknown(code)));
    }
  }

  private compound(code: number, size: number, width: 1 | 4): Value {
    const inner = this.inside(size);
    const count = inner.count(width);
    const items = Array.from({ length: count }, () => inner.value());
    inner.ended();
    if ((code & 15) === 0) return items;
    if ((code & 15) !== 1 || count % 2 !== 0) throw new AmqpError('a map of something else than pairs');
    return new Map(Array.from({ length: count / 2 }, (_, i) => [items[2 * i], items[2 * i + 1]] as const));
  }

  private array(size: number, width: 1 | 4): Value {
    const inner = this.inside(size);
    const count = inner.count(width);
    let code = inner.uint(1);
    if (code === 0) {
      inner.value();
      code = inner.uint(1);
    }
    const items = Array.from({ length: count }, () => inner.data(code));
    inner.ended();
    return items;
  }

  private inside(size: number): Reader {
    const start = this.at;
    this.take(size);
    return new Reader(this.bytes, start, start + size, this.depth + 1);
  }

  private count(width: 1 | 4): number {
    const count = this.uint(width);
    if (count > MAX_ITEMS) throw new AmqpError(`${count} items: at most ${MAX_ITEMS}`);
    return count;
  }

  private ended(): void {
    if (!this.done) throw new AmqpError('a size that is not that of its items');
  }

  private uint(width: 1 | 4): number {
    const at = this.at;
    this.take(width);
    return this.bytes.readUIntBE(at, width);
  }

  private take(size: number): Buffer {
    const to = this.at + size;
    if (to > this.end) throw new AmqpError('a value is cut off');
    const bytes = this.bytes.subarray(this.at, to);
    this.at = to;
    return bytes;
  }
}

const FIXED_BYTES: Readonly<Record<number, number>> = { 5: 1, 6: 2, 7: 4, 8: 8, 9: 16 };

function unknown(code: number): never {
  throw new AmqpError(`no type has the code 0x${code.toString(16)}`);
}

function empty(code: number): Value {
  switch (code) {
    case 0x40:
      return undefined;
    case 0x41:
    case 0x42:
      return code === 0x41;
    case 0x43:
    case 0x44:
      return 0;
    case 0x45:
      return [];
    default:
      return unknown(code);
  }
}

const exact = (n: bigint): number | bigint =>
  n >= BigInt(Number.MIN_SAFE_INTEGER) && n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : n;

const FIXED: Readonly<Record<number, (b: Buffer) => Value>> = {
  0x50: (b) => b.readUInt8(),
  0x51: (b) => b.readInt8(),
  0x52: (b) => b.readUInt8(),
  0x53: (b) => b.readUInt8(),
  0x54: (b) => b.readInt8(),
  0x55: (b) => b.readInt8(),
  0x56: (b) => b.readUInt8() === 1,
  0x60: (b) => b.readUInt16BE(),
  0x61: (b) => b.readInt16BE(),
  0x70: (b) => b.readUInt32BE(),
  0x71: (b) => b.readInt32BE(),
  0x72: (b) => b.readFloatBE(),
  0x73: (b) => b.readUInt32BE(),
  0x74: (b) => b,
  0x80: (b) => exact(b.readBigUInt64BE()),
  0x81: (b) => exact(b.readBigInt64BE()),
  0x82: (b) => b.readDoubleBE(),
  0x83: (b) => exact(b.readBigInt64BE()),
  0x84: (b) => b,
  0x94: (b) => b,
  0x98: (b) => b,
};

function fixed(code: number, bytes: Buffer): Value {
  const read = FIXED[code];
  return read ? read(bytes) : unknown(code);
}

function sized(code: number, bytes: Buffer): Value {
  switch (code & 15) {
    case 0:
      return bytes;
    case 1:
      return textOf(bytes);
    case 3:
      return bytes.toString('latin1');
    default:
      return unknown(code);
  }
}

function textOf(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new AmqpError('text that is not UTF-8');
  }
}

/** Bytes of values: what a client has to say. */
export const write = {
  none: (): Buffer => Buffer.of(0x40),
  bool: (v: boolean): Buffer => Buffer.of(v ? 0x41 : 0x42),
  ubyte: (v: number): Buffer => Buffer.of(0x50, v),
  ushort: (v: number): Buffer => Buffer.of(0x60, v >> 8, v & 0xff),
  uint: (v: number): Buffer => number(0x70, v),
  ulong: (v: number): Buffer => Buffer.concat([number(0x80, 0), number(0, v).subarray(1)]),
  text: (v: string): Buffer => long(0xb1, Buffer.from(v)),
  symbol: (v: string): Buffer => long(0xb3, Buffer.from(v, 'latin1')),
  binary: (v: Buffer): Buffer => long(0xb0, v),
  list: (items: readonly Buffer[]): Buffer => long(0xd0, Buffer.concat([count(items.length), ...items])),
  symbols: (items: readonly string[]): Buffer =>
    long(
      0xf0,
      Buffer.concat([count(items.length), Buffer.of(0xb3), ...items.map((s) => long(0, Buffer.from(s)).subarray(1))]),
    ),
  described: (code: number, value: Buffer): Buffer => Buffer.concat([Buffer.of(0, 0x53, code), value]),
} as const;

const count = (n: number): Buffer => number(0, n).subarray(1);

function number(code: number, value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = code;
  bytes.writeUInt32BE(value >>> 0, 1);
  return bytes;
}

const long = (code: number, data: Buffer): Buffer => Buffer.concat([number(code, data.length), data]);
