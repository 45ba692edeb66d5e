/** Sparkplug B payloads (specification 3.0, 6.4) to metrics and back. Pure; throws nothing but ProtoError. */
import { type FieldValue } from '../../adapter';
import { type Field, fields, ProtoError, type Raw, Writer } from './protobuf';

/** 6.4.16; those not here are refused visibly: data sets, templates, bytes, files, arrays, property sets. */
export const TYPES = {
  1: 'int8',
  2: 'int16',
  3: 'int32',
  4: 'int64',
  5: 'uint8',
  6: 'uint16',
  7: 'uint32',
  8: 'uint64',
  9: 'float',
  10: 'double',
  11: 'boolean',
  12: 'string',
  13: 'datetime',
  14: 'text',
  15: 'uuid',
} as const;
export type TypeName = (typeof TYPES)[keyof typeof TYPES];

export const typeNameOf = (code: number): TypeName | undefined => (TYPES as Record<number, TypeName | undefined>)[code];

export interface Metric {
  readonly name: string | undefined;
  /** Decimal text: it has 64 bits. */
  readonly alias: string | undefined;
  /** ms since 1970. */
  readonly at: number | undefined;
  readonly type: number | undefined;
  readonly isNull: boolean;
  /** As it travels: the type says what it means. Undefined: none of a kind that is known here. */
  readonly raw: { readonly field: number; readonly value: Raw } | undefined;
  /** Property "Quality": 0 bad, 192 good, 500 stale. */
  readonly quality: number | undefined;
}

export interface Payload {
  readonly at: number | undefined;
  readonly seq: number | undefined;
  readonly metrics: readonly Metric[];
}

export const MAX_METRICS = 20_000;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Throws ProtoError. */
export function decodePayload(bytes: Buffer): Payload {
  let at: number | undefined;
  let seq: number | undefined;
  const metrics: Metric[] = [];
  for (const field of fields(bytes)) {
    if (field.number === 1) at = integer(field);
    else if (field.number === 3) seq = integer(field);
    else if (field.number === 2) metrics.push(decodeMetric(blob(field)));
    if (metrics.length > MAX_METRICS) throw new ProtoError(`more than ${MAX_METRICS} metrics`);
  }
  return { at, seq, metrics };
}

function decodeMetric(bytes: Buffer): Metric {
  const metric: { -readonly [K in keyof Metric]: Metric[K] } = {
    ...{ name: undefined, alias: undefined, at: undefined, type: undefined },
    ...{ isNull: false, raw: undefined, quality: undefined },
  };
  for (const field of fields(bytes)) {
    switch (field.number) {
      case 1:
        metric.name = text(blob(field));
        break;
      case 2:
        metric.alias = String(varint(field));
        break;
      case 3:
        metric.at = integer(field);
        break;
      case 4:
        metric.type = integer(field);
        break;
      case 7:
        metric.isNull = varint(field) !== 0n;
        break;
      case 9:
        metric.quality = qualityOf(blob(field));
        break;
      default:
        if (field.number >= 10 && field.number <= 15) metric.raw = { field: field.number, value: field.raw };
    }
  }
  return metric;
}

/** The property "Quality" of a property set: keys and values are two lists of the same order. */
function qualityOf(bytes: Buffer): number | undefined {
  const keys: string[] = [];
  const values: Buffer[] = [];
  for (const field of fields(bytes)) {
    if (field.number === 1) keys.push(text(blob(field)));
    else if (field.number === 2) values.push(blob(field));
  }
  const value = values[keys.indexOf('Quality')];
  if (!value) return undefined;
  for (const field of fields(value)) if (field.number === 3) return integer(field);
  return undefined;
}

function varint({ raw, number }: Field): bigint {
  if (typeof raw === 'bigint') return raw;
  throw new ProtoError(`field ${number} is no number`);
}

function integer(field: Field): number {
  const value = varint(field);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ProtoError(`field ${field.number} is ${value}`);
  return Number(value);
}

function blob({ raw, number }: Field): Buffer {
  if (typeof raw !== 'bigint') return raw;
  throw new ProtoError(`field ${number} is a number`);
}

function text(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new ProtoError('text that is not UTF-8');
  }
}

const BITS: Partial<Record<TypeName, { readonly bits: number; readonly signed: boolean }>> = {
  int8: { bits: 8, signed: true },
  int16: { bits: 16, signed: true },
  int32: { bits: 32, signed: true },
  int64: { bits: 64, signed: true },
  uint8: { bits: 8, signed: false },
  uint16: { bits: 16, signed: false },
  uint32: { bits: 32, signed: false },
  uint64: { bits: 64, signed: false },
  datetime: { bits: 64, signed: false },
};

/** The value of a metric; undefined when it is not of its type. */
export function valueOf(type: TypeName, { field, value }: NonNullable<Metric['raw']>): FieldValue | undefined {
  const whole = BITS[type];
  if (whole) {
    if (typeof value !== 'bigint' || (field !== 10 && field !== 11)) return undefined;
    // Negative numbers come as two's complement of 32 or 64 bits, whatever the type's own width.
    const n = whole.signed ? BigInt.asIntN(field === 10 ? 32 : 64, value) : value;
    const fits = whole.signed ? BigInt.asIntN(whole.bits, n) === n : BigInt.asUintN(whole.bits, n) === n;
    if (!fits) return undefined;
    return whole.bits === 64 ? n : Number(n);
  }
  switch (type) {
    case 'float':
      return field === 12 && Buffer.isBuffer(value) && value.length === 4 ? value.readFloatLE() : undefined;
    case 'double':
      return field === 13 && Buffer.isBuffer(value) && value.length === 8 ? value.readDoubleLE() : undefined;
    case 'boolean':
      return field === 14 && typeof value === 'bigint' ? value !== 0n : undefined;
    default:
      return field === 15 && Buffer.isBuffer(value) ? text(value) : undefined;
  }
}

export interface Command {
  readonly name: string;
  readonly type: TypeName;
  readonly value: FieldValue;
}

const CODES = new Map(Object.entries(TYPES).map(([code, name]) => [name, Number(code)] as const));

/** A command with one metric; undefined when the type cannot hold the value. */
export function encodeCommand({ name, type, value }: Command, now: number): Buffer | undefined {
  const at = BigInt(now);
  const metric = new Writer()
    .text(1, name)
    .varint(3, at)
    .varint(4, BigInt(CODES.get(type) ?? 0));
  return put(metric, type, value) ? new Writer().varint(1, at).bytes(2, metric.end()).end() : undefined;
}

function put(into: Writer, type: TypeName, value: FieldValue): boolean {
  const whole = BITS[type];
  if (whole) {
    if (typeof value === 'number' && !Number.isInteger(value)) return false;
    if (typeof value !== 'number' && typeof value !== 'bigint') return false;
    const n = BigInt(value);
    if ((whole.signed ? BigInt.asIntN(whole.bits, n) : BigInt.asUintN(whole.bits, n)) !== n) return false;
    if (whole.bits === 64) into.varint(11, n);
    else into.varint(10, BigInt.asUintN(32, n));
    return true;
  }
  if (type === 'boolean') {
    if (typeof value !== 'boolean' && value !== 0 && value !== 1) return false;
    into.varint(14, value ? 1n : 0n);
    return true;
  }
  if (type === 'float' || type === 'double') {
    if (typeof value !== 'number' && typeof value !== 'bigint') return false;
    if (type === 'float') into.float(12, Number(value));
    else into.double(13, Number(value));
    return true;
  }
  if (typeof value !== 'string') return false;
  into.text(15, value);
  return true;
}
