/** Follows topics outside any shared group: every process that tails sees every record, from where it said it would. */
import { type Consumer, type Kafka } from 'kafkajs';
import { withLeader } from '../../schemas/leaders';
import { committedConsumer, type StreamLog } from '../../schemas/stream';
import { endProcess } from './end-process';

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

/** Silence after which what can be read is taken for all there is: an end behind an open transaction may take minutes. */
const STALL_MS = 10_000;

/** Longest wait of the broker for a record, ms; one that comes is sent at once. A shorter one costs both sides requests. */
const MAX_WAIT_MS = 500;

const MESSAGES_PER_LOOK = 100;

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
  const progress = new Progress([...positions.values()], log);
  const consumer = committedConsumer(kafka, options.groupId, MAX_WAIT_MS);
  let stopping = false;
  consumer.on(consumer.events.GROUP_JOIN, () => {
    seekAll(consumer, positions);
    progress.check();
  });
  consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
    if (restart) return log.warn({ err: error }, 'tail interrupted');
    if (!stopping) endProcess(error);
  });
  // Told also about batches of nothing but transaction markers, with which a partition usually ends.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { topic, partition, lastOffset } }) => {
    advance(positions, topic, partition, lastOffset);
    progress.check();
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [...options.topics], fromBeginning: options.from === 'beginning' });
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    // By the batch: by the message kafkajs looks at its clock, its position and its pauses three times for each.
    eachBatch: async ({ batch: { topic, partition, messages }, resolveOffset, heartbeat, isRunning, isStale }) => {
      const position = positions.get(positionKey(topic, partition));
      for (const [i, { offset, key, value, timestamp }] of messages.entries()) {
        if (i % MESSAGES_PER_LOOK === 0) {
          await heartbeat();
          if (!isRunning() || isStale()) return;
        }
        // Read again after a rebalance that came between two looks.
        if (position && BigInt(offset) < position.next) continue;
        await options.onMessage({ topic, partition, offset, key, value, timestamp: Number(timestamp) });
        if (position) position.next = BigInt(offset) + 1n;
        resolveOffset(offset);
      }
    },
  });
  const stop = async (): Promise<void> => {
    stopping = true;
    progress.stop();
    await consumer.disconnect();
  };
  return { caughtUp: progress.done, stop };
}

const positionKey = (topic: string, partition: number): string => `${topic}:${partition}`;

function advance(positions: ReadonlyMap<string, Position>, topic: string, partition: number, offset: string): void {
  const position = positions.get(positionKey(topic, partition));
  const next = BigInt(offset) + 1n;
  if (position && next > position.next) position.next = next;
}

async function startingPositions(kafka: Kafka, options: TailOptions): Promise<Map<string, Position>> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const positions = new Map<string, Position>();
    for (const topic of options.topics)
      for (const { partition, low, high } of await withLeader(() => admin.fetchTopicOffsets(topic))) {
        const next = BigInt(options.from === 'beginning' ? low : high);
        positions.set(positionKey(topic, partition), { topic, partition, next, end: BigInt(high) });
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
  private stalled: NodeJS.Timeout | undefined;
  private finished = false;

  constructor(
    private readonly positions: readonly Position[],
    private readonly log: StreamLog,
  ) {
    this.done = new Promise((resolve) => (this.finish = resolve));
  }

  check(): void {
    if (this.finished) return;
    clearTimeout(this.stalled);
    const unread = this.positions.filter((p) => p.next < p.end);
    if (unread.length === 0) return this.end();
    this.stalled = setTimeout(() => {
      const where = unread.map((p) => `${positionKey(p.topic, p.partition)}: ${p.next}/${p.end}`);
      this.log.warn({ where }, 'nothing more can be read before the end, going on without');
      this.end();
    }, STALL_MS);
  }

  stop(): void {
    clearTimeout(this.stalled);
  }

  private end(): void {
    this.finished = true;
    this.finish();
  }
}
