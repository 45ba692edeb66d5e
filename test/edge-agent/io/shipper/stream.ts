/** Reads what consumers of committed records would see. */
import { type Kafka } from 'kafkajs';
import { unframe, Decoder } from '../../../../schemas/codec';
import { type TelemetryFrame } from '../../../../schemas/generated';
import { committedConsumer } from '../../../../schemas/stream';

const QUIET_MS = 8_000;

export interface Seen {
  readonly key: string;
  readonly value: Buffer;
  readonly partition: number;
  readonly offset: string;
}

/** Everything committed on a topic, from the beginning to its present end. */
export async function readTopic(kafka: Kafka, topic: string): Promise<Seen[]> {
  const admin = kafka.admin();
  await admin.connect();
  const ends = new Map((await admin.fetchTopicOffsets(topic)).map((o) => [o.partition, Number(o.high)]));
  await admin.disconnect();
  const seen: Seen[] = [];
  const waiting = new Set([...ends].filter(([, high]) => high > 0).map(([partition]) => partition));
  if (waiting.size === 0) return seen;
  const consumer = committedConsumer(kafka, `read-${topic}-${Math.random()}`);
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    // What was aborted at the end of a partition is never handed over: then the end is that nothing comes any more.
    const timer = setTimeout(resolve, QUIET_MS);
    consumer
      .run({
        autoCommit: false,
        eachBatchAutoResolve: true,
        eachBatch: ({ batch }) => {
          timer.refresh();
          for (const { key, value, offset } of batch.messages)
            if (value) seen.push({ key: String(key), value, partition: batch.partition, offset });
          // Control records at the end are counted in lastOffset, not in messages.
          if (Number(batch.lastOffset()) + 1 >= (ends.get(batch.partition) ?? 0)) waiting.delete(batch.partition);
          if (waiting.size > 0) return Promise.resolve();
          clearTimeout(timer);
          resolve();
          return Promise.resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return seen;
}

const decoder = new Decoder('telemetry-frame');
export const frameOf = (seen: Seen): TelemetryFrame => decoder.decode(unframe(seen.value).body);
