/** What a resource says, compiled from the profile. Pure. */
import { type FieldValue, type Sample } from '../../adapter';
import { type DevicePlan, type PointPlan } from '../../core/compile/plan';
import { Quality } from '../../../schemas/quality';
import { at, decodePayload, encodePayload, PayloadError, steps, valueOf } from '../../wire/payload';
import { type Entry } from '../../wire/posts/entries';
import { decodeBody } from '../../wire/posts/entries';
import { decodeSenml } from './senml';
import { type CoapSource } from './settings';

/** Content formats of the CoAP registry. */
export const FORMAT = { text: 0, json: 50, cbor: 60, senmlJson: 110, senmlCbor: 112 } as const;
const ENTRIES: ReadonlySet<number> = new Set([FORMAT.json, FORMAT.cbor, FORMAT.senmlJson, FORMAT.senmlCbor]);

export const isEntries = (format: number | undefined): format is number => format !== undefined && ENTRIES.has(format);

/** Of a post whose format is one of entries. Throws PayloadError. */
export function decodePost(format: number, body: Buffer, now: number): Entry[] {
  if (format === FORMAT.senmlJson || format === FORMAT.senmlCbor) return senml(format, body, now);
  return decodeBody(format === FORMAT.json ? 'json' : 'cbor', body);
}

const senml = (format: number, body: Buffer, now: number): Entry[] =>
  decodeSenml(format === FORMAT.senmlJson ? 'json' : 'cbor', body, now);

/** What a resource gave. A SenML pack is read at its last entry: by pointer, or its only value. */
export function sampleOf(
  device: DevicePlan,
  { metric, source }: PointPlan,
  format: number | undefined,
  body: Buffer,
  now: number,
): Sample {
  const { kind, value: pointer = '' } = source as CoapSource;
  const bad = (quality: number): Sample => ({ device: device.id, metric, at: now, quality });
  try {
    const { data, moment } = read(format ?? FORMAT.text, body, now);
    const found = at(data, steps(pointer));
    const only = pointer === '' && moment !== undefined ? Object.values(found as object)[0] : found;
    if (only === undefined || only === null) return bad(Quality.bad);
    const value = valueOf(kind, only);
    if (value === undefined) return bad(Quality.notConverted);
    return { device: device.id, metric, at: moment ?? now, value, quality: Quality.good };
  } catch (error) {
    if (!(error instanceof PayloadError)) throw error;
    return bad(Quality.notConverted);
  }
}

/** `moment`: when the body says so; SenML only. */
function read(format: number, body: Buffer, now: number): { data: unknown; moment?: number } {
  switch (format) {
    case FORMAT.senmlJson:
    case FORMAT.senmlCbor: {
      const last = senml(format, body, now).at(-1);
      if (!last) throw new PayloadError('a SenML pack without a value');
      return { data: last.values, moment: last.ts as number };
    }
    case FORMAT.json:
      return { data: decodePayload('json', body) };
    case FORMAT.cbor:
      return { data: decodePayload('cbor', body) };
    default:
      return { data: decodePayload('text', body) };
  }
}

/** A value as the resource takes it. */
export function bodyOf(
  { format, value: pointer = '' }: CoapSource,
  value: FieldValue,
): { format: number; body: Buffer } {
  return { format: FORMAT[format], body: encodePayload(format, steps(pointer), value) };
}

/** RFC 7641, 3.4: is the notification newer than the one before? Sequence numbers of 24 bits, times in ms. */
export function isNewer(seq: number, at_ms: number, before: { seq: number; at_ms: number } | undefined): boolean {
  if (!before || at_ms > before.at_ms + 128_000) return true;
  const half = 2 ** 23;
  return (before.seq < seq && seq - before.seq < half) || (before.seq > seq && before.seq - seq > half);
}
