/** Reads partitions from where it is told, each broker in its own long poll, within a bound of memory. */
import { type Broker, type Cluster } from 'kafkajs';
import { ProjectorError } from '../errors';
import { type Chunk, type Clock, type Feed, type Log, type LogMessage } from '../ports';
import { refusalOf } from './connection';
import { PartitionFeed } from './feed';
import { type Fetched, fetchFrom } from './fetch';
import { readBatches } from './record-batch';

/** All partitions together, here and in their workers. */
export const MAX_HELD_BYTES = 192 * 1024 * 1024;
/** Data ends a poll at once; only a partition that wants more again while others are quiet waits for its end. */
const LIMITS = { maxWait_ms: 250, maxBytes: 8 * 1024 * 1024, maxBytesPerPartition: 4 * 1024 * 1024 };
/** What a message takes beside its bytes: the objects around it. */
const MESSAGE_OVERHEAD_BYTES = 400;
const RETRY_MS = 250;
const OUT_OF_RANGE = 'OFFSET_OUT_OF_RANGE';

export interface LogReaderLog {
  warn(fields: object, message: string): void;
}

export class LogReader implements Log {
  private readonly feeds = new Set<PartitionFeed>();
  private readonly polls = new Map<string, Promise<void>>();
  private held = 0;
  private stopped = false;
  private readonly idle = new Set<() => void>();

  constructor(
    private readonly cluster: Cluster,
    private readonly topics: readonly string[],
    private readonly clock: Clock,
    private readonly log: LogReaderLog,
  ) {}

  async start(): Promise<void> {
    await this.cluster.connect();
    await this.cluster.addMultipleTargetTopics([...this.topics]);
  }

  async close(): Promise<void> {
    this.stopped = true;
    this.wakeAll();
    await Promise.all(this.polls.values());
    await this.cluster.disconnect();
  }

  crowded(): boolean {
    return this.held >= MAX_HELD_BYTES;
  }

  async watermarks(topic: string, partition: number): Promise<{ low: number; high: number }> {
    const partitions = [{ partition }];
    try {
      const [low, high] = await Promise.all([
        this.cluster.fetchTopicsOffset([{ topic, partitions, fromBeginning: true }]),
        this.cluster.fetchTopicsOffset([{ topic, partitions, fromBeginning: false }]),
      ]);
      return { low: offsetOf(low, partition), high: offsetOf(high, partition) };
    } catch (e) {
      await this.refresh();
      throw e;
    }
  }

  open(topic: string, partition: number, from: number): Feed {
    const feed = new PartitionFeed(topic, partition, from, (bytes) => {
      this.held += bytes;
      if (bytes < 0) this.wakeAll();
      if (feed.closed) this.feeds.delete(feed);
    });
    this.feeds.add(feed);
    this.pollLeaders();
    this.wakeAll();
    return feed;
  }

  /** One poll per broker that leads a partition we read. */
  private pollLeaders(): void {
    for (const feed of this.feeds) {
      const leader = this.leaderOf(feed);
      if (leader !== undefined && !this.polls.has(leader)) this.polls.set(leader, this.poll(leader));
    }
  }

  private leaderOf(feed: PartitionFeed): string | undefined {
    return Object.keys(this.cluster.findLeaderForPartitions(feed.topic, [feed.partition]))[0];
  }

  private async poll(nodeId: string): Promise<void> {
    while (!this.stopped) {
      const wanted = this.wanted(nodeId);
      if (wanted.length === 0) {
        await this.nap(RETRY_MS);
        continue;
      }
      try {
        const broker = await this.cluster.findBroker({ nodeId });
        await this.fetch(broker, wanted);
      } catch (e) {
        await this.recover(e);
      }
    }
  }

  private wanted(nodeId: string): PartitionFeed[] {
    const crowded = this.crowded();
    return [...this.feeds].filter((f) => f.wants(crowded) && this.leaderOf(f) === nodeId);
  }

  private async fetch(broker: Broker, wanted: readonly PartitionFeed[]): Promise<void> {
    const asked = wanted.map((feed) => ({ feed, topic: feed.topic, partition: feed.partition, from: feed.position }));
    const fetched = await fetchFrom(broker, asked, LIMITS);
    const arrived_at = this.clock.now();
    for (const f of fetched) {
      const ask = asked.find((a) => a.topic === f.topic && a.partition === f.partition);
      if (ask) this.deliver(ask.feed, ask.from, f, arrived_at);
    }
    const refused = fetched.find((f) => f.error && refusalOf(f.error) !== OUT_OF_RANGE);
    if (refused) throw refused.error!;
  }

  /** What is wrong with a partition is its own trouble: its worker looks at the witnesses anew, the others go on. */
  private deliver(feed: PartitionFeed, from: number, fetched: Fetched, arrived_at: number): void {
    // A leader that has just changed: the other broker's poll was quicker.
    if (feed.closed || feed.position !== from) return;
    if (fetched.error) {
      if (refusalOf(fetched.error) === OUT_OF_RANGE) feed.fail(outOfRange(feed));
      return;
    }
    const chunk = chunkOf(feed, fetched, from, arrived_at);
    if (chunk && chunk.position > from) {
      feed.deliver(chunk);
      this.feeds.delete(feed); // to the end of the line: the broker serves partitions in the order asked
      this.feeds.add(feed);
    }
  }

  private async recover(err: unknown): Promise<void> {
    if (this.stopped) return;
    this.log.warn({ err }, 'reading the log failed, trying again');
    await this.nap(RETRY_MS);
    await this.refresh();
  }

  private async refresh(): Promise<void> {
    try {
      await this.cluster.refreshMetadata();
      this.pollLeaders();
    } catch (err) {
      this.log.warn({ err }, 'the brokers do not answer');
    }
  }

  private async nap(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.idle.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.idle.add(done);
    });
  }

  private wakeAll(): void {
    for (const wake of [...this.idle]) wake();
  }
}

/** Undefined when the bytes are no records: the feed has the failure then. */
function chunkOf(
  feed: PartitionFeed,
  { records, aborted, high }: Fetched,
  from: number,
  arrived_at: number,
): Chunk | undefined {
  try {
    const { messages, position } = readBatches(records, from, aborted);
    const size = (m: LogMessage): number => MESSAGE_OVERHEAD_BYTES + (m.value?.length ?? 0) + (m.key?.length ?? 0);
    const bytes = messages.reduce((sum, m) => sum + size(m), 0);
    return { messages, bytes, position, high, arrived_at };
  } catch (e) {
    feed.fail(e as Error);
    return undefined;
  }
}

function offsetOf(answer: Awaited<ReturnType<Cluster['fetchTopicsOffset']>>, partition: number): number {
  const found = answer[0]?.partitions.find((p) => p.partition === partition);
  if (found) return Number(found.offset);
  throw new ProjectorError('log-unavailable', 'read watermarks', `nobody leads partition ${partition}`, 'retried');
}

const outOfRange = (feed: PartitionFeed): ProjectorError =>
  new ProjectorError(
    'range-lost',
    'read the log',
    `${feed.topic}:${feed.partition} does not have offset ${feed.position}`,
    'the partition is looked at anew',
  );
