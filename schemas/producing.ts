/** Producers of the stream, and what kafkajs does at every message of theirs made cheap: a day's backlog is 1.7 million. */
import './kafkajs-sending';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import {
  CompressionCodecs,
  CompressionTypes,
  type ICustomPartitioner,
  type Kafka,
  Partitioners,
  type Producer,
} from 'kafkajs';
import { partitionOf } from './partition';

const zip = promisify(gzip);
const unzip = promisify(gunzip);
/** Level 6, the default, takes twice the time for a tenth less. */
const LEVEL = 1;
/** Keys remembered of a topic; more than devices of an agent, less than would matter. */
const MAX_KEYS = 50_000;

/** Of the whole process: kafkajs keeps its codecs in one table. */
export function quickGzip(): void {
  CompressionCodecs[CompressionTypes.GZIP] = () => ({
    compress: ({ buffer }: { buffer: Buffer }) => zip(buffer, { level: LEVEL }),
    decompress: (buffer: Buffer) => unzip(buffer),
  });
}

/**
 * The default partitioner's choice, and remembered for a key: kafkajs' own hash costs more than sending the message does.
 * What has no key of text is left to kafkajs.
 */
export const rememberingPartitioner: ICustomPartitioner = () => {
  const choose = Partitioners.DefaultPartitioner();
  const topics = new Map<string, Map<string, number>>();
  return (args) => {
    const { topic, message, partitionMetadata } = args;
    if (typeof message.key !== 'string' || message.partition !== undefined) return choose(args);
    const partitions = partitionMetadata.length;
    const name = `${topic}/${partitions}`;
    let keys = topics.get(name);
    if (!keys || keys.size >= MAX_KEYS) topics.set(name, (keys = new Map()));
    let partition = keys.get(message.key);
    if (partition === undefined) keys.set(message.key, (partition = partitionOf(message.key, partitions)));
    return partition;
  };
};

/**
 * A producer with a transactional id: a later one with the same id fences it. kafkajs waits 300 ms on
 * CONCURRENT_TRANSACTIONS by default, which is 5 transactions a second; these retries give 94.
 */
export function transactionalProducer(kafka: Kafka, transactionalId: string): Producer {
  return kafka.producer({
    transactionalId,
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: rememberingPartitioner,
    retry: { initialRetryTime: 2, multiplier: 1.3, factor: 0.1, retries: 40, maxRetryTime: 1_000 },
  });
}

/** A producer that neither loses nor repeats within its own life. */
export function idempotentProducer(kafka: Kafka): Producer {
  return kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: rememberingPartitioner,
  });
}
