/** Messages that cannot go in, whole, with where they came from and why. */
import { type Producer } from 'kafkajs';
import { type EventWriter } from '../../schemas/stream';
import { coordinatesKey, Topics } from '../../schemas/topics';
import { type Clock, type DeadLetters, type LogMessage, type Refused } from './ports';

/** The record's own bound (dead-letter.avsc): a message and its envelope must fit a broker's default of 1 MiB. */
export const MAX_VALUE_BYTES = 900_000;
/** Envelopes per produce request. */
const MAX_BATCH_BYTES = 900_000;

export class KafkaDeadLetters implements DeadLetters {
  constructor(
    private readonly producer: Pick<Producer, 'send'>,
    private readonly writer: EventWriter<'dead-letter'>,
    private readonly consumer: string,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** May leave some of them twice after a crash: readers know a dead letter by its coordinates. */
  async send(topic: string, partition: number, refused: readonly Refused[]): Promise<void> {
    const messages = refused.map((r) => ({
      key: coordinatesKey(topic, partition, String(r.message.offset)),
      value: this.write(topic, partition, r),
    }));
    for (let i = 0; i < messages.length;) {
      let end = i + 1;
      for (let bytes = messages[i]!.value.length; end < messages.length; end++) {
        bytes += messages[end]!.value.length;
        if (bytes > MAX_BATCH_BYTES) break;
      }
      await this.producer.send({ topic: Topics.deadLetters.name, acks: -1, messages: messages.slice(i, end) });
      i = end;
    }
  }

  private write(topic: string, partition: number, { message, poison }: Refused): Buffer {
    return this.writer.write({
      source_topic: topic,
      source_partition: partition,
      source_offset: message.offset,
      source_timestamp: message.timestamp,
      consumer: this.consumer,
      code: poison.code,
      reason: isLong(message) ? `${poison.reason} (value cut from ${message.value!.length} bytes)` : poison.reason,
      at: this.clock.now(),
      key: message.key,
      value: message.value && message.value.subarray(0, MAX_VALUE_BYTES),
      headers: { ...message.headers },
    });
  }
}

const isLong = (message: LogMessage): boolean => (message.value?.length ?? 0) > MAX_VALUE_BYTES;
