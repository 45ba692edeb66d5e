/** Collects judged messages of one partition into what one intent can carry, and turns them into containers. */
import { createHash } from 'node:crypto';
import { TRACE_HEADER } from '../../schemas/tracing/context';
import { type Container, container } from '../domain/ingest/container';
import { type Intent, type IntentGroup, MAX_GROUPS, MAX_POISON_TEXT } from '../domain/ingest/intent';
import { encodeOffsets } from '../domain/ingest/offset-set';
import { FRAME_HEADER_BYTES, type Poison, type UsableWriter, type Verdict } from '../domain/ingest/judge';
import { type Memory } from '../domain/ingest/memory';
import { type Block, type Shape } from '../domain/ingest/shape';
import { type LogMessage, type Refused } from './ports';

/** Messages of one writer schema. */
export interface Group {
  messages: LogMessage[];
  /** Sum of the bodies' lengths. */
  bytes: number;
}

export const bodyOf = (message: LogMessage): Buffer => message.value!.subarray(FRAME_HEADER_BYTES);

/** One INSERT. */
export interface PreparedGroup extends IntentGroup {
  readonly container: Container;
  readonly block?: () => Block;
}

export interface Prepared {
  readonly intent: Intent;
  readonly groups: readonly PreparedGroup[];
}

/** What is known of a writer schema. */
export type WriterOf = (schemaId: number) => UsableWriter;

/** Messages of one batch that may be told of as steps of their traces: a sample. */
export const MAX_TRACED = 100;

const HASH_BYTES = 16;
/** Longest text a run adds beside its gap: a dot, a plus, a length. */
const RUN_TEXT = 8;

export class Batch {
  /** One past the last message taken in. */
  to: number;
  messages = 0;
  rows = 0;
  windows = 0;
  bytes = 0;
  /** Stamps of the oldest message taken, for freshness, and of the newest one passed. */
  oldest_ms = Infinity;
  newest_ms = 0;
  /** Some of those that belong to a trace. */
  readonly traced: LogMessage[] = [];
  /** Those that go to the dead letters, with the reason. */
  readonly refused: Refused[] = [];
  /** Offsets that are left out of the inserts; in a batch read again they were refused before. */
  private readonly poison: number[] = [];
  private readonly groups = new Map<number, Group>();
  private poisonText = 0;
  private poisonEnd: number;

  /** @param at now, ms since 1970-01-01 UTC */
  constructor(
    readonly from: number,
    readonly first: boolean,
    readonly at: number,
    readonly shape: Shape,
  ) {
    this.to = from;
    this.poisonEnd = from;
  }

  /** Takes the message in, unless an intent could not carry it: then false, and the batch is closed. */
  add(message: LogMessage, verdict: Exclude<Verdict, { kind: 'needs-schema' }>): boolean {
    if (verdict.kind === 'poison') {
      if (!this.refuse(message, verdict.poison)) return false;
    } else if (verdict.kind === 'good') {
      if (!this.take(message, verdict.schemaId)) return false;
      this.rows += verdict.rows;
      this.windows += verdict.windows;
    }
    this.pass(message);
    return true;
  }

  /** Passes over a message that an intent leaves out, or that carries nothing. */
  leaveOut(message: LogMessage): void {
    this.poison.push(message.offset);
    this.pass(message);
  }

  private take(message: LogMessage, schemaId: number): boolean {
    let group = this.groups.get(schemaId);
    if (!group) {
      if (this.groups.size >= MAX_GROUPS) return false;
      this.groups.set(schemaId, (group = { messages: [], bytes: 0 }));
    }
    group.messages.push(message);
    if (TRACE_HEADER in message.headers && this.traced.length < MAX_TRACED) this.traced.push(message);
    group.bytes += message.value!.length - FRAME_HEADER_BYTES;
    this.oldest_ms = Math.min(this.oldest_ms, message.timestamp);
    return true;
  }

  private refuse(message: LogMessage, poison: Poison): boolean {
    if (message.offset !== this.poisonEnd || this.poisonText === 0) {
      const text = (message.offset - this.poisonEnd).toString(36).length + RUN_TEXT;
      if (this.poisonText + text > MAX_POISON_TEXT) return false;
      this.poisonText += text;
    }
    this.poisonEnd = message.offset + 1;
    this.refused.push({ message, poison });
    this.poison.push(message.offset);
    return true;
  }

  private pass(message: LogMessage): void {
    this.to = message.offset + 1;
    this.newest_ms = Math.max(this.newest_ms, message.timestamp);
    this.messages++;
    this.bytes += message.value?.length ?? 0;
  }

  schemaIds(): number[] {
    return [...this.groups.keys()].sort((a, b) => a - b);
  }

  /** Messages of one writer schema, in offset order. */
  groupOf(schemaId: number): Group {
    const group = this.groups.get(schemaId);
    if (!group) throw new RangeError(`no messages of schema ${schemaId}`);
    return group;
  }

  /** Whether an intent can still say that these are left out. */
  canExclude(offsets: readonly number[]): boolean {
    const poison = [...this.poison, ...offsets].sort((a, b) => a - b);
    return encodeOffsets(this.from, poison).length <= MAX_POISON_TEXT;
  }

  /** Leaves out messages that were taken in. */
  exclude(schemaId: number, offsets: readonly number[]): LogMessage[] {
    const group = this.groupOf(schemaId);
    const out = new Set(offsets);
    const excluded = group.messages.filter((m) => out.has(m.offset));
    group.messages = group.messages.filter((m) => !out.has(m.offset));
    group.bytes = group.messages.reduce((sum, m) => sum + bodyOf(m).length, 0);
    if (group.messages.length === 0) this.groups.delete(schemaId);
    this.poison.push(...offsets);
    return excluded;
  }

  prepare(writerOf: WriterOf, memory?: Memory): Prepared {
    const allocate = memory && ((n: number) => Buffer.from(memory.take(n), 0, n));
    const groups = this.schemaIds().map((schemaId): PreparedGroup => {
      const { messages, bytes } = this.groupOf(schemaId);
      const { header, layouts } = writerOf(schemaId);
      const made = container(header, messages.map(bodyOf), bytes, allocate);
      const hash = digest(made.bodies, messages.length);
      const block = layouts && (() => layouts[this.shape](made.bodies, messages.length));
      return { schemaId, messages: messages.length, hash, container: made, ...(block && { block }) };
    });
    const intent: Intent = {
      from: this.from,
      to: this.to,
      groups: groups.map(({ schemaId, messages, hash }) => ({ schemaId, messages, hash })),
      poison: [...this.poison].sort((a, b) => a - b),
      first: this.first,
      at: this.at,
      shape: this.shape,
    };
    return { intent, groups };
  }
}

/** Digest of the concatenated bodies and of how many they are. */
function digest(bodies: Buffer, count: number): string {
  const hash = createHash('sha256').update(bodies).update(String(count)).digest();
  return hash.subarray(0, HASH_BYTES).toString('base64url');
}
