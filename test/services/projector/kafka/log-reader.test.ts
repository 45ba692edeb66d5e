import { type Broker, type Cluster } from 'kafkajs';
import { writeBatch } from '../../../../schemas/kafka-batch';
import { LogReader } from '../../../../services/projector/kafka/log-reader';
import { realClock } from '../../../../services/projector/clock';

const TOPIC = 't';

/** Record batch with offsets 0 to n-1. */
const batchOf = (n: number): Promise<Buffer> =>
  writeBatch({
    messages: Array.from({ length: n }, (_, i) => ({ key: 'k', value: String(i) })),
    ...{ now: 0, producerId: -1n, producerEpoch: 0, firstSequence: 0, transactional: false },
  });

/** Answers a fetch when it is told to. */
class SlowBroker {
  asked = 0;
  private answer: ((records: Buffer) => void) | undefined;
  readonly connectionPool = {
    send: (): Promise<object> => {
      this.asked++;
      return new Promise((resolve) => {
        const part = { topic: TOPIC, partition: 0, error: undefined, high: 9, aborted: [] };
        this.answer = (records) => resolve({ fetched: records.length > 0 ? [{ ...part, records }] : [] });
      });
    },
  };

  reply(records: Buffer): void {
    this.answer?.(records);
    this.answer = undefined;
  }
}

test('of two brokers that were asked for the same offset, the one that answers later adds nothing', async () => {
  const brokers: Record<string, SlowBroker> = { '1': new SlowBroker(), '2': new SlowBroker() };
  let leader = '1';
  const cluster = {
    connect: () => Promise.resolve(),
    disconnect: () => Promise.resolve(),
    addMultipleTargetTopics: () => Promise.resolve(),
    refreshMetadata: () => Promise.resolve(),
    fetchTopicsOffset: () => Promise.reject(new Error('no leader')),
    findLeaderForPartitions: () => ({ [leader]: [0] }),
    findBroker: ({ nodeId }: { nodeId: string }) => Promise.resolve(brokers[nodeId] as unknown as Broker),
  };
  const reader = new LogReader(cluster as unknown as Cluster, [TOPIC], realClock, { warn: () => undefined });
  await reader.start();
  const feed = reader.open(TOPIC, 0, 0);
  await until(() => brokers['1']!.asked === 1);
  leader = '2';
  // What fails makes it look for leaders anew.
  await expect(reader.watermarks(TOPIC, 0)).rejects.toThrow('no leader');
  await until(() => brokers['2']!.asked === 1);

  brokers['1']!.reply(await batchOf(2));
  const first = await feed.next(1_000, new AbortController().signal);
  brokers['2']!.reply(await batchOf(3));
  await until(() => brokers['2']!.asked === 2);
  brokers['2']!.reply(await batchOf(3));
  const second = await feed.next(1_000, new AbortController().signal);
  expect([first, second].map((c) => c?.messages.map((m) => m.offset))).toEqual([[0, 1], [2]]);

  await until(() => brokers['2']!.asked === 3);
  feed.close();
  const closed = reader.close();
  for (const broker of Object.values(brokers)) broker.reply(Buffer.alloc(0));
  await closed;
});

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !condition(); await new Promise((r) => setTimeout(r, 1)))
    if (Date.now() > end) throw new Error('not within 20 s');
}
