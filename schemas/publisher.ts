/**
 * Writes to Kafka. Sends that come while one is under way go out together with the next, so that a
 * hundred commands in flight cost a few requests and a single one waits for nothing.
 */
import { type Producer } from 'kafkajs';

export interface Message {
  readonly topic: string;
  readonly key: string;
  readonly value: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export type PublishErrorCode = 'overloaded' | 'not-written' | 'closed';

export class PublishError extends Error {
  constructor(
    readonly code: PublishErrorCode,
    readonly operation: string,
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(`${operation}: ${message}`, options);
    this.name = 'PublishError';
  }
}

/** Messages that may wait; beyond it sends are refused and whoever sends tries again later. */
export const MAX_WAITING_MESSAGES = 10_000;
const MAX_BATCH_MESSAGES = 1_000;

export type BatchProducer = Pick<Producer, 'connect' | 'disconnect' | 'sendBatch'>;

interface Waiting {
  readonly messages: readonly Message[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Publisher {
  private queue: Waiting[] = [];
  private queued = 0;
  private flushing: Promise<void> | undefined;
  private producer: BatchProducer | undefined;
  private closed = false;

  /** `makeProducer` is called again after every failure: see `forget`. */
  constructor(private readonly makeProducer: () => BatchProducer) {}

  get waiting(): number {
    return this.queued;
  }

  /** Resolves when all are written. When it rejects (PublishError), any of them may have been. */
  send(messages: readonly Message[]): Promise<void> {
    if (this.closed) return Promise.reject(refused('closed', 'the publisher is closed', 'the process is stopping'));
    if (this.queued + messages.length > MAX_WAITING_MESSAGES)
      return Promise.reject(refused('overloaded', `${this.queued} messages are waiting`, 'is Kafka slow or away?'));
    this.queued += messages.length;
    const sent = new Promise<void>((resolve, reject) => this.queue.push({ messages, resolve, reject }));
    this.flushing ??= this.flush();
    return sent;
  }

  /** Writes what is waiting, then disconnects. */
  async close(): Promise<void> {
    this.closed = true;
    await this.flushing;
    await this.producer?.disconnect();
  }

  private async flush(): Promise<void> {
    while (this.queue.length > 0) {
      const batch = this.take();
      try {
        await this.write(batch.flatMap((w) => w.messages));
        for (const w of batch) w.resolve();
      } catch (cause) {
        const { message } = cause as Error;
        await this.forget();
        for (const w of batch)
          w.reject(new PublishError('not-written', 'publish', message, 'is Kafka reachable?', { cause }));
      } finally {
        this.queued -= batch.reduce((n, w) => n + w.messages.length, 0);
      }
    }
    this.flushing = undefined;
  }

  private take(): Waiting[] {
    let n = 0;
    const end = this.queue.findIndex((w) => (n += w.messages.length) > MAX_BATCH_MESSAGES);
    return this.queue.splice(0, end === -1 ? this.queue.length : Math.max(1, end));
  }

  private async write(messages: readonly Message[]): Promise<void> {
    if (!this.producer) {
      const producer = this.makeProducer();
      await producer.connect();
      this.producer = producer;
    }
    const byTopic = new Map<string, Omit<Message, 'topic'>[]>();
    for (const { topic, ...message } of messages) {
      const of = byTopic.get(topic) ?? [];
      of.push(message);
      byTopic.set(topic, of);
    }
    await this.producer.sendBatch({
      acks: -1,
      topicMessages: [...byTopic].map(([topic, of]) => ({ topic, messages: of })),
    });
  }

  /**
   * An idempotent producer that gave up on a batch reuses its sequence numbers for the next one. If the broker had
   * written the first after all, it takes the second for a repeat and drops it with a success. So: a new producer.
   */
  private async forget(): Promise<void> {
    const producer = this.producer;
    this.producer = undefined;
    await producer?.disconnect().catch(() => undefined);
  }
}

function refused(code: PublishErrorCode, message: string, hint: string): PublishError {
  return new PublishError(code, 'publish', message, hint);
}
