/**
 * One partition and the transactional producer that owns it. Inputs, outputs and the position go together in one
 * transaction, so a process killed at any point has either done all of a batch or nothing.
 */
import { type KafkaMessage, type Producer, type TopicMessages } from 'kafkajs';
import { ConsumeError } from './consume-error';
import { sendsOf } from './consume-sends';

export interface Handled {
  readonly outputs: readonly TopicMessages[];
  /** How many of the messages these outputs answer, from the first; the rest goes into the next transaction. */
  readonly handled: number;
  /**
   * Nothing would be lost if these messages were handled again: the position may wait for the next transaction. Only
   * looked at when there are no outputs.
   */
  readonly repeatable?: boolean;
}

/** What a service does with one partition: state, and how it answers input. */
export interface PartitionWork {
  /**
   * Answers as many of these messages as fit one transaction, at least one. State may move ahead of what is committed: on
   * failure the work is dropped and rebuilt.
   */
  handle(messages: readonly KafkaMessage[]): Promise<Handled>;
  /** What was answered last is now a fact. */
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
  private committed: bigint;

  constructor(
    readonly work: W,
    private readonly producer: Producer,
    private readonly input: PartitionInput,
    /** First offset not yet taken into account. */
    private next: bigint,
  ) {
    this.committed = next;
  }

  /** Handles what is new in these messages. Throws ConsumeError `transaction-failed`: then drop this owner. */
  handle(messages: readonly KafkaMessage[]): Promise<void> {
    return this.inTurn(async () => {
      let rest = messages.filter((m) => BigInt(m.offset) >= this.next);
      while (rest.length > 0) {
        const { outputs, handled, repeatable } = await this.work.handle(rest);
        const last = rest[handled - 1];
        if (!last) throw new Error(`${handled} of ${rest.length} messages handled`);
        this.next = BigInt(last.offset) + 1n;
        if (outputs.length > 0 || !repeatable) await this.transact(outputs);
        rest = rest.slice(handled);
      }
    });
  }

  /** Writes what the work has to say by itself, for instance because time has passed; one transaction for each item. */
  write(make: (work: W) => Iterable<readonly TopicMessages[]>): Promise<void> {
    return this.inTurn(async () => {
      for (const outputs of make(this.work)) await this.transact(outputs);
    });
  }

  /** Commits the position when it has moved without a transaction. */
  flush(): Promise<void> {
    return this.inTurn(async () => {
      if (this.next > this.committed) await this.transact([]);
    });
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.inTurn(() => this.producer.disconnect());
  }

  private async transact(outputs: readonly TopicMessages[]): Promise<void> {
    const { groupId, topic, partition } = this.input;
    const { next } = this;
    try {
      const transaction = await this.producer.transaction();
      for (const topicMessages of sendsOf(outputs)) await transaction.sendBatch({ topicMessages });
      if (next > this.committed)
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
    this.committed = next;
    this.work.committed();
  }

  private inTurn<T>(what: () => Promise<T>): Promise<T> {
    const mine = this.turn.then(what);
    this.turn = mine.catch(() => undefined);
    return mine;
  }
}
