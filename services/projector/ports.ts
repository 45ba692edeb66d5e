/** What a partition's worker needs of the outside. Real: kafka/ and sink.ts; in tests: a simulated cluster that crashes. */
import { type Container } from '../domain/ingest/container';
import { type Intent } from '../domain/ingest/intent';
import { type Poison, type Writer } from '../domain/ingest/judge';
import { type LedgerHead } from '../domain/ingest/recovery';
import { type Block } from '../domain/ingest/shape';
import { type Projection } from './projections';

export interface Clock {
  /** ms since 1970-01-01 UTC. */
  now(): number;
  /** Resolves after the time, or as soon as the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface LogMessage {
  readonly offset: number;
  /** ms since 1970-01-01 UTC, as the producer or the broker stamped it. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer>>;
}

/** Messages of one partition in offset order, committed ones only. */
export interface Chunk {
  readonly messages: readonly LogMessage[];
  /** Bytes of memory the chunk holds, about. */
  readonly bytes: number;
  /** Offset after the last record read, control records and aborted messages included. */
  readonly position: number;
  /** End of what may be read now. */
  readonly high: number;
  /** When it arrived, by the clock. */
  readonly arrived_at: number;
}

export interface Feed {
  /** A chunk has arrived and was not taken yet. */
  readonly ready: boolean;
  /** The next chunk; undefined when none came within the time. */
  next(wait_ms: number, signal: AbortSignal): Promise<Chunk | undefined>;
  /** Says that the chunk's memory is free again. */
  release(bytes: number): void;
  close(): void;
}

export interface Log {
  /** Offsets of the first record kept and after the last one that may be read. */
  watermarks(topic: string, partition: number): Promise<{ low: number; high: number }>;
  open(topic: string, partition: number, from: number): Feed;
  /** True when buffers of all partitions together are at their bound: batches are cut early. */
  crowded(): boolean;
}

/** One generation of the group. Everything it commits is refused once a newer one exists. */
export interface Generation {
  /** Aborts when the generation ends. */
  readonly signal: AbortSignal;
  committed(topic: string, partition: number): Promise<{ offset: number; metadata: string } | undefined>;
  /** Throws ProjectorError `fenced` when the generation is over, anything else when the outcome is not known. */
  commit(topic: string, partition: number, offset: number, metadata: string): Promise<void>;
}

export interface LedgerEntry {
  readonly topic: string;
  readonly partition: number;
  readonly intent: Intent;
  readonly messages: number;
  readonly rows: number;
  readonly bytes: number;
}

/** What one INSERT carries: records in a container, or what they are laid out as where that can be done. */
export interface Records {
  readonly container: Container;
  readonly messages: number;
  readonly block?: () => Block;
}

export interface Sink {
  /** Throws SinkError. */
  insert(table: string, records: Records, token: string): Promise<void>;
  /**
   * Whether the engine can read the bytes; writes nothing. `doubted` means that it failed in a way that may mean
   * anything. Throws SinkError `wait`.
   */
  probe(table: string, container: Container): Promise<'taken' | 'refused' | 'doubted'>;
  record(entry: LedgerEntry, token: string): Promise<void>;
  /** Inserts that the ledger has of the topic since then, all partitions together. */
  insertsSince(topic: string, since_ms: number): Promise<number>;
  ledgerHead(topic: string, partition: number): Promise<LedgerHead | undefined>;
}

export interface Refused {
  readonly message: LogMessage;
  readonly poison: Poison;
}

export interface DeadLetters {
  /** Resolves when all of them are in the log. */
  send(topic: string, partition: number, refused: readonly Refused[]): Promise<void>;
}

export interface Writers {
  known(projection: Projection, schemaId: number): Writer | undefined;
  /** Fetches what is known of the schema id. Throws when the registry cannot say. */
  learn(projection: Projection, schemaId: number): Promise<Writer>;
}
