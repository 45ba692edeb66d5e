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
