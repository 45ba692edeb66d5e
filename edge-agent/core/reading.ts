/** Sample (what the field gave) to reading (what is reported), and engineering values back to the field. Pure. */
import { type FieldValue, type Sample } from '../adapter';
import { Quality } from '../../schemas/quality';
import { type PointPlan } from './compile/plan';
import { step, toEngineering, toRaw } from './compile/scale';

/** number: a finite double, or NaN and infinities with a bad quality. bigint: beyond 2^53, within 64 bits signed. */
export type ReadingValue = number | bigint | string;

export interface Reading {
  readonly at: number;
  readonly value: ReadingValue;
  readonly quality: number;
}

export const MAX_TEXT_BYTES = 4_096;
const INT64_MAX = 2n ** 63n - 1n;
const EXACT = BigInt(Number.MAX_SAFE_INTEGER);

/** Never throws: what does not fit becomes a reading of bad quality. */
export function toReading(point: PointPlan, sample: Sample): Reading {
  const { at, value } = sample;
  if (value === undefined) return nothing(point, at, sample.quality < 64 ? Quality.bad : sample.quality);
  if (typeof value === 'number') return numeric(point, at, value, sample.quality);
  if (typeof value === 'bigint')
    return point.scale ? numeric(point, at, Number(value), sample.quality) : integer(point, at, value, sample.quality);
  if (typeof value === 'boolean')
    return point.kind === 'text' ? mismatch(point, at) : { at, value: value ? 1 : 0, quality: sample.quality };
  return point.kind === 'text' ? text(at, value, sample.quality) : mismatch(point, at);
}

function numeric(point: PointPlan, at: number, raw: number, quality: number): Reading {
  if (point.kind === 'text') return mismatch(point, at);
  const value = point.scale ? toEngineering(point.scale, raw) : raw;
  if (!Number.isFinite(value)) return { at, value, quality: Math.max(quality, Quality.sensorFailure) };
  return { at, value, quality: quality || rangeQuality(point, value) };
}

function integer(point: PointPlan, at: number, value: bigint, quality: number): Reading {
  if (point.kind === 'text') return mismatch(point, at);
  const q = quality || rangeQuality(point, Number(value));
  if (value >= -EXACT && value <= EXACT) return { at, value: Number(value), quality: q };
  // Unsigned values beyond 2^63-1 travel as decimal text (schemas/events/telemetry-frame.avsc).
  return { at, value: value > INT64_MAX ? value.toString() : value, quality: q };
}

function text(at: number, value: string, quality: number): Reading {
  if (Buffer.byteLength(value) <= MAX_TEXT_BYTES) return { at, value, quality };
  const cut = Buffer.from(value)
    .subarray(0, MAX_TEXT_BYTES)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
  return { at, value: cut, quality: Math.max(quality, Quality.uncertain) };
}

function rangeQuality(point: PointPlan, value: number): number {
  const outside = value < (point.low ?? -Infinity) || value > (point.high ?? Infinity);
  return outside ? Quality.outOfRange : Quality.good;
}

function nothing(point: PointPlan, at: number, quality: number): Reading {
  return { at, value: point.kind === 'text' ? '' : NaN, quality };
}

const mismatch = (point: PointPlan, at: number): Reading => nothing(point, at, Quality.notConverted);

export interface FieldWrite {
  readonly ok: true;
  /** Raw value for the adapter. */
  readonly raw: FieldValue;
}

export interface RefusedWrite {
  readonly ok: false;
  readonly reason: string;
}

/** The raw value to write for an engineering value; refused when the point cannot take it. */
export function toField(point: PointPlan, value: FieldValue): FieldWrite | RefusedWrite {
  if (!point.writable) return refused(`${point.metric} is not writable`);
  if (point.kind === 'text')
    return typeof value === 'string' ? { ok: true, raw: value } : refused(`${point.metric} takes text`);
  if (point.kind === 'boolean') {
    if (typeof value === 'boolean') return { ok: true, raw: value };
    return value === 0 || value === 1 ? { ok: true, raw: value === 1 } : refused(`${point.metric} takes true or false`);
  }
  if (typeof value === 'bigint' && !point.scale) return { ok: true, raw: value };
  if (typeof value !== 'number' && typeof value !== 'bigint') return refused(`${point.metric} takes a number`);
  const n = Number(value);
  if (!Number.isFinite(n)) return refused(`${point.metric} takes a finite number`);
  if (n < (point.low ?? -Infinity) || n > (point.high ?? Infinity))
    return refused(`${point.metric} takes ${point.low ?? '…'} to ${point.high ?? '…'} ${point.unit}`.trimEnd());
  return { ok: true, raw: point.scale ? toRaw(point.scale, n) : n };
}

const refused = (reason: string): RefusedWrite => ({ ok: false, reason });

const FLOAT_TOLERANCE = 1e-6;

/** Whether a reading confirms that the point holds `wanted` (engineering units). */
export function confirms(point: PointPlan, wanted: FieldValue, reading: Reading, tolerance?: number): boolean {
  if (reading.quality >= 64) return false;
  if (typeof wanted === 'boolean') return reading.value === (wanted ? 1 : 0);
  if (typeof wanted === 'string' || typeof reading.value !== 'number') return String(reading.value) === String(wanted);
  const target = Number(wanted);
  const allowed = tolerance ?? Math.max(point.scale ? step(point.scale) / 2 : 0, FLOAT_TOLERANCE * Math.abs(target));
  return Math.abs(reading.value - target) <= allowed * (1 + Number.EPSILON * 4) + Number.MIN_VALUE;
}
