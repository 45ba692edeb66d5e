/** What to read next, pure: priority first, then fresh telemetry, then the backlog in order behind it. */
import { type Lane, type ReadBounds, type ShippedCursor } from '../outbox-api';
import { firstUnshipped, MAX_RANGES, nextShippedFrom } from '../outbox/cursor';

export interface PlannedRead extends ReadBounds {
  readonly lane: Lane;
  readonly from: number;
}

export interface ShippingState {
  readonly priority: ShippedCursor;
  readonly telemetry: ShippedCursor;
  /** Next index to become durable, per lane. */
  readonly priorityNext: number;
  readonly telemetryNext: number;
  /** Telemetry from here on is fresh and overtakes the backlog below; undefined when there is no backlog. */
  readonly liveFrom: number | undefined;
}

export interface PlanBounds {
  /** Records of one transaction; small only while a poison record is being looked for. */
  readonly maxRecords: number;
  readonly backlogBytes: number;
}

/** Records of telemetry that wait before fresh ones overtake them: more than a transaction takes in its stride. */
export const BACKLOG_RECORDS = 2_000;
/** The newest of a backlog go first, with what is fresh: so that one sees at once how things stand. */
export const NEWEST_RECORDS = 500;
export const MAX_RECORDS = 20_000;
export const FRESH_BYTES = 2 * 1024 * 1024;
/** Backlog in one transaction; it grows and shrinks so that fresh data never waits long behind it. */
export const MIN_BACKLOG_BYTES = 256 * 1024;
/** Of the first transaction: how long one takes is not known yet. */
export const FIRST_BACKLOG_BYTES = 512 * 1024;
export const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;
const QUICK_MS = 300;
const SLOW_MS = 800;

/** Where fresh telemetry begins, decided before each transaction. */
export function liveFrom(cursor: ShippedCursor, next: number, current: number | undefined): number | undefined {
  const last = cursor.ranges.at(-1);
  if (!last) {
    if (current !== undefined && cursor.next < current) return current;
    return next - cursor.next > BACKLOG_RECORDS ? next - NEWEST_RECORDS : undefined;
  }
  const reached = Math.max(last.to, current ?? 0);
  const overtake = next - reached > BACKLOG_RECORDS && cursor.ranges.length < MAX_RANGES && reached === last.to;
  return overtake ? next : reached;
}

export function planReads(state: ShippingState, bounds: PlanBounds): PlannedRead[] {
  const reads: PlannedRead[] = [];
  let room = bounds.maxRecords;
  const plan = (lane: Lane, from: number, to: number, maxBytes: number): void => {
    const maxRecords = Math.min(room, to - from);
    if (maxRecords <= 0) return;
    reads.push({ lane, from, maxRecords, maxBytes });
    room -= maxRecords;
  };
  const { priority, telemetry, priorityNext, telemetryNext } = state;
  plan('priority', priority.next, priorityNext, FRESH_BYTES);
  if (state.liveFrom !== undefined)
    plan('telemetry', firstUnshipped(telemetry, state.liveFrom), telemetryNext, FRESH_BYTES);
  const backlogEnd = Math.min(nextShippedFrom(telemetry, telemetry.next), state.liveFrom ?? telemetryNext);
  plan('telemetry', telemetry.next, backlogEnd, bounds.backlogBytes);
  return reads;
}

/** Backlog of the next transaction after one that took so long. */
export function nextBacklogBytes(current: number, took_ms: number): number {
  if (took_ms > SLOW_MS) return Math.max(MIN_BACKLOG_BYTES, Math.floor(current / 2));
  if (took_ms < QUICK_MS) return Math.min(MAX_BACKLOG_BYTES, current * 2);
  return current;
}
