/** Decides whether a message may go to the tables, or to the dead letters and why. */
import { Cursor } from './cursor';
import { type Layouts } from './shape';
import { Seen, type Walker } from './walk';
import { walk } from './walker';

/** Closed: the codes of m2m.dead-letters. */
export const POISON_CODES = [
  'unknown-schema',
  'truncated',
  'undecodable',
  'wrong-schema',
  'out-of-range',
  'refused',
] as const;
export type PoisonCode = (typeof POISON_CODES)[number];

export interface Poison {
  readonly code: PoisonCode;
  readonly reason: string;
}

/** What is known of a writer schema: how to walk its bodies, or why none of them may go in. */
export type Writer = UsableWriter | Poison;

export interface UsableWriter {
  readonly walker: Walker;
  /** Of an Avro object container. */
  readonly header: Buffer;
  /** Where the landing table takes columns, and the schema can be laid out as such. */
  readonly layouts?: Layouts;
}

export type Verdict =
  | { readonly kind: 'good'; readonly schemaId: number; readonly rows: number; readonly windows: number }
  | { readonly kind: 'poison'; readonly poison: Poison }
  /** Carries nothing to project: a tombstone of a compacted topic. */
  | { readonly kind: 'empty' }
  /** The writer schema must be fetched first; then judge again. */
  | { readonly kind: 'needs-schema'; readonly schemaId: number };

export const FRAME_HEADER_BYTES = 5;
/** Readings older than this are a clock that was never set, not history. The landing table holds the same bounds. */
export const EARLIEST_MS = Date.UTC(2000, 0, 1);
/** Readings further ahead than this are a clock that runs wild. */
export const MAX_AHEAD_MS = 366 * 24 * 3_600_000;

const MINUTE_MS = 60_000;

/** One per partition: it keeps a cursor. */
export class Judge {
  private readonly cursor = new Cursor();
  private readonly seen = new Seen();
  /** The writer that judged the message before: of a usable one everything is known for good. */
  private last: { readonly schemaId: number; readonly writer: Writer } | undefined;

  /**
   * @param writers what is known of a schema id; undefined when it was never fetched
   * @param compacted whether a null value is a tombstone rather than an error
   * @param since_ms records of topics that are not compacted carry nothing when their own time is before it
   */
  constructor(
    private readonly writers: (schemaId: number) => Writer | undefined,
    private readonly compacted: boolean,
    private readonly since_ms = -Infinity,
  ) {}

  /** The same message and the same `now` always give the same verdict. */
  judge(value: Buffer | null, now_ms: number): Verdict {
    if (value === null) return this.compacted ? EMPTY : poison('undecodable', 'the message has no value');
    if (value.length < FRAME_HEADER_BYTES || value[0] !== 0)
      return poison('undecodable', `no Confluent header in ${value.length} bytes`);
    const schemaId = value.readUInt32BE(1);
    const writer = this.writerOf(schemaId);
    if (!writer) return { kind: 'needs-schema', schemaId };
    if (!('walker' in writer)) return { kind: 'poison', poison: writer };
    const rows = walk(writer.walker, this.cursor, this.seen, value, FRAME_HEADER_BYTES, value.length);
    if (rows < 0) return this.misfit(value);
    if (!this.compacted && this.seen.at < this.since_ms) return EMPTY;
    return this.absurd(now_ms) ?? { kind: 'good', schemaId, rows, windows: this.windowsOf(rows) };
  }

  private writerOf(schemaId: number): Writer | undefined {
    if (this.last?.schemaId === schemaId) return this.last.writer;
    const writer = this.writers(schemaId);
    if (writer && 'walker' in writer) this.last = { schemaId, writer };
    return writer;
  }

  /** Windows of a minute that its readings lie in, at most; what they share with other frames is counted for each. */
  private windowsOf(rows: number): number {
    const { series, minDt, maxDt } = this.seen;
    return Math.min(rows, series * (2 + Math.floor((maxDt - minDt) / MINUTE_MS)));
  }

  private misfit(value: Buffer): Verdict {
    const { pos } = this.cursor;
    if (pos > value.length) return poison('truncated', `the body ends ${pos - value.length} bytes too soon`);
    if (pos === value.length) return poison('truncated', 'the body ends before the record does');
    return poison('undecodable', `the body is not one record of its schema (byte ${pos} of ${value.length})`);
  }

  /** What the landing table would refuse, and with it everything else in the insert. */
  private absurd(now_ms: number): Verdict | undefined {
    const { ts, at, minDt, maxDt, ragged, nameless } = this.seen;
    if (ragged) return poison('undecodable', 'dt, value and quality of a series differ in length');
    if (ts !== ts) return undefined;
    if (nameless) return poison('out-of-range', 'tenant or device_id is empty');
    const latest = now_ms + MAX_AHEAD_MS;
    const timely = (ms: number): boolean => ms >= EARLIEST_MS && ms <= latest;
    if (!timely(ts + minDt) || !timely(ts + maxDt))
      return poison('out-of-range', `readings from ${isoOf(ts + minDt)} to ${isoOf(ts + maxDt)}`);
    return timely(at) ? undefined : poison('out-of-range', `received at ${isoOf(at)}`);
  }
}

const EMPTY: Verdict = { kind: 'empty' };

const poison = (code: PoisonCode, reason: string): Verdict => ({ kind: 'poison', poison: { code, reason } });

const isoOf = (ms: number): string => (Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : `${ms} ms`);
