/** Follows topics outside any shared group: every process that tails sees every record, from where it said it would. */
import { type Consumer, type Kafka } from 'kafkajs';
import { type StreamLog, withLeader } from '../../schemas/stream';

export interface TailedMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: Buffer | null;
  /** Null is a tombstone. */
  readonly value: Buffer | null;
  /** Producer's or broker's time, ms since 1970-01-01 UTC. */
  readonly timestamp: number;
}

export interface TailOptions {
  /** Unique to this process: nothing is committed, so the group vanishes with its member. */
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly from: 'beginning' | 'now';
  /** Must not throw for a bad message: decide there what a bad one means. */
  onMessage(message: TailedMessage): Promise<void> | void;
}

export interface Tail {
  /** Resolves when everything that was there at the start has been read. */
  readonly caughtUp: Promise<void>;
  stop(): Promise<void>;
}

/**
 * The end of a partition may hold only transaction markers, which kafkajs does not show: a tail that has seen nothing
 * new for this long has read what there is.
 */
const QUIET_MS = 500;

/** Next offset to read of one partition. */
interface Position {
  readonly topic: string;
  readonly partition: number;
  next: bigint;
  /** End of the partition when the tail began. */
  readonly end: bigint;
}

export async function tail(kafka: Kafka, options: TailOptions, log: StreamLog): Promise<Tail> {
  const positions = await startingPositions(kafka, options);
  const progress = new Progress([...positions.values()]);
  const consumer = kafka.consumer({
    groupId: options.groupId,
    readUncommitted: false,
    maxWaitTimeInMs: 50,
    sessionTimeout: 10_000,
    heartbeatInterval: 1_000,
    retry: { initialRetryTime: 100, maxRetryTime: 5_000, retries: Number.MAX_SAFE_INTEGER },
  });
  consumer.on(consumer.events.GROUP_JOIN, () => {
    seekAll(consumer, positions);
    progress.joined();
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => log.warn({ err: payload.error }, 'tail interrupted'));
  await consumer.connect();
  await consumer.subscribe({ topics: [...options.topics], fromBeginning: options.from === 'beginning' });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      await options.onMessage({
        topic,
        partition,
        offset: message.offset,
        key: message.key,
        value: message.value,
        timestamp: Number(message.timestamp),
      });
      const position = positions.get(`${topic}:${partition}`);
      if (position) position.next = BigInt(message.offset) + 1n;
      progress.read();
    },
  });
  const stop = async (): Promise<void> => {
    progress.stop();
    await consumer.disconnect();
  };
  return { caughtUp: progress.done, stop };
}

async function startingPositions(kafka: Kafka, options: TailOptions): Promise<Map<string, Position>> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const positions = new Map<string, Position>();
    for (const topic of options.topics)
      for (const { partition, low, high } of await withLeader(() => admin.fetchTopicOffsets(topic))) {
        const next = BigInt(options.from === 'beginning' ? low : high);
        positions.set(`${topic}:${partition}`, { topic, partition, next, end: BigInt(high) });
      }
    return positions;
  } finally {
    await admin.disconnect();
  }
}

/** A group without commits would start over at each rebalance: go on where this process was instead. */
function seekAll(consumer: Consumer, positions: ReadonlyMap<string, Position>): void {
  for (const { topic, partition, next } of positions.values())
    consumer.seek({ topic, partition, offset: next.toString() });
}

class Progress {
  readonly done: Promise<void>;
  private finish: () => void = () => undefined;
  private quiet: NodeJS.Timeout | undefined;

  constructor(private readonly positions: readonly Position[]) {
    this.done = new Promise((resolve) => (this.finish = resolve));
  }

  joined(): void {
    this.read();
  }

  read(): void {
    if (this.positions.every((p) => p.next >= p.end)) return this.finish();
    clearTimeout(this.quiet);
    this.quiet = setTimeout(this.finish, QUIET_MS);
  }

  stop(): void {
    clearTimeout(this.quiet);
  }
}
