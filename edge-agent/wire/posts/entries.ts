/**
 * Bodies of posts. Pure; throws nothing but PayloadError.
 *   body  = entry | [ entry* ]                 application/json, application/cbor
 *         | ( entry "\n" )*                    application/x-ndjson
 *   entry = { "values": { … }, "seq"?: 0..2^53-1, "ts"?: time }
 */
import { type TimeUnit } from '../../core/profile/types-mqtt';
import { decodePayload, PayloadError } from '../payload';

export interface Entry {
  readonly seq: number | undefined;
  readonly ts: unknown;
  readonly values: unknown;
  /** Of `ts`, where the format says it; absent: as the profile says. */
  readonly unit?: TimeUnit;
}

export const MAX_ENTRIES = 10_000;
const KEYS = new Set(['seq', 'ts', 'values']);

export type Format = 'json' | 'ndjson' | 'cbor';

/** Undefined: none of them. */
export function formatOf(contentType: string | undefined): Format | undefined {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/json') return 'json';
  if (type === 'application/cbor') return 'cbor';
  return type === 'application/x-ndjson' || type === 'application/ndjson' ? 'ndjson' : undefined;
}

/** All entries, or none: a body is taken as a whole. */
export function decodeBody(format: Format, body: Buffer): Entry[] {
  return entriesOf(format === 'ndjson' ? lines(body) : decodePayload(format, body));
}

export function entriesOf(data: unknown): Entry[] {
  const list: unknown[] = Array.isArray(data) ? data : [data];
  if (list.length > MAX_ENTRIES) throw new PayloadError(`at most ${MAX_ENTRIES} entries`);
  return list.map(entry);
}

function lines(body: Buffer): unknown[] {
  const found: unknown[] = [];
  for (let at = 0; at < body.length;) {
    const newline = body.indexOf(0x0a, at);
    const end = newline < 0 ? body.length : newline;
    const line = body.subarray(at, end);
    at = end + 1;
    if (line.toString('latin1').trim() === '') continue;
    if (found.length === MAX_ENTRIES) throw new PayloadError(`at most ${MAX_ENTRIES} entries`);
    found.push(decodePayload('json', line));
  }
  return found;
}

function entry(data: unknown, i: number): Entry {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw new PayloadError(`entry ${i}: no object`);
  const { seq, ts, values } = data as Record<string, unknown>;
  const unknown = Object.keys(data).find((key) => !KEYS.has(key));
  if (unknown !== undefined) throw new PayloadError(`entry ${i}: ${unknown.slice(0, 64)}: expected seq, ts, values`);
  if (typeof values !== 'object' || values === null) throw new PayloadError(`entry ${i}: values is no object`);
  if (seq !== undefined && !(Number.isSafeInteger(seq) && (seq as number) >= 0))
    throw new PayloadError(`entry ${i}: seq is no integer from 0 to 2^53-1`);
  return { seq: seq as number | undefined, ts, values };
}
