/**
 * Signals in the bytes of a frame. Positions are those of DBC files: bit n is bit n % 8 of byte n / 8, counted from the lowest.
 * With order little the signal begins at its lowest bit and goes up; with order big it begins at its highest bit and goes
 * down through the byte, then on at the top of the next. Pure.
 */
import { type FieldValue } from '../../adapter';
import { type SignalFormat } from '../../core/profile/types-can';
import { type Order } from '../../core/profile/types';

/** Neighbouring bits of one byte, and where they stand in the value. */
interface Piece {
  readonly byte: number;
  readonly shift: number;
  readonly width: number;
  /** Of its lowest bit in the value. */
  readonly at: number;
}

export interface Layout {
  readonly length: number;
  readonly pieces: readonly Piece[];
  /** Bytes a frame must have for the signal to be in it. */
  readonly bytes: number;
}

export interface SignalPlace {
  readonly start: number;
  readonly length: number;
  readonly order?: Order;
}

/** Beyond these bits a value is a bigint. */
export const EXACT_BITS = 53;

export class SignalError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SignalError';
  }
}

export function layoutOf({ start, length, order = 'little' }: SignalPlace): Layout {
  const pieces: Piece[] = [];
  for (let at = 0; at < length; at++) {
    const bit = order === 'little' ? start + at : bigBit(start, length - 1 - at);
    const [byte, inside] = [bit >> 3, bit & 7];
    const last = pieces.at(-1);
    if (last?.byte === byte && last.shift + last.width === inside)
      pieces[pieces.length - 1] = { ...last, width: last.width + 1 };
    else pieces.push({ byte, shift: inside, width: 1, at });
  }
  return { length, pieces, bytes: 1 + Math.max(...pieces.map((p) => p.byte)) };
}

/** The nth bit below the highest. */
function bigBit(start: number, n: number): number {
  const place = 8 * (start >> 3) + (7 - (start & 7)) + n;
  return 8 * (place >> 3) + (7 - (place & 7));
}

/** Undefined when the frame is too short for it. Unsigned; exact up to 53 bits. */
export function rawOf({ pieces, bytes }: Layout, data: Buffer): number | undefined {
  if (data.length < bytes) return undefined;
  let value = 0;
  for (const { byte, shift, width, at } of pieces) value += partOf(data, byte, shift, width) * 2 ** at;
  return value;
}

function wideOf({ pieces }: Layout, data: Buffer): bigint {
  return pieces.reduce(
    (v, { byte, shift, width, at }) => v | (BigInt(partOf(data, byte, shift, width)) << BigInt(at)),
    0n,
  );
}

const partOf = (data: Buffer, byte: number, shift: number, width: number): number =>
  ((data[byte] ?? 0) >> shift) & ((1 << width) - 1);

/** Undefined when the frame is too short for it. */
export function readSignal(layout: Layout, format: SignalFormat, data: Buffer): number | bigint | undefined {
  const { length } = layout;
  if (data.length < layout.bytes) return undefined;
  if (format === 'float') return floatOf(wideOf(layout, data), length);
  if (length > EXACT_BITS) {
    const wide = wideOf(layout, data);
    return format === 'signed' ? BigInt.asIntN(length, wide) : wide;
  }
  const raw = rawOf(layout, data) ?? 0;
  return format === 'signed' && raw >= 2 ** (length - 1) ? raw - 2 ** length : raw;
}

function floatOf(bits: bigint, length: number): number {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(bits);
  return length === 32 ? bytes.readFloatLE() : bytes.readDoubleLE();
}

/** Puts a value into the bytes; throws SignalError when the signal cannot hold it. */
export function writeSignal(layout: Layout, format: SignalFormat, value: FieldValue, into: Buffer): void {
  const { length, pieces, bytes } = layout;
  if (into.length < bytes) throw new SignalError(`a frame of ${into.length} bytes, the signal ends in byte ${bytes}`);
  const bits = BigInt.asUintN(length, format === 'float' ? floatBits(value, length) : integer(value, length, format));
  for (const { byte, shift, width, at } of pieces) {
    const mask = ((1 << width) - 1) << shift;
    const part = Number((bits >> BigInt(at)) & 0xffn) << shift;
    into[byte] = ((into[byte] ?? 0) & ~mask) | (part & mask);
  }
}

function integer(value: FieldValue, length: number, format: SignalFormat): bigint {
  if (typeof value === 'string') throw new SignalError(`${value} is no number`);
  if (typeof value === 'number' && !Number.isFinite(value)) throw new SignalError(`${value} is no number`);
  const n = typeof value === 'bigint' ? value : BigInt(Math.round(Number(value)));
  const fits = format === 'signed' ? BigInt.asIntN(length, n) : BigInt.asUintN(length, n);
  if (fits !== n) throw new SignalError(`${n} does not fit into ${length} bits, ${format}`);
  return n;
}

function floatBits(value: FieldValue, length: number): bigint {
  if (typeof value === 'string') throw new SignalError(`${value} is no number`);
  const bytes = Buffer.alloc(8);
  if (length === 32) bytes.writeFloatLE(Number(value));
  else bytes.writeDoubleLE(Number(value));
  return bytes.readBigUInt64LE();
}
