import { type Kafka, type Producer, type Transaction } from 'kafkajs';
import { createKafka, idempotentProducer, transactionalProducer } from '../../../schemas/stream';
import { tail } from '../../../services/lib/tail';
import { type Stack, startStack } from '../../support/stack';

let stack: Stack;
let kafka: Kafka;
const log = { warn: () => undefined };

beforeAll(async () => {
  stack = await startStack({ want: ['kafka'] });
  const brokers = stack.env['KAFKA_BROKERS']?.split(',') ?? [];
  kafka = createKafka({ clientId: 'test', brokers, registryUrl: 'http://127.0.0.1:1' }, log);
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 't', numPartitions: 3 }, { topic: 'overlap' }], waitForLeaders: true });
  await admin.disconnect();
}, 120_000);
afterAll(() => stack?.stop());

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (condition()) return;
    await new Promise((r) => setTimeout(r, 50));
  }
  throw new Error(`never: ${what}`);
}

test('of transactions of two producers that overlap in one partition, what was aborted is not seen', async () => {
  const producers = ['one', 'other'].map((id) => transactionalProducer(kafka, `overlap-${id}`));
  const [one, other] = producers as [Producer, Producer];
  await Promise.all(producers.map((p) => p.connect()));
  const send = (t: Transaction, value: string) =>
    t.send({ topic: 'overlap', messages: [{ partition: 0, key: value, value }] });
  const outer = await one.transaction();
  await send(outer, 'aborted first');
  const inner = await other.transaction();
  await send(inner, 'aborted second');
  await inner.abort();
  await send(outer, 'aborted third');
  await outer.abort();
  const last = await other.transaction();
  await send(last, 'committed');
  await last.commit();
  const seen: string[] = [];
  const onMessage = (m: { value: Buffer | null }) => void seen.push(String(m.value));
  const following = await tail(kafka, { groupId: 'g0', topics: ['overlap'], from: 'beginning', onMessage }, log);
  await following.caughtUp;
  expect(seen).toEqual(['committed']);
  await Promise.all([following.stop(), ...producers.map((p) => p.disconnect())]);
}, 60_000);

test('a tail sees all there was and all that comes, committed only, across a broker’s death', async () => {
  const tx = transactionalProducer(kafka, 'tail-test');
  await tx.connect();
  const write = async (values: string[], end: 'commit' | 'abort'): Promise<void> => {
    const t = await tx.transaction();
    await t.send({ topic: 't', messages: values.map((value) => ({ key: value, value })) });
    await t[end]();
  };
  await write(['a', 'b', 'c'], 'commit');
  await write(['never'], 'abort');

  const all: string[] = [];
  const fresh: string[] = [];
  const follow = (groupId: string, from: 'beginning' | 'now', into: string[]) =>
    tail(kafka, { groupId, topics: ['t'], from, onMessage: (m) => void into.push(String(m.value)) }, log);
  const [whole, live] = await Promise.all([follow('g1', 'beginning', all), follow('g2', 'now', fresh)]);
  await whole.caughtUp;
  expect(all.sort()).toEqual(['a', 'b', 'c']);

  await write(['d'], 'commit');
  await until(() => fresh.includes('d'), 'd is seen live');
  await tx.disconnect();

  await stack.kill('kafka');
  await stack.restart('kafka');
  const producer = idempotentProducer(kafka);
  await producer.connect();
  await producer.send({ topic: 't', messages: [{ key: 'e', value: 'e' }] });
  await until(() => all.includes('e') && fresh.includes('e'), 'e is seen after the restart');
  expect(all.sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(fresh.sort()).toEqual(['d', 'e']);
  await Promise.all([whole.stop(), live.stop(), producer.disconnect()]);
}, 120_000);
