/** Where the records go that cannot be understood or that no workflow can take. */
import { type Producer } from 'kafkajs';
import { EventWriter, type SchemaIds } from '../../schemas/stream';
import { coordinatesKey, Topics } from '../../schemas/topics';
import { type Source } from './item';

const MAX_VALUE_BYTES = 900_000;

export class DeadLetters {
  private readonly writer: EventWriter<'dead-letter'>;

  constructor(
    private readonly producer: Pick<Producer, 'send'>,
    ids: SchemaIds,
    private readonly consumer: string,
    private readonly now: () => number,
  ) {
    this.writer = new EventWriter(Topics.deadLetters, ids);
  }

  /** `code` and `reason` as in dead-letter.avsc. */
  async write(source: Source, code: string, reason: string): Promise<void> {
    const { partition, offset, timestamp, key, value } = source;
    const cut = value.length > MAX_VALUE_BYTES;
    const letter = this.writer.write({
      source_topic: Topics.commandEvents.name,
      source_partition: partition,
      source_offset: Number(offset),
      source_timestamp: timestamp,
      consumer: this.consumer,
      code,
      reason: cut ? `${reason} (value cut from ${value.length} bytes)` : reason,
      at: this.now(),
      key,
      value: cut ? value.subarray(0, MAX_VALUE_BYTES) : value,
      headers: {},
    });
    const message = { key: coordinatesKey(Topics.commandEvents.name, partition, offset), value: letter };
    await this.producer.send({ topic: Topics.deadLetters.name, acks: -1, messages: [message] });
  }
}
