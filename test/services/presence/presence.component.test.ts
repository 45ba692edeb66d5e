import { randomUUID } from 'node:crypto';
import { type Consumer, type Kafka, type Producer } from 'kafkajs';
import pino from 'pino';
import { Registry } from 'prom-client';
import { type Presence, type SessionEvent } from '../../../schemas/generated';
import {
  createKafka,
  ensureTopics,
  EventReader,
  EventWriter,
  idempotentProducer,
  registerSchemas,
  streamConfig,
  WriterSchemas,
} from '../../../schemas/stream';
import { deviceKey, Topics } from '../../../schemas/topics';
import { type RunningService } from '../../../services/lib/service';
import { startPresence } from '../../../services/presence/service';
import { type Stack, startStack } from '../../support/stack';

let stack: Stack;
let kafka: Kafka;
let producer: Producer;
let consumer: Consumer;
let writer: EventWriter<'session-event'>;
let presence: RunningService;
const heard: Presence[] = [];

async function start(): Promise<RunningService> {
  return startPresence({
    stream: streamConfig(stack.env, 'presence'),
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
    now: Date.now,
    newId: randomUUID,
    onFatal: (e) => {
      throw e;
    },
  });
}

async function tell(device_id: string, type: SessionEvent['type'], over: Partial<SessionEvent> = {}): Promise<void> {
  const agent_id = over.agent_id ?? 'agent-1';
  const event: SessionEvent = {
    ...{ tenant: 'default', device_id, agent_id, session_id: 's1', type, at: Date.now(), protocol: '', reason: '' },
    ...{ interval_ms: 60_000, seq: null, ...over },
  };
  const message = { key: deviceKey('default', device_id), value: writer.write(event) };
  await producer.send({ topic: Topics.sessions.name, messages: [message] });
}

async function until(device_id: string, status: string, within_ms = 20_000): Promise<Presence> {
  for (const deadline = Date.now() + within_ms; Date.now() < deadline;) {
    const last = heard.filter((p) => p.device_id === device_id).at(-1);
    if (last?.status === status) return last;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${device_id} is not ${status}: ${JSON.stringify(heard.filter((p) => p.device_id === device_id))}`);
}

beforeAll(async () => {
  stack = await startStack({ want: ['kafka', 'schema-registry'] });
  const config = streamConfig(stack.env, 'test');
  kafka = createKafka(config, { warn: () => undefined });
  const admin = kafka.admin();
  await admin.connect();
  await ensureTopics(admin);
  await admin.disconnect();
  writer = new EventWriter(Topics.sessions, await registerSchemas(config, [Topics.sessions]));
  producer = idempotentProducer(kafka);
  await producer.connect();
  consumer = kafka.consumer({ groupId: 'test', readUncommitted: false, maxWaitTimeInMs: 20 });
  const reader = new EventReader('presence', new WriterSchemas(config));
  await consumer.connect();
  await consumer.subscribe({ topics: [Topics.presence.name], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => void (message.value && heard.push(await reader.read(message.value))),
  });
  presence = await start();
}, 180_000);

afterAll(async () => {
  await presence.stop();
  await producer.disconnect();
  await consumer.disconnect();
  await stack.stop();
}, 60_000);

test('connect, disconnect: online, offline with the reason', async () => {
  await tell('pump-1', 'connect');
  expect(await until('pump-1', 'online')).toMatchObject({ agent_id: 'agent-1', interval_ms: 60_000, reason: '' });
  await tell('pump-1', 'disconnect', { reason: 'EHOSTUNREACH' });
  expect(await until('pump-1', 'offline')).toMatchObject({ reason: 'EHOSTUNREACH' });
}, 60_000);

test('silence: stale, then offline, without anybody saying so', async () => {
  await tell('pump-2', 'connect', { interval_ms: 1_000 });
  await until('pump-2', 'stale');
  expect((await until('pump-2', 'offline')).reason).toMatch(/no sign of life for .* expected every 1 s/);
  await tell('pump-2', 'heartbeat', { interval_ms: 1_000 });
  await until('pump-2', 'online');
}, 60_000);

test('an agent that falls silent makes its devices unknown, wherever they are partitioned', async () => {
  const devices = ['a', 'b', 'c', 'd', 'e', 'f'].map((x) => `behind-${x}`);
  await tell('agent-9', 'connect', { agent_id: 'agent-9', interval_ms: 1_000 });
  for (const id of devices) await tell(id, 'connect', { agent_id: 'agent-9' });
  for (const id of devices) expect((await until(id, 'unknown')).reason).toBe('agent agent-9 is stale');
  expect(heard.filter((p) => devices.includes(p.device_id) && p.status === 'offline')).toEqual([]);
}, 60_000);

test('a restart tells nothing again and goes on from what was told', async () => {
  await tell('pump-3', 'connect');
  await until('pump-3', 'online');
  const before = heard.length;
  await presence.stop();
  await tell('pump-3', 'disconnect', { reason: 'while away' });
  presence = await start();
  expect(await until('pump-3', 'offline')).toMatchObject({ reason: 'while away' });
  const again = heard.slice(before).filter((p) => p.device_id !== 'pump-3' && p.status === 'online');
  expect(again).toEqual([]);
  expect(presence.notReady()).toBeUndefined();
}, 60_000);
