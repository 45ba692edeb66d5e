/**
 * The parts of kafkajs 2.2 that cost most at every record sent, replaced where it loads them: how the messages of a send are
 * divided over partitions (it copies what a partition has for each one more), and how the request is written. To be imported
 * before kafkajs is: whoever comes later has the slow ones, and the same bytes.
 */
import { sendingTime } from './clock';
import { replaceInKafkajs, requireOfKafkajs } from './kafkajs-replace';
import { type Compressed, type SentMessage, writeBatch } from './kafka-batch';

const PRODUCE = 0;
export const DIVIDES = 'kafkajs/src/producer/groupMessagesPerPartition';
export const WRITES = 'kafkajs/src/protocol/requests/produce/v3/request';

interface Division {
  readonly topic: string;
  readonly partitionMetadata: readonly unknown[];
  readonly messages: readonly SentMessage[];
  partitioner(args: { topic: string; partitionMetadata: readonly unknown[]; message: SentMessage }): number;
}

export function divide({ topic, partitionMetadata, messages, partitioner }: Division): Record<string, SentMessage[]> {
  const divided: Record<string, SentMessage[]> = {};
  if (partitionMetadata.length === 0) return divided;
  for (const message of messages) (divided[partitioner({ topic, partitionMetadata, message })] ??= []).push(message);
  return divided;
}

interface Produce {
  readonly acks: number;
  /** ms. */
  readonly timeout: number;
  readonly transactionalId?: string | null;
  /** A 64-bit number as an object of kafkajs. */
  readonly producerId?: { toString(): string };
  readonly producerEpoch?: number;
  readonly compression?: number;
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly messages: readonly SentMessage[];
      readonly firstSequence?: number;
    }[];
  }[];
}

/** What kafkajs takes for one of its encoders. */
interface Encoded {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
}

export const produceRequest = (produce: Produce): object => ({
  apiKey: PRODUCE,
  apiVersion: 3,
  apiName: 'Produce',
  expectResponse: () => produce.acks !== 0,
  encode: () => encode(produce),
});

async function encode(produce: Produce): Promise<Encoded> {
  const { acks, timeout, transactionalId = null, topicData } = produce;
  const fixed = Buffer.alloc(6);
  fixed.writeInt16BE(acks, 0);
  fixed.writeInt32BE(timeout, 2);
  const parts = [text(transactionalId), fixed, int32(topicData.length)];
  for (const { topic, partitions } of topicData) {
    parts.push(text(topic), int32(partitions.length));
    for (const { partition, messages, firstSequence = 0 } of partitions) {
      const batch = await writeBatch(batchOf(produce, messages, firstSequence), compressedBy(produce.compression ?? 0));
      parts.push(int32(partition), int32(batch.length), batch);
    }
  }
  const buffer = Buffer.concat(parts);
  return { buf: buffer, buffer };
}

function batchOf(
  produce: Produce,
  messages: readonly SentMessage[],
  firstSequence: number,
): Parameters<typeof writeBatch>[0] {
  const { producerId = '-1', producerEpoch = 0, transactionalId } = produce;
  const now = sendingTime();
  const producer = { producerId: BigInt(producerId.toString()), producerEpoch, firstSequence };
  return { messages, now, ...producer, transactional: Boolean(transactionalId) };
}

function compressedBy(codec: number): Compressed | undefined {
  if (codec === 0) return undefined;
  const { lookupCodec } = requireOfKafkajs('kafkajs/src/protocol/message/compression') as {
    lookupCodec(type: number): Codec;
  };
  return { codec, compress: (buffer) => lookupCodec(codec).compress({ buffer }) };
}

function int32(n: number): Buffer {
  const out = Buffer.allocUnsafe(4);
  out.writeInt32BE(n);
  return out;
}

function text(value: string | null): Buffer {
  const bytes = Buffer.from(value ?? '');
  const length = Buffer.allocUnsafe(2);
  length.writeInt16BE(value === null ? -1 : bytes.length);
  return Buffer.concat([length, bytes]);
}

replaceInKafkajs(DIVIDES, divide);
replaceInKafkajs(WRITES, produceRequest);
