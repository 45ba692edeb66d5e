/** What a shipper needs, tells and fails with. */
import { type Clock } from '../clock';
import { type Lane, type OutboxReader, type ShippedCursor, type StoredRecord } from '../outbox-api';
import { type FailureKind } from './classify';
import { type HintStore } from './hint';
import { type StreamLink } from './link';
import { type SchemaIdSource } from './schema-ids';
import { type ShipTraces } from './traces';

export type ShipperErrorCode = 'fenced' | 'foreign-outbox' | 'outbox-behind' | 'stalled';

export class ShipperError extends Error {
  constructor(
    readonly code: ShipperErrorCode,
    readonly operation: string,
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(`${operation}: ${message}`, options);
    this.name = 'ShipperError';
  }
}

export type ShipperState = 'stopped' | 'connecting' | 'idle' | 'shipping' | 'backing-off' | 'fenced';

export type ShipperEvent =
  | { readonly kind: 'connected'; readonly resumed: Readonly<Record<Lane, { next: number; because: string }>> }
  | { readonly kind: 'failed'; readonly failure: FailureKind; readonly error: unknown; readonly wait_ms: number }
  | { readonly kind: 'dead-lettered'; readonly record: StoredRecord; readonly reason: string };

export interface ShipperOptions {
  readonly agentId: string;
  readonly outbox: OutboxReader;
  readonly link: StreamLink;
  readonly schemaIds: SchemaIdSource;
  readonly hint: HintStore;
  readonly clock: Clock;
  readonly random: () => number;
  /** Absent: nothing is traced. */
  readonly traces?: ShipTraces | undefined;
  onEvent(event: ShipperEvent): void;
  /** The stream has less than it acknowledged: it was put back to an earlier moment, and ships what came after it again. */
  onForgotten?(): void;
  /** This agent must not go on: another copy of it is shipping. */
  onFatal(error: ShipperError): void;
}

export interface ShipperStatus {
  readonly state: ShipperState;
  /** What is the matter now; undefined when nothing is. */
  readonly failure: FailureKind | undefined;
  /** With its causes. */
  readonly lastError: string | undefined;
  readonly failures: number;
  readonly transactions: number;
  readonly deadLetters: number;
  readonly records: Readonly<Record<Lane, number>>;
  readonly readings: number;
  readonly bytes: number;
  readonly lastShippedAt: number | undefined;
  readonly cursors: Readonly<Record<Lane, ShippedCursor>>;
}
