/** The stream as the shipper sees it: one transaction at a time, and the cursors committed with the last one. */
import { isDeepStrictEqual } from 'node:util';
import { type Admin, CompressionTypes, type Kafka, type Producer, type TopicMessages, type Transaction } from 'kafkajs';
import { ensureTopics, transactionalProducer } from '../../../schemas/stream';
import { AgentTopics, outboxGroup, SHARED_BY_AGENTS, type Topic } from '../../../schemas/topics';
import { type Clock } from '../clock';
import { type Lane } from '../outbox-api';
import { cursorTopic, decodeCommit, encodeCommits, type Commits } from './commit';

export interface Message {
  readonly topic: string;
  readonly key: string;
  readonly value: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface StreamLink {
  /**
   * Connects, fences every other producer of this agent, ends its open transaction and returns what was committed.
   * Everything shipped before is decided when this returns. What `check` throws of what is committed already ends it
   * before anybody is fenced.
   */
  connect(check: (committed: Commits) => void): Promise<Commits>;
  /** All messages and the cursors, or none. Throws; then only `disconnect` and `connect` tell what happened. */
  ship(messages: readonly Message[], commits: Commits): Promise<void>;
  disconnect(): Promise<void>;
}

/** Bytes of values in one produce request: under the broker's usual bound (1 MB a batch), before compression. */
export const REQUEST_BYTES = 900_000;
const SETTLE_MS = 100;

export interface KafkaLinkOptions {
  readonly agentId: string;
  readonly replicationFactor: number;
  readonly clock: Clock;
}

export class KafkaLink implements StreamLink {
  private producer: Producer | undefined;
  private readonly ownTopics: readonly Topic[];

  constructor(
    private readonly kafka: Kafka,
    private readonly options: KafkaLinkOptions,
  ) {
    this.ownTopics = [AgentTopics.commands(options.agentId), AgentTopics.devices(options.agentId)];
  }

  async connect(check: (committed: Commits) => void): Promise<Commits> {
    const admin = this.kafka.admin();
    try {
      await admin.connect();
      await ensureTopics(admin, [...this.ownTopics, ...SHARED_BY_AGENTS], this.options.replicationFactor);
      check(await this.committed(admin));
      const producer = transactionalProducer(this.kafka, this.options.agentId);
      this.producer = producer;
      await producer.connect();
      // The first transaction of a producer fences the others and waits for theirs to end; an empty one sends nothing.
      await (await producer.transaction()).abort();
      return await this.settledCommits(admin);
    } finally {
      await admin.disconnect();
    }
  }

  async ship(messages: readonly Message[], commits: Commits): Promise<void> {
    if (!this.producer) throw new Error('not connected');
    const transaction = await this.producer.transaction();
    const sent = sendAll(transaction, messages);
    const { group, offsets } = encodeCommits(this.options.agentId, commits);
    const topics = offsets.map(({ topic, ...partition }) => ({ topic, partitions: [partition] }));
    const committed = commitOffsets(transaction, { consumerGroupId: group, topics }, sent);
    // Both have ended when this throws: nothing of a transaction goes on behind the next connection.
    const failed = (await Promise.allSettled([sent, committed])).find((r) => r.status === 'rejected');
    if (failed) throw failed.reason;
    await transaction.commit();
  }

  async disconnect(): Promise<void> {
    const producer = this.producer;
    this.producer = undefined;
    await producer?.disconnect();
  }

  /**
   * Brokers before 4.0 make the offsets of a transaction visible a moment after they report it ended, and kafkajs cannot
   * ask for stable ones: so they are asked for until two answers agree.
   */
  private async settledCommits(admin: Admin): Promise<Commits> {
    for (let last = await this.committed(admin); ;) {
      await this.options.clock.sleep(SETTLE_MS);
      const again = await this.committed(admin);
      if (isDeepStrictEqual(last, again)) return again;
      last = again;
    }
  }

  private async committed(admin: Admin): Promise<Commits> {
    const { agentId } = this.options;
    const groupId = outboxGroup(agentId);
    const answer = await admin.fetchOffsets({ groupId, topics: this.ownTopics.map((t) => t.name) });
    const of = (lane: Lane): ReturnType<typeof decodeCommit> => {
      const topic = answer.find((t) => t.topic === cursorTopic(agentId, lane));
      const partition = topic?.partitions.find((p) => p.partition === 0);
      return partition && decodeCommit(partition.offset, partition.metadata);
    };
    return { priority: of('priority'), telemetry: of('telemetry') };
  }
}

async function sendAll(transaction: Transaction, messages: readonly Message[]): Promise<void> {
  for (const request of requests(messages)) await send(transaction, request);
}

/**
 * Beside the messages: together they cost three round trips, one after the other five. While the transaction before is still being
 * ended the broker takes neither; kafkajs asks again for messages, not for offsets. So these get a second chance behind them.
 */
async function commitOffsets(
  transaction: Transaction,
  offsets: Parameters<Transaction['sendOffsets']>[0],
  sent: Promise<void>,
): Promise<void> {
  try {
    await transaction.sendOffsets(offsets);
  } catch {
    await sent;
    await transaction.sendOffsets(offsets);
  }
}

async function send(transaction: Transaction, messages: readonly Message[]): Promise<void> {
  const topicMessages = new Map<string, Message[]>();
  for (const message of messages) {
    const { topic } = message;
    let list = topicMessages.get(topic);
    if (!list) topicMessages.set(topic, (list = []));
    list.push(message);
  }
  const batch: TopicMessages[] = [...topicMessages].map(([topic, list]) => ({ topic, messages: list }));
  await transaction.sendBatch({ acks: -1, compression: CompressionTypes.GZIP, topicMessages: batch });
}

/** Splits in order into requests whose values stay under the bound; a larger value goes alone. */
export function requests(messages: readonly Message[]): Message[][] {
  const out: Message[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    if (bytes + message.value.length > REQUEST_BYTES) {
      out.push([]);
      bytes = 0;
    }
    out.at(-1)?.push(message);
    bytes += message.value.length;
  }
  return out;
}
