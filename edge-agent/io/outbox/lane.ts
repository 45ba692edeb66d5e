/** One lane being written: appends are numbered at once, made durable in groups, and taken back together on failure. */
import { type Clock } from '../clock';
import { type Lane, OutboxError, type OutboxRecord } from '../outbox-api';
import { type OutboxBounds, commitInterval_ms, laneBytes, RESERVE_BYTES } from './bounds';
import { type CounterState, type Counters, encodeMarks, type Marks, type Stream } from './format';
import { diskError, type OutboxFs } from './fs';
import { Numbering } from './numbering';
import { type PendingBlock, PendingBlocks } from './pending';
import { sealMarks } from './seal';
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

/** What marks of receipts begin with. */
const RECEIPT = 'receipt:';
/** Tries at making room for one block; each frees at least a segment. */
const MAX_ROOM_TRIES = 4;

export class LaneWriter {
  readonly segments: Segment[];
  /** Next index when the lane was opened. */
  readonly found: number;
  /** Last error of the disk; cleared by the next durable append. */
  error: OutboxError | undefined;
  commits = 0;
  private readonly numbering: Numbering;
  private readonly marks: Map<string, number>;
  private readonly pending = new PendingBlocks();
  private readonly file: SegmentWriter;
  private nextIndexDurable: number;
  private nextNumber: number;
  private running: Promise<void> | undefined;
  private beingWritten_bytes = 0;
  private lastCommitAt = Number.NEGATIVE_INFINITY;
  private readonly readyWaiters: (() => void)[] = [];
  private hurry: (() => void) | undefined;
  private closed = false;
  /** Counters of the last block while nothing behind it proves that it was acknowledged. */
  private unsealed: Counters | undefined;
  private sealDue = false;
  private watched = false;
  private readonly closing = new AbortController();

  constructor(
    private readonly deps: LaneDeps,
    start: LaneStart,
  ) {
    this.segments = start.segments;
    this.marks = new Map(start.marks);
    this.found = start.nextIndex;
    this.nextIndexDurable = start.nextIndex;
    this.nextNumber = start.nextNumber;
    const streamIds = new Map(deps.streams.map((s, i) => [s.topic, i]));
    this.numbering = new Numbering(deps.lane, streamIds, start.counters);
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

  /** Durable receipts, by the names they were given. */
  receipts(): ReadonlyMap<string, number> {
    const mine = [...this.marks].filter(([name]) => name.startsWith(RECEIPT));
    return new Map(mine.map(([name, value]) => [name.slice(RECEIPT.length), value]));
  }

  state(counter: string): CounterState {
    return this.numbering.state(counter);
  }

  durableCounters(): Counters {
    return this.numbering.durable;
  }

  append(records: readonly OutboxRecord[], marks?: Marks): Promise<readonly number[]> {
    if (this.closed) return Promise.reject(closedError());
    if (this.pending.bytes + this.beingWritten_bytes >= 2 * this.deps.bounds.pendingBytes)
      return Promise.reject(this.overloaded());
    const block = this.pending.open();
    let seqs: number[];
    try {
      seqs = this.numbering.write(block, records);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    if (marks) for (const [name, value] of marks) block.marks.set(name, value);
    for (const { receipts } of records)
      if (receipts) for (const [name, value] of receipts) block.marks.set(RECEIPT + name, value);
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
    this.closing.abort();
    await this.idle();
    await this.seal();
    await this.file.close();
  }

  private get crowded(): boolean {
    return this.pending.bytes + this.beingWritten_bytes >= this.deps.bounds.pendingBytes;
  }

  /** Commits until nothing is pending. */
  private async run(): Promise<void> {
    while (!this.pending.empty || this.sealDue) {
      if (this.pending.empty) {
        await this.seal();
        continue;
      }
      this.sealDue = false;
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
      this.pending.settled(block);
      this.beingWritten_bytes = 0;
      if (!this.crowded) for (const resolve of this.readyWaiters.splice(0)) resolve();
    }
    this.running = undefined;
    if (!this.watched) void this.watchQuiet();
  }

  /** Seals when nothing was written for a while. */
  private async watchQuiet(): Promise<void> {
    const { clock, bounds } = this.deps;
    this.watched = true;
    while (this.unsealed && !this.closed) {
      const wait = this.lastCommitAt + bounds.seal_ms - clock.monotonic();
      if (wait > 0) {
        await clock.sleep(wait, this.closing.signal);
        continue;
      }
      this.sealDue = true;
      await (this.running ??= this.run());
    }
    this.watched = false;
  }

  /** Never fails: without a seal everything is as durable as before. A segment not open any more has a successor's header. */
  private async seal(): Promise<void> {
    const counters = this.unsealed;
    this.sealDue = false;
    this.unsealed = undefined;
    if (!counters || !this.file.isOpen) return;
    const at = Math.max(0, Math.trunc(this.deps.clock.now()));
    await this.file
      .add(encodeMarks(sealMarks(counters)), 0, this.nextIndexDurable, at)
      .catch(() => this.file.abandon());
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
      const tellsGaps = this.deps.lane === 'priority' && block.marks.size > 0;
      await this.keepBound(payload.length, tellsGaps ? RESERVE_BYTES : 0);
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
    const marks = new Map([...this.marks].filter(([name]) => name.startsWith(RECEIPT) || this.deps.keepMark(name)));
    const place = { number: this.nextNumber++, firstIndex: this.nextIndexDurable, createdAt: at };
    const header = { outbox, lane, ...place, counters: this.numbering.durable, marks, streams };
    this.segments.push(await this.file.start(header, payload, block.count));
  }

  private succeed(block: PendingBlock): void {
    this.numbering.keep(block.counters);
    for (const [name, value] of block.marks) this.marks.set(name, value);
    this.nextIndexDurable += block.count;
    const newest = this.segments.at(-1);
    if (newest) newest.endIndex = this.nextIndexDurable;
    this.unsealed = block.counters;
    this.error = undefined;
    this.commits++;
    for (const waiter of block.waiters) waiter.resolve();
    this.deps.onDurable();
  }

  /** Takes back everything that is not durable: its numbers were seen by nobody and are drawn again. */
  private fail(error: OutboxError, blocks: readonly PendingBlock[]): void {
    this.error = error;
    this.numbering.takeBack();
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
