/**
 * Values and status codes of OPC UA <-> ours. Part 6 numbers the built-in types; a 64-bit integer comes as [high, low] of
 * two 32-bit words. Never throws on what a server sends: what is no single value is a reading of bad quality.
 */
import { type FieldValue } from '../../adapter';
import { Quality } from '../../../schemas/quality';

export const UaType = {
  null: 0,
  boolean: 1,
  sbyte: 2,
  byte: 3,
  int16: 4,
  uint16: 5,
  int32: 6,
  uint32: 7,
  int64: 8,
  uint64: 9,
  float: 10,
  double: 11,
  string: 12,
  dateTime: 13,
  guid: 14,
  byteString: 15,
  xmlElement: 16,
  nodeId: 17,
  localizedText: 21,
} as const;

/** Types of the standard that are a built-in one under another name, such as Duration. */
const ALIASES: ReadonlyMap<number, number> = new Map([
  [288, UaType.uint32], // IntegerId
  [289, UaType.uint32], // Counter
  [290, UaType.double], // Duration
  [291, UaType.string], // NumericRange
  [294, UaType.dateTime], // UtcTime
  [295, UaType.string], // LocaleId
  [29, UaType.int32], // Enumeration
]);

/** The built-in type behind a data type of the standard's namespace; 0 for one that is made of others. */
export const builtInType = (id: number): number => (id <= UaType.localizedText ? id : (ALIASES.get(id) ?? 0));

/** A DataValue as it came over the wire. */
export interface UaValue {
  /** Part 6, 5.1.2; 0 for no value. */
  readonly type: number;
  readonly array: boolean;
  readonly value: unknown;
  readonly status: number;
  /** ms since 1970-01-01 UTC */
  readonly source_at?: number;
  readonly server_at?: number;
}

export class ConvertError extends Error {
  readonly code = 'invalid-value';
  constructor(message: string) {
    super(message);
    this.name = 'ConvertError';
  }
}

/** The value, or undefined when it is not one that a reading can carry. */
export function fieldValue({ type, array, value }: UaValue): FieldValue | undefined {
  if (array || value === null || value === undefined) return undefined;
  switch (type) {
    case UaType.int64:
    case UaType.uint64:
      return wide(value, type === UaType.int64);
    case UaType.dateTime:
      return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : undefined;
    case UaType.byteString:
      return Buffer.isBuffer(value) ? value.toString('hex') : undefined;
    case UaType.localizedText: {
      const { text } = value as { text?: unknown };
      return typeof text === 'string' ? text : undefined;
    }
    default:
      return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string' ? value : undefined;
  }
}

function wide(value: unknown, signed: boolean): bigint | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [high, low] = value as unknown[];
  if (!isWord(high) || !isWord(low)) return undefined;
  const n = (BigInt(high) << 32n) | BigInt(low);
  return signed ? BigInt.asIntN(64, n) : n;
}

const isWord = (n: unknown): n is number => Number.isInteger(n) && (n as number) >= 0 && (n as number) <= 0xffffffff;

const INTEGERS: Readonly<Record<number, readonly [min: number, max: number]>> = {
  [UaType.sbyte]: [-0x80, 0x7f],
  [UaType.byte]: [0, 0xff],
  [UaType.int16]: [-0x8000, 0x7fff],
  [UaType.uint16]: [0, 0xffff],
  [UaType.int32]: [-(2 ** 31), 2 ** 31 - 1],
  [UaType.uint32]: [0, 2 ** 32 - 1],
};

/** What a variable of the type is written with. Throws ConvertError when it cannot hold the value. */
export function uaValue(type: number, value: FieldValue): unknown {
  const bounds = INTEGERS[type];
  if (bounds) return integer(value, ...bounds);
  switch (type) {
    case UaType.boolean:
      if (value === true || value === 1) return true;
      if (value === false || value === 0) return false;
      throw new ConvertError(`${String(value)} is not true or false`);
    case UaType.int64:
      return words(value, -(2n ** 63n), 2n ** 63n - 1n);
    case UaType.uint64:
      return words(value, 0n, 2n ** 64n - 1n);
    case UaType.float:
    case UaType.double:
      if (typeof value !== 'number' && typeof value !== 'bigint')
        throw new ConvertError(`${String(value)} is not a number`);
      return Number(value);
    case UaType.string:
      if (typeof value !== 'string') throw new ConvertError(`${String(value)} is not text`);
      return value;
    case UaType.dateTime: {
      const at = typeof value === 'string' ? Date.parse(value) : NaN;
      if (Number.isNaN(at)) throw new ConvertError(`${String(value)} is not a time such as 2026-01-31T12:00:00Z`);
      return new Date(at);
    }
    case UaType.byteString:
      if (typeof value !== 'string' || !/^([0-9a-fA-F]{2})*$/.test(value))
        throw new ConvertError(`${String(value)} is no bytes in hexadecimal`);
      return Buffer.from(value, 'hex');
    case UaType.localizedText:
      if (typeof value !== 'string') throw new ConvertError(`${String(value)} is not text`);
      return { text: value };
    default:
      throw new ConvertError(`a variable of built-in type ${type} cannot be written`);
  }
}

function integer(value: FieldValue, min: number, max: number): number {
  const n = typeof value === 'string' ? NaN : Math.round(Number(value));
  if (!(n >= min && n <= max)) throw new ConvertError(`${String(value)} is not ${min} to ${max}`);
  return n;
}

function words(value: FieldValue, min: bigint, max: bigint): [high: number, low: number] {
  if (typeof value !== 'bigint' && !Number.isFinite(typeof value === 'string' ? NaN : value))
    throw new ConvertError(`${String(value)} is not a number`);
  const n = typeof value === 'bigint' ? value : BigInt(Math.round(Number(value)));
  if (n < min || n > max) throw new ConvertError(`${n} is not ${min} to ${max}`);
  const bits = BigInt.asUintN(64, n);
  return [Number(bits >> 32n), Number(bits & 0xffffffffn)];
}

/** Status codes by their upper 16 bits: the lower ones hold flags such as an overflow of the queue. */
const QUALITIES: ReadonlyMap<number, number> = new Map([
  [0x0096, Quality.manual], // Good_LocalOverride
  [0x4090, Quality.lastUsable], // Uncertain_LastUsableValue
  [0x4091, Quality.manual], // Uncertain_SubstituteValue
  [0x4094, Quality.outOfRange], // Uncertain_EngineeringUnitsExceeded
  [0x8005, Quality.notConnected], // Bad_CommunicationError
  [0x8031, Quality.notConnected], // Bad_NoCommunication
  [0x808a, Quality.notConnected], // Bad_NotConnected
  [0x800a, Quality.timeout], // Bad_Timeout
  [0x808b, Quality.deviceException], // Bad_DeviceFailure
  [0x808c, Quality.sensorFailure], // Bad_SensorFailure
  [0x8033, Quality.configuration], // Bad_NodeIdInvalid
  [0x8034, Quality.configuration], // Bad_NodeIdUnknown
  [0x8035, Quality.configuration], // Bad_AttributeIdInvalid
  [0x803a, Quality.configuration], // Bad_NotReadable
  [0x801f, Quality.configuration], // Bad_UserAccessDenied
  [0x8089, Quality.configuration], // Bad_ConfigurationError
]);

export function qualityOf(status: number): number {
  const known = QUALITIES.get(status >>> 16);
  if (known !== undefined) return known;
  const severity = status >>> 30;
  if (severity === 0) return Quality.good;
  return severity === 1 ? Quality.uncertain : Quality.bad;
}

/** Answers after which nobody knows whether the write was carried out: the server's own request to its device was lost. */
export const isUncertainWrite = (status: number): boolean => [0x800a, 0x8005, 0x8031].includes(status >>> 16);
