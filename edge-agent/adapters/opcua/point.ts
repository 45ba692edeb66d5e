/** One point, and what was last told of it. No I/O, no timers. */
import { isDeepStrictEqual } from 'node:util';
import { type Sample } from '../../adapter';
import { Quality } from '../../../schemas/quality';
import { fieldValue, qualityOf, type UaValue } from './codec';
import { type OpcUaSource } from './settings';

export interface UaPoint {
  /** Our name for it towards the server. */
  readonly handle: number;
  readonly device: string;
  readonly metric: string;
  readonly scan_ms: number;
  readonly writable: boolean;
  readonly source: OpcUaSource;
  /** Built-in type of the variable; known from its first value. */
  type?: number;
  /** Newest source time told, and what was told then: the server sends the same again after an outage. */
  last?: { readonly at: number; readonly value: unknown; readonly status: number };
  /** When we told a bad reading of our own making that no reading of the server has followed yet. */
  spoiled_at?: number;
}

/** A source time further ahead of us than this is a broken clock, and the agent's own is taken. */
const MAX_AHEAD_MS = 24 * 3_600_000;

/** A value as the server gives it, with the time of its source. */
export function sampleOf({ device, metric }: UaPoint, value: UaValue, now: number): Sample {
  const quality = qualityOf(value.status);
  const read = quality < 64 ? fieldValue(value) : undefined;
  const at = timeOf(value, now);
  if (quality < 64 && read === undefined) return { device, metric, at, quality: Quality.notConverted };
  return { device, metric, at, quality, ...(read !== undefined && { value: read }) };
}

export function timeOf({ source_at, server_at }: Pick<UaValue, 'source_at' | 'server_at'>, now: number): number {
  const at = source_at ?? server_at ?? now;
  return at > 0 && at < now + MAX_AHEAD_MS ? Math.trunc(at) : now;
}

/** What a notification adds to what was told; undefined when it was told before. */
export function told(point: UaPoint, value: UaValue, now: number): Sample | undefined {
  const sample = sampleOf(point, value, now);
  if (value.type !== 0 && !value.array) point.type ??= value.type;
  const { last } = point;
  if (last && isAgain(last, sample.at, value)) return undefined;
  if (last && point.source.history && sample.at < last.at) return undefined;
  remember(point, sample.at, value);
  return sample;
}

/** What the server says now of a point of which we said that it could not be read. */
export function restored(point: UaPoint, value: UaValue, now: number): Sample | undefined {
  const spoiled_at = point.spoiled_at;
  if (spoiled_at === undefined) return undefined;
  const sample = sampleOf(point, value, now);
  delete point.spoiled_at;
  remember(point, sample.at, value);
  return sample.at > spoiled_at ? sample : { ...sample, at: now };
}

/** A reading of bad quality of our own making. */
export function spoil(point: UaPoint, quality: number, now: number): Sample {
  point.spoiled_at = now;
  return { device: point.device, metric: point.metric, at: now, quality };
}

/** By the upper half of the status: the flag of a queue that ran over is not part of what was read. */
function isAgain(last: NonNullable<UaPoint['last']>, at: number, { value, status }: UaValue): boolean {
  return last.at === at && last.status >>> 16 === status >>> 16 && isDeepStrictEqual(last.value, value);
}

export function remember(point: UaPoint, at: number, { value, status }: UaValue): void {
  if (!point.last || at >= point.last.at) point.last = { at, value, status };
  if (point.spoiled_at !== undefined && at > point.spoiled_at) delete point.spoiled_at;
}
