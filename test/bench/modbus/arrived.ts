/** What is in a topic, counted reading by reading. */
import { type Consumer } from 'kafkajs';
import { Decoder, unframe } from '../../../schemas/codec';
import { committedConsumer, createKafka, streamConfig } from '../../../schemas/stream';
import { Topics } from '../../../schemas/topics';

type Env = Readonly<Record<string, string>>;
const PARTITIONS = 6;
const IDLE_MS = 2_000;
const BAD = 64;

export async function makeTopic(env: Env, topic: string): Promise<void> {
  const admin = createKafka(streamConfig(env, 'bench'), { warn: () => undefined }).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS, replicationFactor: 1 }] });
  await admin.disconnect();
}

/** Readings of good quality that committed readers see, and how many of them are a second copy. */
export async function arrived(env: Env, topic: string): Promise<{ readings: number; repeated: number }> {
  const kafka = createKafka(streamConfig(env, 'bench'), { warn: () => undefined });
  const consumer = committedConsumer(kafka, `bench-${topic}`);
  const seen = new Set<string>();
  const count = { readings: 0, repeated: 0 };
  const take = topic === Topics.telemetry.name ? frameOf() : messageOf;
  await drain(consumer, topic, (value) => {
    const { name, readings } = take(value);
    count.readings += readings;
    if (seen.has(name)) count.repeated += readings;
    seen.add(name);
  });
  return count;
}

interface Counted {
  readonly name: string;
  readonly readings: number;
}

function frameOf(): (value: Buffer) => Counted {
  const decoder = new Decoder('telemetry-frame');
  return (value) => {
    const frame = decoder.decode(unframe(value).body);
    const good = (s: { value: unknown[]; quality: number[] }): number =>
      s.quality.length === 0 ? s.value.length : s.quality.filter((q) => q < BAD).length;
    return { name: `${frame.device_id} ${frame.seq}`, readings: frame.series.reduce((n, s) => n + good(s), 0) };
  };
}

function messageOf(value: Buffer): Counted {
  const { device, ts, values } = JSON.parse(value.toString()) as { device: string; ts: number; values: number[] };
  return { name: `${device} ${ts}`, readings: values.length };
}

/** Until nothing has come for a while. */
async function drain(consumer: Consumer, topic: string, take: (value: Buffer) => void): Promise<void> {
  let last = performance.now();
  const offsets = new Map<number, bigint>();
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: ({ batch, resolveOffset }) => {
      for (const { offset, value } of batch.messages) {
        const at = BigInt(offset);
        // A rebalance reads again what was read: that is this reader's repetition.
        if (at <= (offsets.get(batch.partition) ?? -1n)) continue;
        offsets.set(batch.partition, at);
        if (value) take(value);
        last = performance.now();
      }
      resolveOffset(batch.lastOffset());
      return Promise.resolve();
    },
  });
  const begun = performance.now();
  while (performance.now() - Math.max(last, begun + 3 * IDLE_MS) < IDLE_MS)
    await new Promise((r) => setTimeout(r, 100));
  await consumer.disconnect();
}
