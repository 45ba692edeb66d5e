/**
 * The seam between a field protocol and the rest of the agent. An adapter folder holds codec.ts and plan.ts (pure) and
 * adapter.ts (the socket). Every adapter passes test/contract/adapter.
 */
import { type ConnectionPlan } from './core/compile/plan';

/** A value as the field gave it, already converted to the point's kind, not yet scaled. */
export type FieldValue = number | bigint | string | boolean;

export interface Sample {
  /** Device and metric names of the profile. */
  readonly device: string;
  readonly metric: string;
  /** ms since 1970-01-01 UTC; the device's own time where the protocol carries one, otherwise the adapter's clock. */
  readonly at: number;
  /** Absent when the quality is bad and nothing was read. */
  readonly value?: FieldValue;
  /** schemas/quality.ts */
  readonly quality: number;
  /** From the field's own history, after an outage: reported, but no rule acts on it. */
  readonly past?: boolean;
}

/**
 * Samples taken together. `ack` is called once, after every reading made of them is durable on this machine
 * (or was dropped by a rule of the profile): only then may a protocol that acknowledges do so.
 */
export interface SampleBatch {
  readonly samples: readonly Sample[];
  /** What the adapter must know of the batch after a kill: durable with its readings, together or not at all. */
  readonly receipts?: Receipts;
  ack(): void;
}

/**
 * Numbers by name, names shared by all adapters of an agent: begin them with the connection's. The last number of a name is kept,
 * for ever: take names from a bounded set.
 */
export type Receipts = ReadonlyMap<string, number>;

export type LinkState = 'connecting' | 'connected' | 'disconnected';

export interface LinkEvent {
  readonly kind: 'link';
  /** The device concerned; the whole connection when absent. */
  readonly device?: string;
  readonly state: LinkState;
  readonly at: number;
  /** The error as a whole, causes included. */
  readonly reason?: string;
}

/** What an adapter tells the agent. Both must return at once; back-pressure is `pause()` resolving late. */
export interface AdapterSink {
  samples(batch: SampleBatch): void;
  link(event: LinkEvent): void;
  /** Resolves when the agent can take more; an adapter awaits it before each poll or read. */
  ready(): Promise<void>;
}

export interface WriteRequest {
  readonly device: string;
  readonly metric: string;
  readonly value: FieldValue;
  readonly timeout_ms: number;
}

/** A method of the device, by the point that stands for it. */
export interface CallRequest {
  readonly device: string;
  readonly metric: string;
  /** In the order the device takes them. */
  readonly args: readonly FieldValue[];
  readonly timeout_ms: number;
}

/** What the method gave back, by name; null: a value no reading can carry. */
export type CallAnswer = Readonly<Record<string, FieldValue | null>>;

export type AdapterErrorCode =
  | 'not-connected'
  | 'timeout'
  | 'device-exception'
  | 'bad-response'
  | 'not-writable'
  | 'unknown-point'
  | 'invalid-value'
  | 'closed';

export class AdapterError extends Error {
  constructor(
    readonly code: AdapterErrorCode,
    readonly operation: string,
    message: string,
    readonly hint = '',
    options?: ErrorOptions,
  ) {
    super(`${operation}: ${message}`, options);
    this.name = 'AdapterError';
  }

  /**
   * True when the device certainly did not carry the write out: refused before sending, or answered with an exception.
   * A timeout or a lost link is not certain.
   */
  get certain(): boolean {
    return this.code !== 'timeout' && this.code !== 'closed' && this.code !== 'bad-response';
  }
}

export interface FieldAdapter {
  /** Starts connecting and keeps connecting with backoff until closed; returns at once. */
  start(sink: AdapterSink): void;
  /** Writes one point, throws AdapterError. Does not retry: a blind second write is the caller's decision. */
  write(request: WriteRequest): Promise<void>;
  /** Calls a method once, throws AdapterError. Absent: the protocol has none. */
  call?(request: CallRequest): Promise<CallAnswer>;
  /** Reads one point now, past the poll plan. Throws AdapterError. */
  read(device: string, metric: string, timeout_ms: number): Promise<Sample>;
  /** Devices that are not to be polled nor written from now on; the rest goes on undisturbed. */
  exclude(devices: ReadonlySet<string>): void;
  /**
   * Takes over other devices on the same connection. Those not `changed` go on without losing a sample; nothing more is
   * told of those that are, except by their new plan.
   */
  reconfigure(connection: ConnectionPlan, changed: ReadonlySet<string>): void;
  /** Ends requests under way with `closed`, closes sockets; resolves when nothing is left. */
  close(): Promise<void>;
}
