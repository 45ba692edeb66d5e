/** Payloads to values and back. Pure; never throws anything but PayloadError, whatever comes. */
import { type PointKind } from '../core/compile/plan';
import { Decoder, Encoder } from 'cbor-x';
import { type FieldValue } from '../adapter';
import { type PayloadFormat, type TimeUnit } from '../core/profile/types-mqtt';

export class PayloadError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PayloadError';
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const cbor = new Decoder({ mapsAsObjects: true, useRecords: false, int64AsType: 'bigint' } as object);
const cborOut = new Encoder({ useRecords: false, variableMapSize: true } as object);
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const MAX_NUMBER_CHARS = 64;

/** Integers that a double cannot hold travel through JSON.parse as text with this before it. */
const LONG = '\u0000i';
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const LONG_INTEGER = /^-?\d{16,}$/;

/** Text that is JSON, with long integers exact. */
function parseJson(text: string): unknown {
  const safe = /\d{16}/.test(text)
    ? text.replace(TOKENS, (token) => (LONG_INTEGER.test(token) ? JSON.stringify(LONG + token) : token))
    : text;
  return JSON.parse(safe) as unknown;
}

/** Throws PayloadError. */
export function decodePayload(format: PayloadFormat, payload: Buffer): unknown {
  try {
    switch (format) {
      case 'json':
        return parseJson(utf8.decode(payload));
      case 'cbor':
        return cbor.decode(payload) as unknown;
      case 'text':
        return utf8.decode(payload);
      case 'number': {
        const text = utf8.decode(payload).trim();
        if (text.length > MAX_NUMBER_CHARS || !NUMBER.test(text)) throw new PayloadError('not a number');
        return LONG_INTEGER.test(text) ? LONG + text : Number(text);
      }
    }
  } catch (cause) {
    if (cause instanceof PayloadError) throw cause;
    throw new PayloadError(`not ${format}: ${(cause as Error).message}`, { cause });
  }
}

/** Steps of a JSON pointer. */
export const steps = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((s) => s.replaceAll('~1', '/').replaceAll('~0', '~'));

/** What is there; undefined when nothing is. */
export function at(data: unknown, path: readonly string[]): unknown {
  let here = data;
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Record<string, unknown>)[step];
  }
  return here;
}

const TRUE = new Set(['true', 'on', '1', 'yes']);
const FALSE = new Set(['false', 'off', '0', 'no']);

/** The value as the point's kind; undefined when it is none. */
export function valueOf(kind: PointKind, data: unknown): FieldValue | undefined {
  const plain = typeof data === 'string' && data.startsWith(LONG) ? asInteger(data.slice(LONG.length)) : data;
  switch (kind) {
    case 'number':
      return typeof plain === 'string' ? asNumber(plain) : typeof plain === 'bigint' ? Number(plain) : scalar(plain);
    case 'int64':
      if (typeof plain === 'string') return asInteger(plain.trim());
      if (typeof plain === 'number') return Number.isInteger(plain) ? BigInt(plain) : undefined;
      return typeof plain === 'bigint' ? plain : undefined;
    case 'boolean':
      return asBoolean(plain);
    case 'text':
      return ['string', 'number', 'bigint', 'boolean'].includes(typeof plain)
        ? String(plain as string | number)
        : undefined;
  }
}

const scalar = (v: unknown): FieldValue | undefined =>
  typeof v === 'number' || typeof v === 'boolean' ? v : undefined;

const asNumber = (text: string): number | undefined =>
  text.length <= MAX_NUMBER_CHARS && NUMBER.test(text.trim()) ? Number(text) : undefined;

const asInteger = (text: string): bigint | undefined => (/^-?\d{1,20}$/.test(text) ? BigInt(text) : undefined);

function asBoolean(data: unknown): boolean | undefined {
  if (typeof data === 'boolean') return data;
  if (data === 1 || data === 0) return data === 1;
  const text = typeof data === 'string' ? data.trim().toLowerCase() : '';
  return TRUE.has(text) ? true : FALSE.has(text) ? false : undefined;
}

const PER_MS: Readonly<Record<Exclude<TimeUnit, 'iso'>, number>> = { s: 1e-3, ms: 1, us: 1e3, ns: 1e6 };
const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/;
/** A clock further ahead than this is wrong, ms. */
const MAX_AHEAD_MS = 86_400_000;

/** ms since 1970; undefined when it is no time, or one that cannot be. */
export function timeOf(unit: TimeUnit, data: unknown, now: number): number | undefined {
  const ms = unit === 'iso' ? isoTime(data) : Number(valueOf('number', data) ?? NaN) / PER_MS[unit];
  return ms > 0 && ms <= now + MAX_AHEAD_MS ? Math.round(ms) : undefined;
}

const isoTime = (data: unknown): number => (typeof data === 'string' && ISO.test(data) ? Date.parse(data) : NaN);

/** A value as a device takes it: bare, or at a place inside an object. */
export function encodePayload(format: 'json' | 'cbor' | 'text', path: readonly string[], value: FieldValue): Buffer {
  if (format === 'cbor') return Buffer.from(cborOut.encode(nested(path, value)));
  if (format === 'text') return Buffer.from(String(value));
  const bare = typeof value === 'bigint' ? value.toString() : JSON.stringify(value);
  return Buffer.from(path.reduceRight((inner, key) => `{${JSON.stringify(key)}:${inner}}`, bare));
}

const nested = (path: readonly string[], value: FieldValue): unknown =>
  path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
