/** One lane being written: appends are numbered at once, made durable in groups, and taken back together on failure. */
import { type Clock } from '../clock';
import { type Lane, OutboxError, type OutboxRecord } from '../outbox-api';
import {
  type OutboxBounds,
  commitInterval_ms,
  laneBytes,
  MAX_APPEND_BYTES,
  MAX_RECORD_BYTES,
  RESERVE_BYTES,
} from './bounds';
import { type CounterState, type Counters, type Marks, type Stream, writeRecord } from './format';
import { diskError, type OutboxFs } from './fs';
import { type PendingBlock, PendingBlocks } from './pending';
import { SegmentWriter } from './segment-writer';
import { type LaneStart, type Segment } from './segments';

export interface LaneDeps {
  readonly fs: OutboxFs;
  readonly clock: Clock;
  readonly lane: Lane;
  readonly directory: string;
  readonly outbox: string;
  readonly streams: readonly Stream[];
  readonly bounds: OutboxBounds;
  /** Frees at least this much disk if the lane's policy can; false when it cannot. */
  makeRoom(excessBytes: number, reason: 'disk-bound' | 'disk-full'): Promise<boolean>;
  /** Marks worth carrying into a new segment. */
  keepMark(name: string): boolean;
  /** Records became durable. */
  onDurable(): void;
}

const ZERO: CounterState = { seq: 0, readings: 0 };
/** Tries at making room for one block; each frees at least a segment. */
const MAX_ROOM_TRIES = 4;

export class LaneWriter {
  readonly segments: Segment[];
  /** Last error of the disk; cleared by the next durable append. */
  error: OutboxError | undefined;
  commits = 0;
  private readonly durable: Map<string, CounterState>;
  private readonly drawn = new Map<string, CounterState>();
  private readonly marks: Map<string, number>;
  private readonly pending = new PendingBlocks();
  private readonly file: SegmentWriter;
  private readonly streamIds: ReadonlyMap<string, number>;
  private nextIndexDurable: number;
  private nextNumber: number;
  private running: Promise<void> | undefined;
  private beingWritten_bytes = 0;
  private lastCommitAt = Number.NEGATIVE_INFINITY;
  private readonly readyWaiters: (() => void)[] = [];
  private hurry: (() => void) | undefined;
  private closed = false;

  constructor(
    private readonly deps: LaneDeps,
    start: LaneStart,
  ) {
    this.segments = start.segments;
    this.durable = new Map(start.counters);
    this.marks = new Map(start.marks);
    this.nextIndexDurable = start.nextIndex;
    this.nextNumber = start.nextNumber;
    this.streamIds = new Map(deps.streams.map((s, i) => [s.topic, i]));
    this.file = new SegmentWriter(deps.fs, deps.directory);
    const newest = start.segments.at(-1);
    if (start.resume && newest) this.file.resume(newest, start.resume, deps.streams);
  }

  get nextIndex(): number {
    return this.nextIndexDurable;
  }

  get bytes(): number {
    return this.segments.reduce((n, s) => n + s.bytes, 0);
  }

  mark(name: string): number | undefined {
    return this.marks.get(name);
  }

  state(counter: string): CounterState {
    return this.drawn.get(counter) ?? this.durable.get(counter) ?? ZERO;
  }

  durableCounters(): Counters {
    return this.durable;
  }

  append(records: readonly OutboxRecord[], marks?: Marks): Promise<readonly number[]> {
    if (this.closed) return Promise.reject(closedError());
    if (this.pending.bytes + this.beingWritten_bytes >= 2 * this.deps.bounds.pendingBytes)
      return Promise.reject(this.overloaded());
    const block = this.pending.open();
    let seqs: number[];
    try {
      seqs = this.number(block, records);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    if (marks) for (const [name, value] of marks) block.marks.set(name, value);
    const durable = new Promise<readonly number[]>((resolve, reject) =>
      block.waiters.push({ resolve: () => resolve(seqs), reject }),
    );
    if (this.pending.bytes >= this.deps.bounds.commitBytes) this.hurry?.();
    this.running ??= this.run();
    return durable;
  }

  /** Resolves when little enough is unsynced. */
  ready(): Promise<void> {
    if (!this.crowded) return Promise.resolve();
    return new Promise((resolve) => this.readyWaiters.push(resolve));
  }

  /** Resolves when everything appended so far is settled one way or the other. */
  async idle(): Promise<void> {
    while (this.running) {
      this.hurry?.();
      await this.running;
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.idle();
    await this.file.close();
  }

  private get crowded(): boolean {
    return this.pending.bytes + this.beingWritten_bytes >= this.deps.bounds.pendingBytes;
  }

  private number(block: PendingBlock, records: readonly OutboxRecord[]): number[] {
    const start = block.writer.length;
    const before = new Map<string, CounterState>();
    const seqs: number[] = [];
    try {
      for (const record of records) {
        const last = this.state(record.counter);
        if (!before.has(record.counter)) before.set(record.counter, last);
        const seq = last.seq + 1;
        this.write(block, record, seq);
        this.drawn.set(record.counter, { seq, readings: last.readings + record.readings });
        seqs.push(seq);
      }
      if (block.writer.length - start > MAX_APPEND_BYTES)
        throw tooLarge('append-too-large', block.writer.length - start);
    } catch (error) {
      block.writer.rewind(start);
      for (const [counter, state] of before) this.drawn.set(counter, state);
      throw error;
    }
    for (const counter of before.keys()) block.counters.set(counter, this.state(counter));
    block.count += records.length;
    return seqs;
  }

  private write(block: PendingBlock, record: OutboxRecord, seq: number): void {
    const stream = this.streamIds.get(record.topic);
    if (stream === undefined) throw unknownTopic(record.topic, this.deps.lane);
    const body = record.encode(seq);
    if (body.length > MAX_RECORD_BYTES) throw tooLarge('record-too-large', body.length);
    const { counter, key, readings } = record;
    writeRecord(block.writer, { stream, counter, key, seq, readings, body });
  }

  /** Commits until nothing is pending. */
  private async run(): Promise<void> {
    while (!this.pending.empty) {
      await this.pause();
      const block = this.pending.take();
      if (!block) break;
      this.beingWritten_bytes = block.bytes;
      this.lastCommitAt = this.deps.clock.monotonic();
      try {
        await this.commit(block);
        this.succeed(block);
      } catch (cause) {
        this.fail(diskError(`append to ${this.deps.lane}`, cause), [block, ...this.pending.takeAll()]);
      }
      this.beingWritten_bytes = 0;
      if (!this.crowded) for (const resolve of this.readyWaiters.splice(0)) resolve();
    }
    this.running = undefined;
  }

  /** The first append after a quiet time goes at once; a steady stream is grouped. */
  private async pause(): Promise<void> {
    const { clock, bounds, lane } = this.deps;
    const wait = this.lastCommitAt + commitInterval_ms(bounds, lane) - clock.monotonic();
    if (wait <= 0 || this.closed || this.pending.bytes >= bounds.commitBytes) return void (await Promise.resolve());
    const early = new AbortController();
    this.hurry = () => early.abort();
    await clock.sleep(wait, early.signal);
    this.hurry = undefined;
  }

  private async commit(block: PendingBlock): Promise<void> {
    const payload = block.payload();
    for (let tries = 1; ; tries++) {
      await this.keepBound(payload.length, block.marks.size > 0 ? RESERVE_BYTES : 0);
      try {
        return await this.writeBlock(payload, block);
      } catch (cause) {
        await this.file.abandon();
        const error = diskError(`append to ${this.deps.lane}`, cause);
        if (error.code !== 'disk-full' || tries >= MAX_ROOM_TRIES) throw error;
        if (!(await this.deps.makeRoom(payload.length, 'disk-full'))) throw error;
      }
    }
  }

  /** Gaps have room beyond the bound: without them on record telemetry could not make room. */
  private async keepBound(bytes: number, allowance: number): Promise<void> {
    const { bounds, lane } = this.deps;
    const excess = this.bytes + bytes - laneBytes(bounds, lane) - allowance;
    if (excess <= 0 || (await this.deps.makeRoom(excess, 'disk-bound'))) return;
    const hint = lane === 'priority' ? 'is the stream reachable? results and alarms wait here' : 'raise the disk bound';
    throw new OutboxError('disk-bound', `append to ${lane}`, `the lane is ${excess} bytes over its bound`, hint);
  }

  private async writeBlock(payload: Buffer, block: PendingBlock): Promise<void> {
    const { outbox, lane, streams, clock, bounds } = this.deps;
    const at = Math.max(0, Math.trunc(clock.now()));
    if (this.file.fits(payload.length, bounds, lane))
      return this.file.add(payload, block.count, this.nextIndexDurable, at);
    await this.file.close();
    const marks = new Map([...this.marks].filter(([name]) => this.deps.keepMark(name)));
    const place = { number: this.nextNumber++, firstIndex: this.nextIndexDurable, createdAt: at };
    const header = { outbox, lane, ...place, counters: this.durable, marks, streams };
    this.segments.push(await this.file.start(header, payload, block.count));
  }

  private succeed(block: PendingBlock): void {
    for (const [counter, state] of block.counters) this.durable.set(counter, state);
    for (const [name, value] of block.marks) this.marks.set(name, value);
    this.nextIndexDurable += block.count;
    const newest = this.segments.at(-1);
    if (newest) newest.endIndex = this.nextIndexDurable;
    this.error = undefined;
    this.commits++;
    for (const waiter of block.waiters) waiter.resolve();
    this.deps.onDurable();
  }

  /** Takes back everything that is not durable: its numbers were seen by nobody and are drawn again. */
  private fail(error: OutboxError, blocks: readonly PendingBlock[]): void {
    this.error = error;
    this.drawn.clear();
    for (const block of blocks) for (const waiter of block.waiters) waiter.reject(error);
  }

  private overloaded(): OutboxError {
    const message = `${this.pending.bytes + this.beingWritten_bytes} bytes wait for the disk`;
    return new OutboxError(
      'overloaded',
      `append to ${this.deps.lane}`,
      message,
      'wait for ready() before the next append',
    );
  }
}

const closedError = (): OutboxError => new OutboxError('closed', 'append', 'the outbox is closed', 'open it again');

function tooLarge(code: 'record-too-large' | 'append-too-large', bytes: number): OutboxError {
  const bound = code === 'record-too-large' ? MAX_RECORD_BYTES : MAX_APPEND_BYTES;
  return new OutboxError(code, 'append', `${bytes} bytes, the bound is ${bound}`, 'put fewer readings into one');
}

function unknownTopic(topic: string, lane: Lane): OutboxError {
  return new OutboxError(
    'incompatible',
    'append',
    `${topic} is no stream of the ${lane} lane`,
    'declare it when opening',
  );
}
