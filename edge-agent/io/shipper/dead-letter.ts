/** A record the broker will never take, put aside with where it came from, so that the rest goes on. Pure. */
import { Encoder, schemas } from '../../../schemas/codec';
import { coordinatesKey, outboxGroup, Topics } from '../../../schemas/topics';
import { type StoredRecord } from '../outbox-api';

/** Bytes of the value that are kept, tried in turn: what is too large for its topic is too large for this one too. */
export const DEAD_LETTER_CUTS: readonly number[] = [900_000, 100_000, 0];
/** The record never had a partition: its offset is its index in the lane. */
const NO_PARTITION = -1;

const encoder = new Encoder('dead-letter');

export interface DeadLetterMessage {
  readonly topic: string;
  readonly key: string;
  readonly body: Buffer;
  readonly avsc: object;
}

export function deadLetter(
  agentId: string,
  record: StoredRecord,
  reason: string,
  at: number,
  cut: number,
): DeadLetterMessage {
  const topic = Topics.deadLetters.name;
  const value = record.body.subarray(0, cut);
  const cutNote = value.length < record.body.length ? ` (value cut from ${record.body.length} bytes)` : '';
  return {
    topic,
    avsc: schemas['dead-letter'],
    key: coordinatesKey(`${outboxGroup(agentId)}/${record.lane}`, NO_PARTITION, String(record.index)),
    body: encoder.encode({
      source_topic: record.topic,
      source_partition: NO_PARTITION,
      source_offset: record.index,
      source_timestamp: record.at,
      consumer: outboxGroup(agentId),
      code: 'refused',
      reason: `${reason}${cutNote}`,
      at,
      key: Buffer.from(record.key),
      value,
      headers: {
        lane: Buffer.from(record.lane),
        counter: Buffer.from(record.counter),
        seq: Buffer.from(String(record.seq)),
        schema: Buffer.from(record.schema),
      },
    }),
  };
}
