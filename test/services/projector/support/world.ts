/**
 * A log, a group, tables and a registry in memory, and projector processes that may die, stall or lose an answer at any
 * call. What the world knows survives; what a process knows does not.
 */
import { typeOf } from '../../../../schemas/codec';
import { type Container } from '../../../../services/domain/ingest/container';
import { contentHash } from '../../../../services/domain/ingest/intent';
import { type Writer } from '../../../../services/domain/ingest/judge';
import { type LedgerHead } from '../../../../services/domain/ingest/recovery';
import { ProjectorError, SinkError } from '../../../../services/projector/errors';
import { type Chunk, type LedgerEntry, type LogMessage, type Refused } from '../../../../services/projector/ports';
import { type Projection } from '../../../../services/projector/projections';
import { writerFor } from '../../../../services/projector/writers';
import { type VirtualTime } from './virtual-time';

export class SimLog {
  readonly messages: LogMessage[] = [];
  low = 0;
  high = 0;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly time: VirtualTime) {}

  append(value: Buffer | null, key: Buffer | null = null): number {
    const offset = this.high++;
    this.messages.push({ offset, timestamp: this.time.now(), key, value, headers: {} });
    this.arrived();
    return offset;
  }

  /** A control record, or an aborted transaction's: an offset that nobody is given. */
  skip(n = 1): void {
    this.high += n;
    this.arrived();
  }

  /** Resolves when something is written, as a fetch does; or after the time, or when the reader is given up. */
  arrival(wait_ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.time.cancel(timer);
        this.waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.time.after(wait_ms, done);
      this.waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  private arrived(): void {
    for (const done of [...this.waiting]) done();
  }

  read(from: number, max: number, now: number): Chunk | undefined {
    if (from >= this.high) return undefined;
    const messages = this.messages.filter((m) => m.offset >= from).slice(0, max);
    const last = messages.at(-1);
    const complete = !last || !this.messages.some((m) => m.offset > last.offset);
    const position = complete ? this.high : last.offset + 1;
    const bytes = messages.reduce((sum, m) => sum + (m.value?.length ?? 0), 0);
    return { messages, bytes, position, high: this.high, arrived_at: now };
  }

  /** Forgets messages of which a later one has the same key. */
  compact(): void {
    const newest = new Map(this.messages.map((m) => [String(m.key), m.offset]));
    const kept = this.messages.filter((m) => newest.get(String(m.key)) === m.offset);
    this.messages.splice(0, this.messages.length, ...kept);
  }
}

export class SimGroup {
  generation = 0;
  readonly commits = new Map<string, { offset: number; metadata: string }>();

  commit(generation: number, key: string, offset: number, metadata: string): void {
    if (generation !== this.generation) throw new ProjectorError('fenced', 'commit', 'an older generation', '');
    expect(metadata.length).toBeLessThanOrEqual(4096);
    this.commits.set(key, { offset, metadata });
  }
}

/** One landing table fans out to several tables; each remembers its own tokens, and each may be reached or not. */
export class SimTables {
  readonly targets = ['readings', 'readings_1m', 'readings_1d'].map((name) => ({
    name,
    tokens: [] as string[],
    rows: new Map<string, number>(),
  }));
  readonly ledger: (LedgerEntry & { at: number })[] = [];
  private readonly ledgerTokens = new Set<string>();
  inserts = 0;
  dropped = 0;

  constructor(
    private readonly time: VirtualTime,
    /** Tokens that a table remembers. */
    private readonly memory: number,
  ) {}

  /** Reaches `targets` of the tables before it fails. The token is the projector's and the way the rows come by. */
  insert(container: Container, token: string, targets: number): void {
    const rows = decode(container);
    if (rows.some((r) => r.device_id === REFUSED)) throw new SinkError('insert', 117, 'refused');
    this.inserts++;
    for (const target of this.targets.slice(0, targets)) {
      if (target.tokens.includes(token)) {
        this.dropped++;
        continue;
      }
      target.tokens.push(token);
      if (target.tokens.length > this.memory) target.tokens.shift();
      for (const r of rows) {
        const key = `${r.device_id}/${r.seq}`;
        target.rows.set(key, (target.rows.get(key) ?? 0) + 1);
      }
    }
  }

  record(entry: LedgerEntry, token: string): void {
    if (this.ledgerTokens.has(token)) return;
    this.ledgerTokens.add(token);
    this.ledger.push({ ...entry, at: this.time.now() });
  }

  head(topic: string, partition: number): LedgerHead | undefined {
    const own = this.ledger.filter((e) => e.topic === topic && e.partition === partition);
    const last = own.sort((a, b) => a.intent.to - b.intent.to).at(-1);
    return last && { from: last.intent.from, to: last.intent.to, hash: contentHash(last.intent) };
  }

  since(topic: string, at: number): number {
    return this.ledger.filter((e) => e.topic === topic && e.at >= at).reduce((n, e) => n + e.intent.groups.length, 0);
  }
}

/** A device whose frames fit the schema but not the engine. */
export const REFUSED = 'refused-by-the-engine';

export function decode(container: Container): { device_id: string; seq: number }[] {
  const type = typeOf('telemetry-frame');
  const rows: { device_id: string; seq: number }[] = [];
  for (let at = 0; at < container.bodies.length;) {
    const { value, offset } = type.decode(container.bodies, at) as { value: unknown; offset: number };
    if (offset < 0) throw new SinkError('insert', 32, 'EOF reached');
    rows.push(value as { device_id: string; seq: number });
    at = offset;
  }
  return rows;
}

export class World {
  readonly logs = new Map<string, SimLog>();
  readonly group = new SimGroup();
  readonly tables: SimTables;
  readonly deadLetters: (Refused & { topic: string; partition: number })[] = [];
  readonly schemas = new Map<number, object>();

  constructor(
    readonly time: VirtualTime,
    memory = 10_000,
  ) {
    this.tables = new SimTables(time, memory);
  }

  log(topic: string, partition: number): SimLog {
    const key = `${topic}:${partition}`;
    let log = this.logs.get(key);
    if (!log) this.logs.set(key, (log = new SimLog(this.time)));
    return log;
  }

  writer(projection: Projection, schemaId: number): Writer {
    const schema = this.schemas.get(schemaId);
    return schema ? writerFor(projection, schema) : { code: 'unknown-schema', reason: 'not in the registry' };
  }
}
