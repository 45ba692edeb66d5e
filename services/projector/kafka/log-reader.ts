/** Reads partitions from where it is told, each broker in its own long poll, within a bound of memory. */
import { type Broker, type Cluster } from 'kafkajs';
import { type RawRecord } from '../../../schemas/read-committed';
import { ProjectorError } from '../errors';
import { type Chunk, type Clock, type Feed, type Log, type LogMessage } from '../ports';
import { refusalOf } from './connection';
import { PartitionFeed } from './feed';

/** All partitions together, here and in their workers. */
export const MAX_HELD_BYTES = 192 * 1024 * 1024;
const MAX_FETCH_BYTES = 8 * 1024 * 1024;
const MAX_FETCH_BYTES_PER_PARTITION = 4 * 1024 * 1024;
/** Data ends a poll at once; only a partition that wants more again while others are quiet waits for its end. */
const LONG_POLL_MS = 250;
const READ_COMMITTED = 1;
/** What a message takes beside its bytes: the objects around it. */
const MESSAGE_OVERHEAD_BYTES = 400;
const RETRY_MS = 250;

interface FetchedPartition {
  readonly partition: number;
  readonly highWatermark: string;
  readonly lastStableOffset?: string;
  readonly messages: readonly RawRecord[];
}

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
        await this.recover(e, wanted);
      }
    }
  }

  private wanted(nodeId: string): PartitionFeed[] {
    const crowded = this.crowded();
    return [...this.feeds].filter((f) => f.wants(crowded) && this.leaderOf(f) === nodeId);
  }

  private async fetch(broker: Broker, wanted: readonly PartitionFeed[]): Promise<void> {
    const asked = wanted.map((feed) => ({ feed, from: feed.position }));
    const answer = (await broker.fetch({
      isolationLevel: READ_COMMITTED,
      maxWaitTime: LONG_POLL_MS,
      minBytes: 1,
      maxBytes: MAX_FETCH_BYTES,
      topics: requestOf(asked),
    })) as { responses: { topicName: string; partitions: FetchedPartition[] }[] };
    const arrived_at = this.clock.now();
    for (const { topicName, partitions } of answer.responses)
      for (const fetched of partitions) {
        const ask = asked.find((a) => a.feed.topic === topicName && a.feed.partition === fetched.partition);
        if (ask) this.deliver(ask.feed, ask.from, fetched, arrived_at);
      }
  }

  private deliver(feed: PartitionFeed, from: number, fetched: FetchedPartition, arrived_at: number): void {
    if (feed.closed) return;
    const chunk = chunkOf(fetched, from, arrived_at);
    if (chunk.position > from) {
      feed.deliver(chunk);
      this.feeds.delete(feed); // to the end of the line: the broker serves partitions in the order asked
      this.feeds.add(feed);
    }
  }

  /** An offset that the log does not have is its partition's trouble only: its worker looks at the witnesses anew. */
  private async recover(e: unknown, wanted: readonly PartitionFeed[]): Promise<void> {
    if (this.stopped) return;
    const { topic, partition } = e as { topic?: string; partition?: number };
    if (refusalOf(e) === 'OFFSET_OUT_OF_RANGE') {
      const feed = wanted.find((f) => f.topic === topic && f.partition === partition);
      return feed?.fail(outOfRange(feed));
    }
    this.log.warn({ err: e }, 'reading the log failed, trying again');
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

function requestOf(asked: readonly { feed: PartitionFeed; from: number }[]) {
  const topics = new Map<string, { partition: number; fetchOffset: string; maxBytes: number }[]>();
  for (const { feed, from } of asked) {
    const partitions = topics.get(feed.topic) ?? [];
    partitions.push({ partition: feed.partition, fetchOffset: String(from), maxBytes: MAX_FETCH_BYTES_PER_PARTITION });
    topics.set(feed.topic, partitions);
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }));
}

function chunkOf(fetched: FetchedPartition, from: number, arrived_at: number): Chunk {
  const messages = fetched.messages.filter((r) => !r.isControlRecord && Number(r.offset) >= from).map(messageOf);
  const last = fetched.messages.at(-1);
  const position = last ? Math.max(from, Number(last.offset) + 1) : from;
  const bytes = messages.reduce(
    (sum, m) => sum + MESSAGE_OVERHEAD_BYTES + (m.value?.length ?? 0) + (m.key?.length ?? 0),
    0,
  );
  return { messages, bytes, position, high: Number(fetched.lastStableOffset ?? fetched.highWatermark), arrived_at };
}

function messageOf(r: RawRecord): LogMessage {
  const { key, value } = r;
  return { offset: Number(r.offset), timestamp: Number(r.timestamp), key, value, headers: headersOf(r.headers) };
}

const NO_HEADERS: LogMessage['headers'] = {};

/** Of a header given several times the last one is kept. */
function headersOf(headers: RawRecord['headers']): LogMessage['headers'] {
  const entries = Object.entries(headers);
  if (entries.length === 0) return NO_HEADERS;
  const one = (v: Buffer | string | undefined): Buffer => Buffer.from(v ?? '');
  return Object.fromEntries(entries.map(([k, v]) => [k, one(Array.isArray(v) ? v.at(-1) : v)]));
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
