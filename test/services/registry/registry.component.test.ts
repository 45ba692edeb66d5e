import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { Registry } from 'prom-client';
import { type DeviceState } from '../../../schemas/generated';
import { EventReader, streamConfig, WriterSchemas } from '../../../schemas/stream';
import { AgentTopics, type Topic, Topics } from '../../../schemas/topics';
import { deviceFromRecord, eventFromRecord, fold } from '../../../services/domain/device';
import { readToEnd } from '../../../services/lib/consume-snapshot';
import { type RunningService } from '../../../services/lib/service';
import { startRegistry } from '../../../services/registry/service';
import { type Stack, startStack } from '../../support/stack';
import { Asker } from './asker';

let stack: Stack;
let registry: RunningService;
let metrics: Registry;
let asker: Asker;
const log = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' });

async function start(): Promise<void> {
  metrics = new Registry();
  registry = await startRegistry({
    stream: streamConfig(stack.env, 'registry'),
    log,
    metrics,
    now: Date.now,
    newId: randomUUID,
    onFatal: (e) => {
      throw e;
    },
  });
}

async function read<N extends Topic>(topic: N): Promise<{ key: string; value: unknown }[]> {
  const reader = new EventReader(topic.schema, new WriterSchemas(streamConfig(stack.env, 'test')));
  const found: { key: string; value: unknown }[] = [];
  await readToEnd(asker.kafka, {
    groupId: randomUUID(),
    topic: topic.name,
    partitions: Array.from({ length: topic.partitions }, (_, p) => p),
    onMessage: async ({ key, value }) => {
      found.push({ key: String(key), value: value && (await reader.read(value)) });
    },
  });
  return found;
}

const lastOf = async (topic: Topic, key: string): Promise<DeviceState | undefined> =>
  (await read(topic)).filter((m) => m.key === key).at(-1)?.value as DeviceState | undefined;

beforeAll(async () => {
  stack = await startStack({ want: ['kafka', 'schema-registry'] });
  asker = await Asker.start(streamConfig(stack.env, 'asker'), 'asker-1');
  await start();
}, 180_000);

afterAll(async () => {
  await asker.stop();
  await registry.stop();
  await stack.stop();
}, 60_000);

let n = 0;
const ask = (device_id: string, type: string, data: object = {}, over: object = {}): ReturnType<Asker['ask']> =>
  asker.ask({ request_id: `r-${++n}`, device_id, type, data, ...over });

test('a whole life, each step answered with the state it led to', async () => {
  const id = 'life-1';
  const steps: [string, object, string][] = [
    ['register', { name: 'Pump', agent_id: 'agent-a', path: 'acme/north' }, 'registered'],
    ['provision', { credential: 'cert-1' }, 'provisioned'],
    ['activate', {}, 'active'],
    ['suspend', {}, 'suspended'],
    ['begin-decommission', {}, 'decommissioning'],
    ['abandon-decommission', {}, 'suspended'],
    ['resume', {}, 'active'],
    ['update', { name: 'Pump 1' }, 'active'],
    ['begin-decommission', {}, 'decommissioning'],
    ['complete-decommission', {}, 'decommissioned'],
  ];
  for (const [i, [type, data, state]] of steps.entries()) {
    const reply = await ask(id, type, data);
    expect(reply).toMatchObject({ outcome: 'accepted', code: '' });
    expect(JSON.parse(reply.state)).toMatchObject({ device_id: id, version: i + 1, state });
  }
  const events = (await read(Topics.lifecycle)).filter((m) => m.key === `default/${id}`).map((m) => m.value);
  const folded = fold(events.map((e) => eventFromRecord(e as never)));
  expect(folded).toMatchObject({ state: 'decommissioned', version: 10, name: 'Pump 1' });
  const state = await lastOf(Topics.devices, `default/${id}`);
  expect(deviceFromRecord(state as DeviceState)).toEqual(folded);
  expect(await lastOf(AgentTopics.devices('agent-a'), `default/${id}`)).toEqual(state);
}, 60_000);

test('an illegal move is refused with the state and the moves allowed, and changes nothing', async () => {
  await ask('illegal-1', 'register');
  const reply = await ask('illegal-1', 'resume');
  expect(reply).toMatchObject({ outcome: 'rejected', code: 'illegal-move' });
  expect(reply.detail).toBe(
    'cannot resume a device that is registered; allowed: provision, begin-decommission, update, configure, report-config',
  );
  expect(JSON.parse(reply.state)).toMatchObject({ version: 1, state: 'registered' });
  expect(await ask('nobody', 'activate')).toMatchObject({ outcome: 'rejected', code: 'unknown-device', state: '' });
  expect(await ask('illegal-1', 'update', { path: '1/2/3/4/5/6' })).toMatchObject({ code: 'invalid' });
}, 60_000);

test('a repeated request is answered, not decided again; a stale version is a conflict', async () => {
  const first = await ask('twice-1', 'register');
  const again = await asker.ask({ request_id: first.request_id, device_id: 'twice-1', type: 'register' });
  expect(again).toMatchObject({ outcome: 'unchanged', state: first.state });
  expect(await ask('twice-1', 'provision', {}, { expected_version: 7 })).toMatchObject({ code: 'version-conflict' });
  expect(await ask('twice-1', 'provision', {}, { expected_version: 1 })).toMatchObject({ outcome: 'accepted' });
}, 60_000);

test('requests of one batch see each other', async () => {
  const wishes = ['register', 'provision', 'activate', 'suspend', 'register'].map((type, i) => ({
    request_id: `batch-${i}`,
    device_id: 'batch-1',
    type,
    data: type === 'register' ? { agent_id: 'agent-a' } : {},
  }));
  const replies = wishes.map((w) => asker.expect(w.request_id));
  await asker.send(wishes);
  expect((await Promise.all(replies)).map((r) => `${r.outcome} ${r.code}`.trim())).toEqual([
    'accepted',
    'accepted',
    'accepted',
    'accepted',
    'rejected already-registered',
  ]);
}, 60_000);

test('a device that moves to another agent is gone for the first one', async () => {
  await ask('mover-1', 'register', { agent_id: 'agent-a' });
  await ask('mover-1', 'update', { agent_id: 'agent-b' });
  expect(await lastOf(AgentTopics.devices('agent-a'), 'default/mover-1')).toMatchObject({
    state: 'decommissioned',
    version: 2,
    agent_id: null,
  });
  expect(await lastOf(AgentTopics.devices('agent-b'), 'default/mover-1')).toMatchObject({ state: 'registered' });
}, 60_000);

test('what is not a request goes to the dead letters with its coordinates, and the rest goes on', async () => {
  await asker.sendRaw('default/bad-1', Buffer.from('not a frame'));
  await asker.sendRaw('default/bad-1', null);
  await asker.send([{ request_id: 'wrong-key', device_id: 'bad-2', type: 'register' }]);
  expect(await ask('bad-1', 'register')).toMatchObject({ outcome: 'accepted' });
  const letters = (await read(Topics.deadLetters)).map((m) => m.value as { code: string; source_topic: string });
  expect(letters.map((l) => l.code).sort()).toEqual(['refused', 'undecodable']);
  expect(letters[0]).toMatchObject({ source_topic: 'm2m.device-requests', consumer: 'registry' });
}, 60_000);

test('a model is decided once, by version, and is on both of its topics', async () => {
  const put = (request_id: string, body: object, expected_version: number | null = null) =>
    asker.define({
      request_id,
      kind: 'model',
      name: 'p100',
      type: 'put',
      expected_version,
      body: JSON.stringify(body),
    });
  expect(await put('m-1', {}, 0)).toMatchObject({ outcome: 'accepted', device_id: 'model/p100' });
  expect(await put('m-1', {}, 0)).toMatchObject({ outcome: 'unchanged' });
  expect(await put('m-2', { description: 'x' }, 0)).toMatchObject({ outcome: 'rejected', code: 'version-conflict' });
  expect(await put('m-3', { colour: 'red' })).toMatchObject({ outcome: 'rejected', code: 'invalid' });
  expect(await put('m-4', { description: 'x' }, 1)).toMatchObject({ outcome: 'accepted' });
  for (const topic of [Topics.definitionLog, Topics.definitions])
    expect((await read(topic)).map((m) => m.value)).toMatchObject([
      { version: 1, body: '{}' },
      { version: 2, body: '{"description":"x"}', created_at: expect.any(Number) as number },
    ]);
}, 60_000);

test('after a restart it goes on with the state on the stream, also without the group’s offsets', async () => {
  const before = await ask('restart-1', 'register', { agent_id: 'agent-a' });
  await ask('restart-1', 'provision');
  await registry.stop();
  const admin = asker.kafka.admin();
  await admin.connect();
  await admin.deleteGroups(['registry']);
  await admin.disconnect();
  await start();
  expect(await ask('restart-1', 'activate')).toMatchObject({ outcome: 'accepted' });
  expect(await asker.ask({ request_id: before.request_id, device_id: 'restart-1', type: 'register' })).toMatchObject({
    outcome: 'unchanged',
  });
  for (const [id, replies] of asker.replies)
    if (id !== before.request_id && replies.length > 1 && replies.some((r) => r.outcome === 'accepted'))
      expect([id, replies.map((r) => r.outcome)]).toEqual([id, ['accepted', 'unchanged']]);
  expect(registry.notReady()).toBeUndefined();
  expect(await metrics.metrics()).toMatch(/millrace_registry_decisions_total\{outcome="accepted",type="activate"\} 1/);
}, 60_000);
