/**
 * Application data of BACnet <-> ours. The tags are those of ASHRAE 135, 20.2.1.4. Never throws on what a device sends: what
 * is no single value is a reading of bad quality.
 */
import { type FieldValue } from '../../adapter';
import { Quality } from '../../../schemas/quality';
import { objectType } from './objects';

export const Tag = {
  null: 0,
  boolean: 1,
  unsigned: 2,
  signed: 3,
  real: 4,
  double: 5,
  characterString: 7,
  bitString: 8,
  enumerated: 9,
  /** Of the library: a property that the device has not. */
  error: 105,
} as const;

export interface AppData {
  readonly type: number;
  readonly value: unknown;
}

export class ConvertError extends Error {
  readonly code = 'invalid-value';
  constructor(message: string) {
    super(message);
    this.name = 'ConvertError';
  }
}

/** The value, or undefined when it is not one that a reading can carry. A binary 0 or 1 is a boolean where one is wanted. */
export function fieldValue(data: readonly AppData[] | undefined, wantsBoolean: boolean): FieldValue | undefined {
  const [one, another] = data ?? [];
  if (!one || another) return undefined;
  const { type, value } = one;
  switch (type) {
    case Tag.boolean:
      return typeof value === 'boolean' ? value : undefined;
    case Tag.characterString:
      return typeof value === 'string' ? value : undefined;
    case Tag.unsigned:
    case Tag.signed:
    case Tag.enumerated:
    case Tag.real:
    case Tag.double:
      if (typeof value !== 'number') return undefined;
      return wantsBoolean ? (value === 0 || value === 1 ? value === 1 : undefined) : value;
    default:
      return undefined;
  }
}

/** Bits of Status_Flags, first the leftmost: in-alarm, fault, overridden, out-of-service. */
const FAULT = 2;
const OVERRIDDEN = 4;
const OUT_OF_SERVICE = 8;

/** Good without flags: a device need not have them. */
export function qualityOf(data: readonly AppData[] | undefined): number {
  const bits = data?.[0]?.type === Tag.bitString ? flagsOf(data[0].value) : 0;
  if (bits & FAULT) return Quality.sensorFailure;
  return bits & (OVERRIDDEN | OUT_OF_SERVICE) ? Quality.manual : Quality.good;
}

function flagsOf(value: unknown): number {
  const bytes = (value as { value?: unknown } | null | undefined)?.value;
  const first: unknown = Array.isArray(bytes) ? bytes[0] : 0;
  return typeof first === 'number' ? first : 0;
}

export const isError = (data: readonly AppData[] | undefined): boolean => data?.[0]?.type === Tag.error;

const MAX_REAL = 3.402_823_466_385_288_6e38;

/** What a present value of the object type is written with. Throws ConvertError when it cannot hold the value. */
export function appData(type: number, value: FieldValue): AppData {
  const name = objectType(type) ?? '';
  if (name.startsWith('analog-')) return { type: Tag.real, value: number(value, -MAX_REAL, MAX_REAL) };
  if (name.startsWith('binary-')) return { type: Tag.enumerated, value: bit(value) };
  if (name.startsWith('multi-state-')) return { type: Tag.unsigned, value: whole(value, 1, 0xffffffff) };
  switch (name) {
    case 'large-analog-value':
      return { type: Tag.double, value: number(value, -Number.MAX_VALUE, Number.MAX_VALUE) };
    case 'integer-value':
      return { type: Tag.signed, value: whole(value, -(2 ** 31), 2 ** 31 - 1) };
    case 'positive-integer-value':
      return { type: Tag.unsigned, value: whole(value, 0, 0xffffffff) };
    case 'character-string-value':
      if (typeof value !== 'string') throw new ConvertError(`${String(value)} is not text`);
      return { type: Tag.characterString, value };
    default:
      throw new ConvertError(`an object of type ${name || type} cannot be written`);
  }
}

function bit(value: FieldValue): number {
  if (value === true || value === 1) return 1;
  if (value === false || value === 0) return 0;
  throw new ConvertError(`${String(value)} is not true or false`);
}

function number(value: FieldValue, min: number, max: number): number {
  const n = typeof value === 'number' || typeof value === 'bigint' ? Number(value) : NaN;
  if (!(n >= min && n <= max)) throw new ConvertError(`${String(value)} is not a number the object can hold`);
  return n;
}

function whole(value: FieldValue, min: number, max: number): number {
  const n = typeof value === 'string' ? NaN : Math.round(Number(value));
  if (!(n >= min && n <= max)) throw new ConvertError(`${String(value)} is not ${min} to ${max}`);
  return n;
}
