/**
 * Registers <-> values. A converter is made once per point. The four orders of a wide value ABCD (A the most significant byte):
 * word big/byte big ABCD, little/big CDAB, big/little BADC, little/little DCBA. Swapping the bytes of each register turns
 * BADC into ABCD and CDAB into DCBA, so that two native readings serve all four.
 */
import { isUtf8 } from 'node:buffer';
import { type FieldValue } from '../../adapter';
import { type ModbusSource } from './settings';

export class ConvertError extends Error {
  readonly code = 'invalid-value';
  constructor(message: string) {
    super(message);
    this.name = 'ConvertError';
  }
}

/** Reads the value that starts at a byte offset of the registers of one response. */
export type Reader = (registers: Buffer, offset: number) => FieldValue;
/** Registers that hold the value. Throws ConvertError when the type cannot hold it. */
export type Writer = (value: FieldValue) => Buffer;

type WideType = 'int32' | 'uint32' | 'int64' | 'uint64' | 'float32' | 'float64';

const READ_BE: Readonly<Record<WideType, Reader>> = {
  int32: (b, o) => b.readInt32BE(o),
  uint32: (b, o) => b.readUInt32BE(o),
  int64: (b, o) => b.readBigInt64BE(o),
  uint64: (b, o) => b.readBigUInt64BE(o),
  float32: (b, o) => b.readFloatBE(o),
  float64: (b, o) => b.readDoubleBE(o),
};
const READ_LE: Readonly<Record<WideType, Reader>> = {
  int32: (b, o) => b.readInt32LE(o),
  uint32: (b, o) => b.readUInt32LE(o),
  int64: (b, o) => b.readBigInt64LE(o),
  uint64: (b, o) => b.readBigUInt64LE(o),
  float32: (b, o) => b.readFloatLE(o),
  float64: (b, o) => b.readDoubleLE(o),
};

export function readerOf(source: ModbusSource): Reader {
  const { type, bit, bit_count } = source;
  const word: (b: Buffer, o: number) => number =
    source.byte_order === 'big' ? (b, o) => b.readUInt16BE(o) : (b, o) => b.readUInt16LE(o);
  switch (type) {
    case 'uint16':
      return word;
    case 'int16':
      return (b, o) => (word(b, o) << 16) >> 16;
    case 'bool':
      return (b, o) => ((word(b, o) >> bit) & 1) === 1;
    case 'bits': {
      const mask = 2 ** bit_count - 1;
      return (b, o) => (word(b, o) >> bit) & mask;
    }
    case 'string':
      return (b, o) => textOf(ordered(b.subarray(o, o + 2 * source.count), source));
    default:
      return wideReader(type, source);
  }
}

function wideReader(type: WideType, { word_order, byte_order, count }: ModbusSource): Reader {
  const native = word_order === 'big' ? READ_BE[type] : READ_LE[type];
  if (word_order === byte_order) return native;
  const scratch = Buffer.alloc(2 * count);
  return (b, o) => {
    b.copy(scratch, 0, o, o + scratch.length);
    return native(scratch.swap16(), 0);
  };
}

export function writerOf(source: ModbusSource): Writer {
  const { type, count } = source;
  switch (type) {
    case 'uint16':
      return (v) => registers(source, (b) => b.writeUInt16BE(integer(v, 0, 0xffff)));
    case 'int16':
      return (v) => registers(source, (b) => b.writeInt16BE(integer(v, -0x8000, 0x7fff)));
    case 'int32':
      return (v) => registers(source, (b) => b.writeInt32BE(integer(v, -(2 ** 31), 2 ** 31 - 1)));
    case 'uint32':
      return (v) => registers(source, (b) => b.writeUInt32BE(integer(v, 0, 2 ** 32 - 1)));
    case 'int64':
      return (v) => registers(source, (b) => b.writeBigInt64BE(wide(v, -(2n ** 63n), 2n ** 63n - 1n)));
    case 'uint64':
      return (v) => registers(source, (b) => b.writeBigUInt64BE(wide(v, 0n, 2n ** 64n - 1n)));
    case 'float32':
      return (v) => registers(source, (b) => b.writeFloatBE(float(v)));
    case 'float64':
      return (v) => registers(source, (b) => b.writeDoubleBE(float(v)));
    case 'string':
      return (v) => ordered(paddedText(v, 2 * count), source);
    case 'bool':
    case 'bits':
      throw new ConvertError(`${type} inside a register is written with a mask`);
  }
}

/** AND and OR masks of function 22 that put the value into its bits and leave the others. */
export function maskOf(source: ModbusSource, value: FieldValue): { and: number; or: number } {
  const count = source.type === 'bool' ? 1 : source.bit_count;
  const n = typeof value === 'boolean' ? Number(value) : integer(value, 0, 2 ** count - 1);
  const field = (2 ** count - 1) << source.bit;
  const masks = { and: ~field & 0xffff, or: n << source.bit };
  return source.byte_order === 'big' ? masks : { and: swapped(masks.and), or: swapped(masks.or) };
}

const swapped = (word: number): number => ((word & 0xff) << 8) | (word >> 8);

/** Big-endian bytes put into the order of the source. */
function registers(source: ModbusSource, write: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.alloc(2 * source.count);
  write(bytes);
  if (source.word_order === 'little') {
    // Words last to first: all bytes reversed, then each register turned back.
    bytes.reverse();
    bytes.swap16();
  }
  return ordered(bytes, source);
}

function ordered(bytes: Buffer, { byte_order }: ModbusSource): Buffer {
  return byte_order === 'big' ? bytes : Buffer.from(bytes).swap16();
}

/** Up to the first NUL, trailing blanks cut; UTF-8 where it is valid, Latin-1 otherwise. */
function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  const content = end < 0 ? bytes : bytes.subarray(0, end);
  return content.toString(isUtf8(content) ? 'utf8' : 'latin1').trimEnd();
}

function paddedText(value: FieldValue, size: number): Buffer {
  if (typeof value !== 'string') throw new ConvertError(`${String(value)} is not text`);
  const bytes = Buffer.from(value, 'utf8');
  if (bytes.length > size) throw new ConvertError(`${bytes.length} bytes of text do not fit into ${size}`);
  return Buffer.concat([bytes], size);
}

function integer(value: FieldValue, min: number, max: number): number {
  const n = typeof value === 'string' ? NaN : Math.round(Number(value));
  if (!(n >= min && n <= max)) throw new ConvertError(`${String(value)} is not ${min} to ${max}`);
  return n;
}

function wide(value: FieldValue, min: bigint, max: bigint): bigint {
  if (typeof value !== 'bigint' && !Number.isFinite(value)) throw new ConvertError(`${String(value)} is not a number`);
  const n = typeof value === 'bigint' ? value : BigInt(Math.round(Number(value)));
  if (n < min || n > max) throw new ConvertError(`${value} is not ${min} to ${max}`);
  return n;
}

function float(value: FieldValue): number {
  if (typeof value !== 'number' && typeof value !== 'bigint')
    throw new ConvertError(`${String(value)} is not a number`);
  return Number(value);
}
