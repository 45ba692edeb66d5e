import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type Kafka, type Producer, type Transaction } from 'kafkajs';
import { schemas } from '../../../schemas/codec';
import { type AlarmEvent, type Webhook } from '../../../schemas/generated';
import {
  createKafka,
  ensureTopics,
  EventWriter,
  idempotentProducer,
  transactionalProducer,
  WriterSchemas,
} from '../../../schemas/stream';
import { Topics } from '../../../schemas/topics';
import { beginAtEnd, Followers } from '../../../services/api/webhooks/followers';
import { poster } from '../../../services/api/webhooks/post';
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

test('a webhook gets what its tenant’s devices do after it was made, and goes on where it was after a restart', async () => {
  const got: string[] = [];
  let refusing = true;
  const receiver = createServer((request, res) => {
    got.push(String(request.headers['webhook-id']));
    res.writeHead(refusing ? 503 : 200).end();
    refusing = false;
  });
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
  const { port } = receiver.address() as AddressInfo;
  const webhook: Webhook = {
    ...{ tenant: 'acme', webhook_id: 'hook', url: `http://127.0.0.1:${port}/`, events: ['alarm'] },
    ...{ secret: 'whsec_c2VjcmV0', created_at: 0, created_by: 'test', removed_at: null, removed_by: null },
  };
  const admin = kafka.admin();
  await admin.connect();
  await ensureTopics(admin, [Topics.alarms]);
  const producer = idempotentProducer(kafka);
  await producer.connect();
  const writer = new EventWriter(Topics.alarms, { 'm2m.alarms-value': 1 });
  const raise = async (tenant: string, alarm: string): Promise<void> => {
    const event: AlarmEvent = {
      ...{ tenant, device_id: 'pump-1', agent_id: 'edge-1', alarm, occurrence: '1', at: 0, priority: 1, active: true },
      ...{ acknowledged: false, shelved_until: null, suppressed: false, out_of_service: false, value: null },
      ...{ message: '', actor: 'test', seq: null },
    };
    const message = { key: 'pump-1', partition: 0, value: writer.write(event) };
    await producer.send({ topic: Topics.alarms.name, messages: [message] });
  };
  const writers = new WriterSchemas({ registryUrl: 'http://127.0.0.1:1' });
  jest.spyOn(writers, 'cached').mockReturnValue(schemas.alarm);
  const follow = (): Followers => {
    const told = { onOutcome: () => undefined, onDead: () => undefined };
    const followers = new Followers({ kafka, writers, log, post: poster(true), now: () => 0, ...told });
    followers.set([webhook]);
    return followers;
  };
  await raise('acme', 'before it was made');
  await beginAtEnd(admin, webhook);
  await raise('other', 'not its own');
  await raise('acme', 'first');
  const before = follow();
  await until(() => got.length === 2, 'the first, refused once');
  await before.stop();
  await raise('acme', 'second');
  const after = follow();
  await until(() => got.includes('alarms-0-3'), 'the second');
  expect(new Set(got)).toEqual(new Set(['alarms-0-2', 'alarms-0-3']));
  await Promise.all([after.stop(), producer.disconnect(), admin.disconnect()]);
  receiver.closeAllConnections();
  receiver.close();
}, 60_000);
