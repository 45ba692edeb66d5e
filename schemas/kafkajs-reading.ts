/** How kafkajs 2.2 reads a record batch, replaced where it loads it, for every consumer. To be imported before kafkajs is. */
import { replaceInKafkajs, requireOfKafkajs } from './kafkajs-replace';
import { BATCH_HEADER_BYTES, contextOf, type ReadRecord, recordsIn } from './kafka-records';

export const READS = 'kafkajs/src/protocol/recordBatch/v0/decoder';

/** What kafkajs reads an answer with. */
interface Answer {
  readonly buffer: Buffer;
  readonly offset: number;
  readInt64(): bigint;
  readInt32(): number;
  forward(bytes: number): void;
}

interface Codec {
  decompress(records: Buffer): Promise<Buffer>;
}

/** All that kafkajs goes on with are the records. Throws KafkaJSPartialMessageError for the last batch of an answer that was cut short, as kafkajs expects. */
export async function readBatch(answer: Answer): Promise<{ readonly records: ReadRecord[] }> {
  const firstOffset = answer.readInt64();
  const length = answer.readInt32();
  const batch = answer.buffer.subarray(answer.offset, answer.offset + length);
  answer.forward(length);
  if (batch.length < length) throw partial(batch.length, length);
  const { attributes, ...context } = contextOf(batch, firstOffset);
  const packed = batch.subarray(BATCH_HEADER_BYTES);
  const codec = codecOf(attributes);
  const count = batch.readInt32BE(BATCH_HEADER_BYTES - 4);
  const records = recordsIn(codec && count > 0 ? await codec.decompress(packed) : packed, count, context);
  return { records };
}

function codecOf(attributes: number): Codec | null {
  const { lookupCodecByAttributes } = requireOfKafkajs('kafkajs/src/protocol/message/compression') as {
    lookupCodecByAttributes(attributes: number): Codec | null;
  };
  return lookupCodecByAttributes(attributes);
}

function partial(bytes: number, length: number): Error {
  const { KafkaJSPartialMessageError } = requireOfKafkajs('kafkajs/src/errors') as {
    KafkaJSPartialMessageError: new (message: string) => Error;
  };
  return new KafkaJSPartialMessageError(`a record batch of ${length} bytes, of which ${bytes} came`);
}

replaceInKafkajs(READS, readBatch);
