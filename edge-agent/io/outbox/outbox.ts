/** The agent's durable outbox: two lanes on one disk, and the rule which of them gives way (DESIGN.md §4.1). */
import { join } from 'node:path';
import { schemas } from '../../../schemas/codec';
import { type Topic, Topics } from '../../../schemas/topics';
import { type Clock } from '../clock';
import {
  type IndexRange,
  type Lane,
  type LaneStatus,
  type Outbox,
  OutboxError,
  type OutboxReader,
  type OutboxRecord,
  type ReadBounds,
  type ShippedCursor,
  type StoredBatch,
} from '../outbox-api';
import { checkBounds, type OutboxBounds } from './bounds';
import { START } from './cursor';
import { Disposal, type OutboxEvent } from './disposal';
import { type Stream } from './format';
import { diskError, type OutboxFs } from './fs';
import { type GapOwner } from './gaps';
import { LaneWriter } from './lane';
import { LaneReader } from './reader';
import { Reserve } from './reserve';
import { type LaneStart, type Segment, startLane } from './segments';

export interface OutboxOptions extends GapOwner {
  readonly directory: string;
  readonly bounds: OutboxBounds;
  readonly fs: OutboxFs;
  readonly clock: Clock;
  /** A name for a new outbox, unique over all disks this agent ever has. */
  newId(): string;
  /** What is worth a line in the log and a metric. */
  onEvent(event: OutboxEvent): void;
}

export const LANES: readonly Lane[] = ['priority', 'telemetry'];
const LANE_TOPICS: Readonly<Record<Lane, readonly Topic[]>> = {
  telemetry: [Topics.telemetry],
  priority: [
    Topics.commandEvents,
    Topics.alarms,
    Topics.sessions,
    Topics.points,
    Topics.outboxGaps,
    Topics.deadLetters,
  ],
};
const SEGMENT_OVERHEAD_BYTES = 1;

/** Opens the outbox, or makes one. Throws OutboxError `locked` when another process has it, disk errors otherwise. */
export async function openOutbox(options: OutboxOptions): Promise<DiskOutbox> {
  checkBounds(options.bounds);
  const { fs, directory } = options;
  let unlock: (() => Promise<void>) | undefined;
  try {
    for (const lane of LANES) await fs.makeDirectory(join(directory, lane));
    unlock = await fs.lock(join(directory, 'LOCK'));
    const starts = {
      priority: await startLane(fs, join(directory, 'priority'), 'priority'),
      telemetry: await startLane(fs, join(directory, 'telemetry'), 'telemetry'),
    };
    const outbox = new DiskOutbox(options, starts, unlock);
    await outbox.recover(starts);
    return outbox;
  } catch (cause) {
    await unlock?.();
    throw diskError(`open outbox ${directory}`, cause);
  }
}

export class DiskOutbox implements Outbox, OutboxReader {
  readonly id: string;
  private readonly writers: Readonly<Record<Lane, LaneWriter>>;
  private readonly readers: Readonly<Record<Lane, LaneReader>>;
  private readonly disposal: Disposal;
  private readonly reserve: Reserve;
  private readonly pins = new Map<Lane, IndexRange>();
  private readonly shipped: Record<Lane, ShippedCursor> = { priority: START, telemetry: START };
  private closing: Promise<void> | undefined;
  private readonly moreWaiters = new Set<() => void>();

  constructor(
    private readonly options: OutboxOptions,
    starts: Readonly<Record<Lane, LaneStart>>,
    private readonly unlock: () => Promise<void>,
  ) {
    this.id = starts.telemetry.outbox ?? starts.priority.outbox ?? options.newId();
    this.reserve = new Reserve(options.fs, join(options.directory, 'reserve'));
    this.writers = { priority: this.writer('priority', starts), telemetry: this.writer('telemetry', starts) };
    this.disposal = new Disposal(options, this.writers, {
      pinned: (lane) => this.pins.get(lane),
      shipped: (lane) => this.shipped[lane],
      removed: (lane, segment) => this.readers[lane].forget(segment),
    });
    this.readers = { priority: this.laneReader('priority'), telemetry: this.laneReader('telemetry') };
  }

  /** Finishes what an earlier run began, and declares what it left damaged. */
  async recover(starts: Readonly<Record<Lane, LaneStart>>): Promise<void> {
    await this.reserve.restore();
    await this.disposal.finishEvictions();
    for (const lane of LANES) await this.disposal.recovered(lane, starts[lane].notes);
  }

  async append(records: readonly OutboxRecord[]): Promise<readonly number[]> {
    const lane = records[0]?.lane;
    if (lane === undefined) return [];
    if (records.some((r) => r.lane !== lane))
      throw new OutboxError('incompatible', 'append', 'records of two lanes', 'append each lane by itself');
    return this.writers[lane].append(records);
  }

  /** Of the records that are durable, the last of each name. */
  receipts(): ReadonlyMap<string, number> {
    return this.writers.telemetry.receipts();
  }

  async ready(): Promise<void> {
    await this.writers.telemetry.ready();
    await this.writers.priority.ready();
  }

  lastSeq(counter: string): number {
    return Math.max(this.writers.telemetry.state(counter).seq, this.writers.priority.state(counter).seq);
  }

  async read(lane: Lane, from: number, bounds: ReadBounds): Promise<StoredBatch> {
    const batch = await this.readers[lane].read(from, bounds);
    const first = batch.records[0];
    if (!first) return batch;
    const pin = this.pins.get(lane);
    const range = { from: Math.min(pin?.from ?? first.index, first.index), to: Math.max(pin?.to ?? 0, batch.next) };
    this.pins.set(lane, range);
    if (!this.disposal.touches(lane, range)) return batch;
    if (pin) this.pins.set(lane, pin);
    else this.pins.delete(lane);
    return { records: [], next: from };
  }

  release(lane: Lane): void {
    this.pins.delete(lane);
  }

  async waitForMore(timeout_ms: number, signal?: AbortSignal): Promise<void> {
    const over = new AbortController();
    const wake = (): void => over.abort();
    if (signal?.aborted) return;
    signal?.addEventListener('abort', wake);
    this.moreWaiters.add(wake);
    await this.options.clock.sleep(timeout_ms, over.signal);
    this.moreWaiters.delete(wake);
    signal?.removeEventListener('abort', wake);
  }

  status(lane: Lane): LaneStatus {
    const { segments, nextIndex, found, bytes, error } = this.writers[lane];
    return { first: segments[0]?.firstIndex ?? nextIndex, next: nextIndex, found, bytes, ...(error && { error }) };
  }

  async appendedAt(lane: Lane, index: number): Promise<number | undefined> {
    const { records } = await this.readers[lane].read(index, { maxRecords: 1, maxBytes: 1 });
    return records[0]?.at;
  }

  async settled(lane: Lane, shipped: ShippedCursor): Promise<void> {
    this.shipped[lane] = shipped;
    await this.disposal.removeShipped(lane);
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    for (const lane of LANES) await this.writers[lane].close();
    await this.disposal.idle();
    for (const lane of LANES) await this.readers[lane].close();
    for (const wake of [...this.moreWaiters]) wake();
    await this.unlock();
  }

  private writer(lane: Lane, starts: Readonly<Record<Lane, LaneStart>>): LaneWriter {
    const { fs, clock, bounds, directory } = this.options;
    const deps = {
      fs,
      clock,
      bounds,
      lane,
      outbox: this.id,
      directory: join(directory, lane),
      streams: streamsOf(lane),
    };
    return new LaneWriter(
      {
        ...deps,
        makeRoom: (excess, reason) =>
          lane === 'telemetry' ? this.makeTelemetryRoom(excess, reason) : this.makePriorityRoom(reason),
        keepMark: (name) => this.disposal.keepMark(name),
        onDurable: () => {
          for (const wake of [...this.moreWaiters]) wake();
        },
      },
      starts[lane],
    );
  }

  private laneReader(lane: Lane): LaneReader {
    return new LaneReader({
      fs: this.options.fs,
      lane,
      segments: () => this.writers[lane].segments,
      condemned: (segment) => this.disposal.isCondemned(segment),
      damaged: (segment: Segment) => this.disposal.declareDamage(lane, segment),
    });
  }

  private async makeTelemetryRoom(excess: number, reason: 'disk-bound' | 'disk-full'): Promise<boolean> {
    const freed = await this.disposal.evict(excess, reason);
    if (freed && this.reserve.missing) await this.reserve.restore();
    return freed;
  }

  /** A full disk: priority takes the reserve at once, and telemetry gives up a segment so that the next one fits too. */
  private async makePriorityRoom(reason: 'disk-bound' | 'disk-full'): Promise<boolean> {
    if (reason === 'disk-bound') return false;
    const released = await this.reserve.release();
    void this.disposal.evict(SEGMENT_OVERHEAD_BYTES, 'disk-full').catch(() => false);
    return released;
  }
}

function streamsOf(lane: Lane): Stream[] {
  return LANE_TOPICS[lane].map((t) => ({ topic: t.name, schema: t.schema, avsc: schemas[t.schema] }));
}
