/**
 * When a partition's batch is cut. Quiet partitions are cut by age, so a lone reading is visible soon; busy ones by
 * size, so the tables get few parts. The slower the tables answer, the longer batches grow: the load settles itself.
 */

/**
 * One INSERT becomes one block, so these bound the memory of an insert on both sides. Sorted into series a reading takes 23
 * bytes, and each minute of a series 130 more and its names: some 220 MB where a full batch has as many windows as it may.
 * As many readings as that because every part that is not written need not be merged (deploy/decisions/0316).
 */
export const MAX_BATCH_BYTES = 24 * 1024 * 1024;
export const MAX_BATCH_MESSAGES = 100_000;
export const MAX_BATCH_ROWS = 2_000_000;
/** Minutes of series, counted anew for each frame. */
export const MAX_BATCH_WINDOWS = 1_000_000;

/** A batch is not cut younger than this unless it is full. */
export const MIN_AGE_MS = 100;
/** A batch that has caught up with the log is not left waiting longer than this. */
export const MAX_AGE_MS = 300;
/** Messages older than this when they are read are a backlog: freshness is lost already, and few parts count. */
export const BACKLOG_MS = 3_000;
/** In a backlog, while the log has more, a batch waits this long for it before it is cut short. */
export const MAX_AGE_BEHIND_MS = 3_000;
/** A partition spends at most about one part in this many inserting while it keeps up. */
const AGE_PER_CYCLE = 3;

export interface Pending {
  readonly messages: number;
  readonly rows: number;
  readonly windows: number;
  readonly bytes: number;
  /** Time since the oldest message of the batch arrived here, in a backlog since the batch was begun, ms. */
  readonly age_ms: number;
  /** The partition has a backlog, and more of it has not arrived yet. */
  readonly behind: boolean;
  /** A limit other than size ends the batch here: it cannot grow (MAX_GROUPS, MAX_POISON_TEXT). */
  readonly closed: boolean;
  /** Smoothed time from cut to done of this partition's last batches, ms. */
  readonly cycle_ms: number;
}

/** Milliseconds until the batch is to be cut if nothing more arrives; 0 to cut now, Infinity while it is empty. */
export function cutIn(p: Pending): number {
  if (p.messages === 0) return Infinity;
  if (p.closed || isFull(p)) return 0;
  return Math.max(0, targetAge(p) - p.age_ms);
}

export function isFull(p: Pick<Pending, 'messages' | 'rows' | 'windows' | 'bytes'>): boolean {
  if (p.rows >= MAX_BATCH_ROWS || p.windows >= MAX_BATCH_WINDOWS) return true;
  return p.bytes >= MAX_BATCH_BYTES || p.messages >= MAX_BATCH_MESSAGES;
}

function targetAge(p: Pending): number {
  if (p.behind) return MAX_AGE_BEHIND_MS;
  return Math.min(MAX_AGE_MS, Math.max(MIN_AGE_MS, AGE_PER_CYCLE * p.cycle_ms));
}

const SMOOTHING = 0.3;

export const smoothed = (before_ms: number, last_ms: number): number =>
  before_ms === 0 ? last_ms : before_ms + SMOOTHING * (last_ms - before_ms);

/** Waits between attempts against something that is down: doubling, bounded. */
export const RETRY_FIRST_MS = 100;
export const RETRY_MAX_MS = 5_000;
export const retryDelay = (attempt: number): number =>
  Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(attempt, 16));
