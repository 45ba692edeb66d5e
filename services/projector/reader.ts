/** Turns a partition's feed into batches: fresh ones judged message by message, pending ones exactly as intended. */
import { type Intent } from '../domain/ingest/intent';
import { FRAME_HEADER_BYTES, type Judge, type Verdict } from '../domain/ingest/judge';
import { BACKLOG_MS, cutIn, isFull } from '../domain/ingest/pace';
import { Batch } from './batch';
import { ProjectorError } from './errors';
import { type Patience } from './patience';
import { type Chunk, type Clock, type Feed, type Log, type LogMessage, type Writers } from './ports';
import { type Projection, shapeOf } from './projections';

/** A feed is asked again at least this often while nothing comes. */
const IDLE_WAIT_MS = 60_000;

/** What a rebuild projects: less than everything. */
export interface Bounds {
  /** The partition is done when it has come so far; nothing at or after it is read. */
  until(topic: string, partition: number): number;
  /** Records of the topic whose own time is before this are passed over, ms since 1970-01-01 UTC. */
  since(topic: string): number;
}

export interface ReaderDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly writers: Writers;
  readonly bounds?: Bounds;
}

export class PartitionReader {
  /** Offset after the last record the feed has given, holes included. */
  position: number;
  high = 0;
  private chunk: Chunk | undefined;
  private index = 0;
  /** Bytes of chunks that are used up while their batch is not done. */
  private spent = 0;
  private readonly feed: Feed;
  private readonly until: number;

  constructor(
    private readonly projection: Projection,
    partition: number,
    from: number,
    private readonly judge: Judge,
    private readonly deps: ReaderDeps,
    private readonly patience: Patience,
    /** Aborts when nothing more is to be read. */
    private readonly signal: AbortSignal,
  ) {
    this.position = from;
    this.until = deps.bounds?.until(projection.topic, partition) ?? Infinity;
    this.feed = deps.log.open(projection.topic, partition, from);
  }

  close(): void {
    this.step(Infinity);
    this.release();
    this.feed.close();
  }

  /** The batches given so far are done with: their memory is free again. */
  release(): void {
    if (this.spent > 0) this.feed.release(this.spent);
    this.spent = 0;
  }

  /** Messages that may be read and lie at or after `done`. */
  lag(done: number): number {
    return this.position >= this.high && !this.chunk ? 0 : Math.max(0, this.high - done);
  }

  /** The next batch from `from` on, cut as pace.ts says. Waits as long as there is nothing. */
  async collect(from: number, first: boolean, cycle_ms: number): Promise<Batch> {
    const begun = this.deps.clock.now();
    const batch = new Batch(from, first, begun, shapeOf(this.projection));
    let since = 0;
    let closed = false;
    for (;;) {
      since ||= this.chunk?.arrived_at ?? 0;
      if (!closed) closed = !(await this.take(batch)) || this.position >= this.until;
      const { messages, rows, windows, bytes } = batch;
      if (closed && messages === 0) throw done();
      // What lies here already goes in, however old it is: it waited for the batch before.
      if (!closed && !isFull(batch) && this.feed.ready) {
        await this.fill(0);
        continue;
      }
      const now = this.deps.clock.now();
      const behind = this.position < this.high && now - batch.newest_ms > BACKLOG_MS && !this.deps.log.crowded();
      const age_ms = Math.max(0, now - (behind ? Math.max(begun, since) : since));
      const wait = cutIn({ messages, rows, windows, bytes, age_ms, behind, closed, cycle_ms });
      if (wait === 0) return batch;
      await this.fill(Math.min(wait, IDLE_WAIT_MS));
    }
  }

  /** The messages of a pending intent, grouped and left out as it says. They end where it ends. */
  async collectIntended(intent: Intent): Promise<Batch> {
    const batch = new Batch(intent.from, intent.first, intent.at, intent.shape);
    const poison = new Set(intent.poison);
    for (;;) {
      while (this.chunk) {
        const message = this.chunk.messages[this.index]!;
        if (message.offset >= intent.to) return batch;
        if (poison.has(message.offset)) batch.leaveOut(message);
        else batch.add(message, asIntended(message));
        this.step();
      }
      if (this.position >= intent.to) return batch;
      await this.fill(IDLE_WAIT_MS);
    }
  }

  /** Takes from the chunk what fits. False when the batch can take no more although it is not full. */
  private async take(batch: Batch): Promise<boolean> {
    const now = this.deps.clock.now();
    while (this.chunk && !isFull(batch)) {
      const message = this.chunk.messages[this.index]!;
      if (message.offset >= this.until) return false;
      const verdict = this.judge.judge(message.value, now);
      if (verdict.kind === 'needs-schema') await this.learn(verdict.schemaId);
      else if (batch.add(message, verdict)) this.step();
      else return false;
    }
    return true;
  }

  private async learn(schemaId: number): Promise<void> {
    await this.patience.until(`learn schema ${schemaId}`, () => this.deps.writers.learn(this.projection, schemaId));
  }

  private async fill(wait_ms: number): Promise<void> {
    const chunk = await this.feed.next(wait_ms, this.signal);
    if (this.signal.aborted) throw stopped('the partition is given up');
    if (!chunk) return;
    this.position = chunk.position;
    this.high = chunk.high;
    this.index = 0;
    this.chunk = chunk;
    if (chunk.messages.length === 0) this.step(Infinity);
  }

  private step(by = 1): void {
    this.index += by;
    if (!this.chunk || this.index < this.chunk.messages.length) return;
    this.spent += this.chunk.bytes;
    this.chunk = undefined;
  }
}

const done = (): ProjectorError =>
  new ProjectorError('done', 'read the log', 'the partition has come as far as it should', 'nothing to do');

const stopped = (why: string): ProjectorError =>
  new ProjectorError('stopped', 'read the log', why, 'nothing to do: its next owner goes on');

const PASSED: Exclude<Verdict, { kind: 'needs-schema' }> = { kind: 'empty' };

/** An intent has judged already: what it does not leave out goes in. */
function asIntended(message: LogMessage): Exclude<Verdict, { kind: 'needs-schema' }> {
  const { value } = message;
  if (value === null || value.length < FRAME_HEADER_BYTES) return PASSED;
  return { kind: 'good', schemaId: value.readUInt32BE(1), rows: 0, windows: 0 };
}
