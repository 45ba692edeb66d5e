import { type Lane, OutboxError } from '../outbox-api';

/** Every bound of the outbox; what happens at each is in deploy/decisions/0200-outbox-format-and-bounds.md. */
export interface OutboxBounds {
  /** Disk a lane may take, bytes. Telemetry gives up its oldest segments, priority refuses. */
  readonly telemetryBytes: number;
  readonly priorityBytes: number;
  /** Size at which a segment is closed, bytes. */
  readonly segmentBytes: number;
  /** Unsynced bytes at which a commit no longer waits for its interval. */
  readonly commitBytes: number;
  /** Shortest time between two commits of a lane that has little to write, ms: spares flash. */
  readonly telemetryCommit_ms: number;
  readonly priorityCommit_ms: number;
  /** Quiet time after which the last block is sealed, ms; seldom, for each seal costs the flash a write. */
  readonly seal_ms: number;
  /** Unsynced bytes of a lane at which `ready()` waits; at twice as many appends are refused. */
  readonly pendingBytes: number;
}

export const DEFAULT_BOUNDS: OutboxBounds = {
  telemetryBytes: 800 * 1024 * 1024,
  priorityBytes: 64 * 1024 * 1024,
  segmentBytes: 8 * 1024 * 1024,
  commitBytes: 256 * 1024,
  telemetryCommit_ms: 50,
  priorityCommit_ms: 5,
  seal_ms: 5_000,
  pendingBytes: 4 * 1024 * 1024,
};

/** Avro body of a record, bytes: below the smallest usual message bound of a broker (1 MB) with room for its framing. */
export const MAX_RECORD_BYTES = 900_000;
/** Records of one append, encoded, bytes. */
export const MAX_APPEND_BYTES = 8 * 1024 * 1024;
/** Raw bytes at which a pending block takes no more appends. */
export const BLOCK_BYTES = 1024 * 1024;
/** Kept written on disk and given back when it is full, so that gaps and results can still be recorded, bytes. */
export const RESERVE_BYTES = 1024 * 1024;
/** A lane must hold more segments than this, so that giving one up leaves the rest. */
const MIN_SEGMENTS = 4;

export const laneBytes = (bounds: OutboxBounds, lane: Lane): number =>
  lane === 'telemetry' ? bounds.telemetryBytes : bounds.priorityBytes;

/** Segments of a lane are small enough for its bound to be kept by whole segments. */
export const segmentBytes = (bounds: OutboxBounds, lane: Lane): number =>
  Math.min(bounds.segmentBytes, Math.floor(laneBytes(bounds, lane) / MIN_SEGMENTS));

export const commitInterval_ms = (bounds: OutboxBounds, lane: Lane): number =>
  lane === 'telemetry' ? bounds.telemetryCommit_ms : bounds.priorityCommit_ms;

/** Throws OutboxError `incompatible` naming the bound that cannot work. */
export function checkBounds(bounds: OutboxBounds): void {
  for (const [name, value] of Object.entries(bounds))
    if (!Number.isSafeInteger(value) || value < 0)
      throw new OutboxError('incompatible', 'open outbox', `${name} is ${value}`, 'give a whole number, not negative');
  const least = 64 * 1024;
  for (const name of ['telemetryBytes', 'priorityBytes', 'segmentBytes', 'pendingBytes'] as const)
    if (bounds[name] < least)
      throw new OutboxError('incompatible', 'open outbox', `${name} is ${bounds[name]}`, `give at least ${least}`);
}
