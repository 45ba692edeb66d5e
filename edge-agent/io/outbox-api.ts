/** The seam between the agent's core and its durable outbox (DESIGN.md §4.1). */
import { type EventName } from '../../schemas/topics';

/**
 * telemetry: readings, first to go when the disk bound is reached, oldest first.
 * priority: command results, alarms, sessions, points, gaps: outlive telemetry.
 */
export type Lane = 'telemetry' | 'priority';

export interface OutboxRecord {
  readonly lane: Lane;
  readonly topic: string;
  readonly schema: EventName;
  readonly key: string;
  /** Counter the sequence number is drawn from: the device id for telemetry, the lane's own for the rest. */
  readonly counter: string;
  /** Readings in the record, for accounting. */
  readonly readings: number;
  /** Durable with the record, together or not at all; given back by `receipts`. Only in the lane of telemetry. */
  readonly receipts?: ReadonlyMap<string, number>;
  /** Avro body with the sequence number assigned; called once, synchronously. */
  encode(seq: number): Buffer;
}

export interface Outbox {
  /**
   * Appends and resolves with the sequence numbers once the records are durable (fdatasync). Group commit: bounded
   * delay and bytes. Rejects with OutboxError, and then none of the records is in the outbox.
   */
  append(records: readonly OutboxRecord[]): Promise<readonly number[]>;
  /** Resolves when the unsynced bytes are under the bound; the back-pressure an adapter feels. */
  ready(): Promise<void>;
  /** Last sequence number drawn from a counter, 0 when none. */
  lastSeq(counter: string): number;
  close(): Promise<void>;
}

/** Counter of everything in the priority lane; no device can be called so. */
export const PRIORITY_COUNTER = '#priority';

export type OutboxErrorCode =
  | 'locked'
  | 'lock-unavailable'
  | 'record-too-large'
  | 'append-too-large'
  | 'overloaded'
  | 'disk-bound'
  | 'disk-full'
  | 'read-only'
  | 'io'
  | 'incompatible'
  | 'corrupt'
  | 'closed';

export class OutboxError extends Error {
  constructor(
    readonly code: OutboxErrorCode,
    readonly operation: string,
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(`${operation}: ${message}`, options);
    this.name = 'OutboxError';
  }

  /** True when the same append may succeed later without anybody changing the record. */
  get recoverable(): boolean {
    return RECOVERABLE.has(this.code);
  }
}

const RECOVERABLE: ReadonlySet<OutboxErrorCode> = new Set(['overloaded', 'disk-bound', 'disk-full', 'read-only', 'io']);

/** A record as the outbox keeps it, durable, on its way to the stream. */
export interface StoredRecord {
  /** Place in the lane, 0.., never reused. */
  readonly index: number;
  readonly lane: Lane;
  readonly topic: string;
  readonly schema: EventName;
  /** Writer schema of the body, as it was when the record was appended. */
  readonly avsc: object;
  readonly key: string;
  readonly counter: string;
  readonly seq: number;
  readonly readings: number;
  /** Agent's clock at the append, ms since 1970-01-01 UTC. */
  readonly at: number;
  readonly body: Buffer;
}

export interface StoredBatch {
  readonly records: readonly StoredRecord[];
  /** Where to read on. Beyond the last record's index + 1 when records in between were given up. */
  readonly next: number;
}

export interface ReadBounds {
  readonly maxRecords: number;
  /** Bytes of bodies; one record is always returned even when it is larger. */
  readonly maxBytes: number;
}

export interface LaneStatus {
  /** Index of the oldest record kept and of the next one to be durable. */
  readonly first: number;
  readonly next: number;
  /** `next` when the outbox was opened: nothing beyond it can be on the stream already. */
  readonly found: number;
  readonly bytes: number;
  /** Last error of the disk, undefined when the last append went well. */
  readonly error?: OutboxError;
}

/** Half-open range of indices of a lane. */
export interface IndexRange {
  readonly from: number;
  readonly to: number;
}

/** What of a lane is on the stream: everything below `next`, and the ranges, ascending, apart, all above `next`. */
export interface ShippedCursor {
  readonly next: number;
  readonly ranges: readonly IndexRange[];
}

/** The shipper's side of the outbox. Indices come and go; the truth about what was shipped is on the stream. */
export interface OutboxReader {
  /**
   * Durable records of a lane from an index on; empty when there are none yet. What was read is not evicted until
   * `release`: it is under way to the stream, and must not be declared lost meanwhile.
   */
  read(lane: Lane, from: number, bounds: ReadBounds): Promise<StoredBatch>;
  /** Resolves when a record of any lane becomes durable, after timeout_ms, or early when the signal is given. */
  waitForMore(timeout_ms: number, signal?: AbortSignal): Promise<void>;
  status(lane: Lane): LaneStatus;
  /** Appended at, of the record at this index or the first one after it; undefined when there is none. */
  appendedAt(lane: Lane, index: number): Promise<number | undefined>;
  release(lane: Lane): void;
  /** What is on the stream may go from the disk, by whole segments; the newest stays, it holds the counters. */
  settled(lane: Lane, shipped: ShippedCursor): Promise<void>;
  /** Names this outbox; another disk gives another name. */
  readonly id: string;
}
