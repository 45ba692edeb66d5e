/**
 * The consume loop of services that read, decide and write in one transaction. Each assigned partition has an owner
 * with its own transactional id; a partition that moves is fenced, its committed position is read again, and its state
 * is rebuilt before the first decision. A failed transaction throws the owner away and starts over the same way.
 */
import { type Consumer, type EachBatchPayload, type Kafka, type KafkaMessage, type TopicMessages } from 'kafkajs';
import { type Logger } from 'pino';
import { committedConsumer } from '../../schemas/stream';
import { ConsumeError } from './consume-error';
import { openPartitions, type OpeningOptions, owned } from './consume-opening';
import { type OwnedPartition, type PartitionWork } from './consume-partition';

export interface TransactionalOptions<W extends PartitionWork> extends OpeningOptions<W> {
  /** Messages of one transaction at most. */
  readonly maxMessages: number;
  /** Messages not yet read of a partition, for a gauge. */
  onLag?(partition: number, lag: number): void;
  /** The partition went elsewhere, or the process stops. */
  onRevoked?(partition: number): void;
  /** The consumer stopped for good: let the process end and be restarted. */
  onFatal(error: Error): void;
}

const HEARTBEAT_WHILE_OPENING_MS = 1_000;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5_000;
const MAX_PARTITIONS_AT_ONCE = 32;

interface Slot<W extends PartitionWork> {
  readonly ready: Promise<OwnedPartition<W>>;
  owner?: OwnedPartition<W>;
}

export class TransactionalConsumer<W extends PartitionWork> {
  private readonly slots = new Map<number, Slot<W>>();
  private readonly consumer: Consumer;
  private joined = false;
  private stopping = false;

  constructor(
    private readonly kafka: Kafka,
    private readonly options: TransactionalOptions<W>,
    private readonly log: Logger,
  ) {
    this.consumer = committedConsumer(kafka, options.groupId);
  }

  async start(): Promise<void> {
    const { consumer, options } = this;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
      this.assign(payload.memberAssignment[options.topic] ?? []),
    );
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart && !this.stopping) options.onFatal(payload.error);
    });
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) =>
      options.onLag?.(payload.partition, Number(payload.offsetLag)),
    );
    await consumer.connect();
    await consumer.subscribe({ topics: [options.topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: MAX_PARTITIONS_AT_ONCE,
      eachBatch: (payload) => this.onBatch(payload),
    });
  }

  /** Undefined when every assigned partition has its state. */
  notReady(): string | undefined {
    if (!this.joined) return 'not in the consumer group yet';
    const opening = [...this.slots].filter(([, s]) => !s.owner).map(([p]) => p);
    return opening.length > 0 ? `rebuilding partitions ${opening.join(', ')} of ${this.options.topic}` : undefined;
  }

  /** Partitions ready now. */
  private owners(): readonly [number, OwnedPartition<W>][] {
    return [...this.slots].flatMap(([p, { owner }]) =>
      owner ? [[p, owner] satisfies [number, OwnedPartition<W>]] : [],
    );
  }

  /** Lets the works of all ready partitions write; one that fails is rebuilt. */
  write(make: (partition: number, work: W) => Iterable<readonly TopicMessages[]>): Promise<void> {
    return this.each((owner, partition) => owner.write((work) => make(partition, work)));
  }

  /** Commits positions that moved without a transaction. */
  flush(): Promise<void> {
    return this.each((owner) => owner.flush());
  }

  private async each(what: (owner: OwnedPartition<W>, partition: number) => Promise<void>): Promise<void> {
    const attempts = this.owners().map(([partition, owner]) =>
      what(owner, partition).catch((err: unknown) => {
        this.log.warn({ err, partition }, 'write failed, rebuilding the partition');
        this.reopen(partition, owner);
      }),
    );
    await Promise.all(attempts);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.consumer.disconnect();
    await Promise.all([...this.slots.keys()].map((p) => this.drop(p)));
  }

  private async onBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, heartbeat, resolveOffset, isRunning, isStale } = payload;
    const owner = await this.ready(batch.partition, heartbeat);
    for (const chunk of chunks(batch.messages, this.options.maxMessages)) {
      if (!isRunning() || isStale()) return;
      try {
        await owner.handle(chunk);
      } catch (err) {
        this.reopen(batch.partition, owner);
        throw err;
      }
      const last = chunk.at(-1);
      if (last) resolveOffset(last.offset);
      await heartbeat();
    }
  }

  /** The partition's owner; heartbeats while its state is rebuilt, which may take longer than a session. */
  private async ready(partition: number, heartbeat: () => Promise<void>): Promise<OwnedPartition<W>> {
    const slot = this.slots.get(partition);
    if (!slot)
      throw new ConsumeError('revoked', `partition ${partition}`, 'not assigned here any more', 'nothing to do');
    for (;;) {
      const owner = slot.owner ?? (await Promise.race([slot.ready, delay(HEARTBEAT_WHILE_OPENING_MS)]));
      if (owner) return owner;
      await heartbeat();
    }
  }

  /**
   * Partitions kept over a rebalance keep their state: had another process owned one in between, its fence would make
   * our next transaction fail.
   */
  private assign(partitions: readonly number[]): void {
    this.joined = true;
    const gone = [...this.slots.keys()].filter((p) => !partitions.includes(p));
    for (const partition of gone) {
      void this.drop(partition);
      this.options.onRevoked?.(partition);
    }
    this.open(partitions.filter((p) => !this.slots.has(p)));
    this.log.info({ partitions, gone }, 'assigned');
  }

  private reopen(partition: number, failed: OwnedPartition<W>): void {
    if (this.slots.get(partition)?.owner !== failed) return;
    void this.drop(partition);
    this.open([partition]);
  }

  private open(partitions: readonly number[]): void {
    if (partitions.length === 0 || this.stopping) return;
    const opening = this.openPatiently(partitions, () =>
      partitions.filter((p) => this.slots.get(p)?.ready === ready.get(p)),
    );
    const ready = new Map(partitions.map((p) => [p, opening.then((owners) => owned(owners, p))]));
    for (const [partition, promise] of ready) {
      const slot: Slot<W> = { ready: promise };
      this.slots.set(partition, slot);
      promise.then(
        (owner) => (this.slots.get(partition) === slot ? void (slot.owner = owner) : void owner.close()),
        () => undefined,
      );
    }
  }

  private async openPatiently(
    partitions: readonly number[],
    stillWanted: () => readonly number[],
  ): Promise<ReadonlyMap<number, OwnedPartition<W>>> {
    for (let retry_ms = FIRST_RETRY_MS, wanted = partitions; ; retry_ms = Math.min(retry_ms * 2, MAX_RETRY_MS)) {
      try {
        return await openPartitions(this.kafka, this.options, wanted);
      } catch (err) {
        this.log.warn({ err, partitions: wanted, retry_ms }, 'could not open partitions, trying again');
      }
      await delay(retry_ms);
      wanted = stillWanted();
      if (this.stopping || wanted.length === 0)
        throw new ConsumeError('revoked', 'open partitions', 'no longer assigned', 'nothing to do');
    }
  }

  private async drop(partition: number): Promise<void> {
    const owner = this.slots.get(partition)?.owner;
    this.slots.delete(partition);
    await owner?.close().catch((err: unknown) => this.log.warn({ err, partition }, 'producer did not disconnect'));
  }
}

function* chunks(messages: readonly KafkaMessage[], size: number): Generator<readonly KafkaMessage[]> {
  for (let i = 0; i < messages.length; i += size) yield messages.slice(i, i + size);
}

function delay(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms));
}
