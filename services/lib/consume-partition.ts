/**
 * One partition and the transactional producer that owns it. Inputs, outputs and the position go together in one
 * transaction, so a process killed at any point has either done all of a batch or nothing.
 */
import { type KafkaMessage, type Producer, type TopicMessages } from 'kafkajs';
import { ConsumeError } from './consume-error';

/** What a service does with one partition: state, and how it answers input. */
export interface PartitionWork {
  /** Messages to write for these inputs. State may move ahead only until `committed`; on failure the work is dropped. */
  handle(messages: readonly KafkaMessage[]): Promise<readonly TopicMessages[]>;
  /** What `handle` (or a write of its own) answered last is now a fact. */
  committed(): void;
}

export interface PartitionInput {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
}

/**
 * Takes a partition from whoever had it: from here on a process that still believes it owns it cannot commit, and what
 * it had begun is aborted. The transaction opened here is only how kafkajs is made to ask for its epoch.
 */
export async function fence(producer: Producer): Promise<void> {
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.abort();
}

export class OwnedPartition<W extends PartitionWork> {
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    readonly work: W,
    private readonly producer: Producer,
    private readonly input: PartitionInput,
    /** First offset not yet taken into account. */
    private next: bigint,
  ) {}

  /** Handles what is new in these messages. Throws ConsumeError `transaction-failed`: then drop this owner. */
  handle(messages: readonly KafkaMessage[]): Promise<void> {
    return this.inTurn(async () => {
      const fresh = messages.filter((m) => BigInt(m.offset) >= this.next);
      const last = fresh.at(-1);
      if (!last) return;
      const next = BigInt(last.offset) + 1n;
      await this.transact(await this.work.handle(fresh), next);
      this.next = next;
    });
  }

  /** Writes what the work has to say by itself, for instance because time has passed. */
  write(make: (work: W) => readonly TopicMessages[]): Promise<void> {
    return this.inTurn(async () => {
      const outputs = make(this.work);
      if (outputs.length > 0) await this.transact(outputs);
    });
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.inTurn(() => this.producer.disconnect());
  }

  private async transact(outputs: readonly TopicMessages[], next?: bigint): Promise<void> {
    const { groupId, topic, partition } = this.input;
    try {
      const transaction = await this.producer.transaction();
      if (outputs.length > 0) await transaction.sendBatch({ topicMessages: [...outputs] });
      if (next !== undefined)
        await transaction.sendOffsets({
          consumerGroupId: groupId,
          topics: [{ topic, partitions: [{ partition, offset: next.toString() }] }],
        });
      await transaction.commit();
    } catch (cause) {
      // No abort: the next owner's fence aborts it, and whether a lost commit took effect is only known after that.
      const hint = 'another process may own the partition now, or the broker is away; state will be rebuilt';
      const operation = `transaction on ${topic}:${partition}`;
      throw new ConsumeError('transaction-failed', operation, (cause as Error).message, hint, { cause });
    }
    this.work.committed();
  }

  private inTurn<T>(what: () => Promise<T>): Promise<T> {
    const mine = this.turn.then(what);
    this.turn = mine.catch(() => undefined);
    return mine;
  }
}
