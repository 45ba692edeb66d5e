/** Reads partitions of a topic from the beginning to exactly where they end now: how a compacted topic becomes state. */
import { type Batch, type Consumer, type IHeaders, type Kafka } from 'kafkajs';
import { stoppable } from '../../schemas/stream';
import { ConsumeError } from './consume-error';

export interface SnapshotMessage {
  readonly partition: number;
  readonly offset: string;
  readonly key: Buffer | null;
  /** Null is a tombstone. */
  readonly value: Buffer | null;
  readonly headers: IHeaders | undefined;
}

export interface SnapshotOptions {
  /** Unique to this reading: nothing is committed, so the group vanishes with its member. */
  readonly groupId: string;
  readonly topic: string;
  readonly partitions: readonly number[];
  /** Messages of a partition come in order. Buffers are views into the fetch: copy what you keep. */
  onMessage(message: SnapshotMessage): Promise<void> | void;
}

const FETCH_BYTES = 4 * 1024 * 1024;
/** kafkajs' own number. */
const RETRIES = 5;
const STALL_MS = 60_000;

/** Committed messages only. Throws ConsumeError `stalled` after a minute without progress. */
export async function readToEnd(kafka: Kafka, options: SnapshotOptions): Promise<void> {
  const reading = new Reading(options, await endsOf(kafka, options));
  if (reading.isFinished()) return;
  const consumer = stoppable((unlessStopped) =>
    kafka.consumer({
      groupId: options.groupId,
      readUncommitted: false,
      maxWaitTimeInMs: 50,
      maxBytesPerPartition: FETCH_BYTES,
      sessionTimeout: 30_000,
      heartbeatInterval: 1_000,
      retry: { retries: RETRIES, ...unlessStopped },
    }),
  );
  try {
    await reading.run(consumer);
  } finally {
    await consumer.disconnect();
  }
}

interface Position {
  next: bigint;
  readonly end: bigint;
}

async function endsOf(kafka: Kafka, options: SnapshotOptions): Promise<Map<number, Position>> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const offsets = await admin.fetchTopicOffsets(options.topic);
    return new Map(
      offsets
        .filter(({ partition }) => options.partitions.includes(partition))
        .map(({ partition, low, high }) => [partition, { next: BigInt(low), end: BigInt(high) }]),
    );
  } finally {
    await admin.disconnect();
  }
}

class Reading {
  private stalled: NodeJS.Timeout | undefined;
  private fail: (cause: Error) => void = () => undefined;

  constructor(
    private readonly options: SnapshotOptions,
    private readonly positions: ReadonlyMap<number, Position>,
  ) {}

  isFinished(): boolean {
    return [...this.positions.values()].every((p) => p.next >= p.end);
  }

  async run(consumer: Consumer): Promise<void> {
    const { topic } = this.options;
    const finished = new Promise<void>((resolve, reject) => {
      const progress = (): void => {
        clearTimeout(this.stalled);
        if (this.isFinished()) resolve();
        else this.stalled = setTimeout(() => reject(this.stall()), STALL_MS);
      };
      consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
        this.resume(consumer, payload.memberAssignment[topic] ?? []),
      );
      consumer.on(consumer.events.CRASH, ({ payload }) => !payload.restart && reject(payload.error));
      // Told also about batches of nothing but transaction markers, with which a partition usually ends.
      consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
        this.advance(payload.partition, BigInt(payload.lastOffset) + 1n);
        progress();
      });
      this.fail = reject;
      progress();
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        partitionsConsumedConcurrently: this.positions.size,
        eachBatch: async ({ batch, heartbeat }) => {
          await this.take(batch);
          await heartbeat();
        },
      });
      await finished;
    } finally {
      clearTimeout(this.stalled);
      finished.catch(() => undefined);
    }
  }

  /** What the service cannot read will not be readable at the second attempt: said at once, with where it is. */
  private async take(batch: Batch): Promise<void> {
    const position = this.positions.get(batch.partition);
    for (const message of batch.messages) {
      if (!position || BigInt(message.offset) < position.next) continue;
      try {
        await this.options.onMessage({ ...message, partition: batch.partition, headers: message.headers });
      } catch (cause) {
        const where = `${batch.topic}:${batch.partition}:${message.offset}`;
        const hint = 'who wrote it? it must be removed or made readable before this can go on';
        this.fail(new ConsumeError('unreadable', `read ${where}`, (cause as Error).message, hint, { cause }));
        throw cause;
      }
    }
  }

  /** A group without commits starts over at each join: go on where we were, and leave out what is not ours. */
  private resume(consumer: Consumer, assigned: readonly number[]): void {
    const { topic } = this.options;
    for (const [partition, { next }] of this.positions) consumer.seek({ topic, partition, offset: next.toString() });
    const others = assigned.filter((p) => !this.positions.has(p));
    if (others.length > 0) consumer.pause([{ topic, partitions: others }]);
  }

  private advance(partition: number, next: bigint): void {
    const position = this.positions.get(partition);
    if (position && next > position.next) position.next = next;
  }

  private stall(): ConsumeError {
    const where = [...this.positions]
      .filter(([, p]) => p.next < p.end)
      .map(([p, { next, end }]) => `${p}: ${next}/${end}`);
    const hint = 'is the broker up, and is a transaction left open by a producer that died?';
    return new ConsumeError('stalled', `read ${this.options.topic} to its end`, `stuck at ${where.join(', ')}`, hint);
  }
}
