import { type KafkaMessage } from 'kafkajs';
import { type Presence, type SessionEvent } from '../../../schemas/generated';
import { Decoder, Encoder, FRAME_HEADER_BYTES } from '../../../schemas/codec';
import { EventWriter } from '../../../schemas/stream';
import { Topics } from '../../../schemas/topics';
import { AgentBoard } from '../../../services/presence/agents';
import {
  MAX_CHANGES_PER_TRANSACTION,
  MAX_EVENT_BYTES,
  PartitionPresence,
  type PresenceDeps,
} from '../../../services/presence/partition';

const T0 = 1_700_000_000_000;
const ids = new Proxy({}, { get: () => 1 });
const MAX_SESSIONS = 5_000;
const encoder = new Encoder('session-event');
const decoder = new Decoder('presence');

interface Clock {
  now: number;
  behind: boolean;
}

function setUp(): { presence: PartitionPresence; clock: Clock; counted: Record<string, number>; agents: AgentBoard } {
  const clock: Clock = { now: T0, behind: false };
  const counted: Record<string, number> = {};
  const events = new Decoder('session-event');
  const agents = new AgentBoard();
  const deps: PresenceDeps = {
    events: { read: (m) => Promise.resolve(events.decode(m.subarray(FRAME_HEADER_BYTES))) },
    writer: new EventWriter(Topics.presence, ids),
    deadLetters: new EventWriter(Topics.deadLetters, ids),
    agents,
    maxSessions: MAX_SESSIONS,
    now: () => clock.now,
    behind: () => clock.behind,
    count: (what, n) => (counted[what] = (counted[what] ?? 0) + n),
  };
  return { presence: new PartitionPresence(1, deps), clock, counted, agents };
}

let offset = 0;
function raw(value: Buffer | null): KafkaMessage {
  return { key: null, value, timestamp: '0', attributes: 0, offset: String(offset++), headers: {} } as KafkaMessage;
}
const message = (device_id: string, type: SessionEvent['type'], over: Partial<SessionEvent> = {}): KafkaMessage =>
  raw(
    encoder.encodeFramed(1, {
      tenant: 'default',
      device_id,
      agent_id: 'agent-1',
      session_id: 's1',
      type,
      at: T0,
      protocol: '',
      interval_ms: 10_000,
      reason: '',
      seq: null,
      ...over,
    }),
  );

type Written = readonly { topic: string; messages: readonly { key?: unknown; value: unknown; partition?: number }[] }[];

const told = (written: Written): Presence[] =>
  written
    .filter((t) => t.topic === Topics.presence.name)
    .flatMap((t) => t.messages.map((m) => decoder.decode((m.value as Buffer).subarray(FRAME_HEADER_BYTES))));
const brief = (written: Written): string[] => told(written).map((p) => `${p.device_id} ${p.status}`);

test('only what changed is told, once per device and batch; heartbeats cost no transaction', async () => {
  const { presence, clock } = setUp();
  const first = await presence.handle([
    message('d1', 'connect'),
    message('d2', 'connect'),
    message('d2', 'disconnect'),
  ]);
  expect(brief(first.outputs)).toEqual(['d1 online', 'd2 offline']);
  expect(first.outputs[0]?.messages.every((m) => m.partition === 1)).toBe(true);
  clock.now += 10_000;
  expect(await presence.handle([message('d1', 'heartbeat')])).toEqual({ outputs: [], handled: 1, repeatable: true });
  expect(presence.byStatus()).toEqual({ online: 1, stale: 0, offline: 1, unknown: 0 });
});

test('silence is told when it is asked, and not again', async () => {
  const { presence, clock } = setUp();
  await presence.handle([message('d1', 'connect')]);
  clock.now += 26_000;
  expect([...presence.tick()].flatMap(brief)).toEqual(['d1 stale']);
  expect([...presence.tick()]).toEqual([]);
  clock.now += 26_000;
  expect([...presence.tick()].flatMap(brief)).toEqual(['d1 offline']);
});

test('while there is a backlog silence means nothing, and events were received when they happened', async () => {
  const { presence, clock } = setUp();
  clock.behind = true;
  clock.now = T0 + 3_600_000;
  const { outputs } = await presence.handle([message('d1', 'connect', { at: T0 })]);
  expect(told(outputs)).toMatchObject([{ last_seen: T0, since: T0 }]);
  expect([...presence.tick()]).toEqual([]);
  clock.behind = false;
  expect([...presence.tick()].flatMap(brief)).toEqual(['d1 offline']);
});

test('an agent lost makes its devices unknown, in every partition', async () => {
  const { presence, clock, agents } = setUp();
  await presence.handle([message('d1', 'connect'), message('d2', 'connect', { agent_id: 'agent-2' })]);
  const word = { tenant: 'default', device_id: 'agent-1', agent_id: 'agent-1', interval_ms: 5_000, reason: '' };
  agents.take({ ...word, status: 'online', since: T0, last_seen: T0 });
  expect([...presence.tick()]).toEqual([]);
  agents.take({ ...word, status: 'stale', since: T0 + 13_000, last_seen: T0 });
  clock.now += 13_500;
  const [outputs = []] = [...presence.tick()];
  expect(told(outputs)).toMatchObject([{ device_id: 'd1', status: 'unknown', reason: 'agent agent-1 is stale' }]);
});

test('a thousand devices lost at once are told in transactions of bounded size', async () => {
  const { presence, clock } = setUp();
  const count = MAX_CHANGES_PER_TRANSACTION * 2 + 1;
  for (let i = 0; i < count; i += 1_000)
    await presence.handle(
      Array.from({ length: Math.min(1_000, count - i) }, (_, k) => message(`d${i + k}`, 'connect')),
    );
  clock.now += 1_000_000;
  expect([...presence.tick()].map((outputs) => told(outputs).length)).toEqual([1_000, 1_000, 1]);
});

test('a batch is cut where its changes fill a transaction', async () => {
  const { presence } = setUp();
  const messages = Array.from({ length: 1_500 }, (_, i) => message(`d${i}`, 'connect'));
  expect((await presence.handle(messages)).handled).toBe(MAX_CHANGES_PER_TRANSACTION);
});

test('what is no event goes to the dead letters, and the rest goes on', async () => {
  const { presence, counted } = setUp();
  const messages = [raw(null), raw(Buffer.alloc(MAX_EVENT_BYTES + 1)), raw(Buffer.from([0, 0, 0, 0, 1, 9]))];
  const { outputs, handled } = await presence.handle([...messages, message('d1', 'connect')]);
  expect(handled).toBe(4);
  expect(outputs.map((t) => [t.topic, t.messages.length])).toEqual([
    [Topics.presence.name, 1],
    [Topics.deadLetters.name, 3],
  ]);
  expect(counted).toMatchObject({ refused: 3, event: 4, change: 1 });
});

test('a tick looks at what is due and at the devices of agents that changed, nothing else', async () => {
  const { presence, clock, agents } = setUp();
  const judged: string[] = [];
  const view = agents.view.bind(agents);
  agents.view = (tenant, agent_id) => {
    judged.push(agent_id);
    return view(tenant, agent_id);
  };
  const devices = Array.from({ length: 100 }, (_, i) => message(`d${i}`, 'connect', { agent_id: `agent-${i % 10}` }));
  await presence.handle(devices);
  clock.now += 20_000;
  expect([...presence.tick()]).toEqual([]);
  expect(judged).toHaveLength(0);
  const word = { tenant: 'default', device_id: 'agent-3', agent_id: 'agent-3', interval_ms: 5_000, reason: '' };
  agents.take({ ...word, status: 'offline', since: clock.now, last_seen: T0 });
  expect([...presence.tick()].flatMap(told)).toHaveLength(10);
  expect(judged).toHaveLength(10);
  clock.now += 6_000;
  expect([...presence.tick()].flatMap(brief).filter((b) => b.endsWith('stale'))).toHaveLength(90);
  agents.take({ ...word, status: 'online', since: clock.now, last_seen: clock.now });
  clock.now += 51_000;
  expect([...presence.tick()].flatMap(brief).filter((b) => b.endsWith('offline'))).toHaveLength(100);
});

test('rebuilt from what was told: nothing is told again, and silence counts from now', () => {
  const { presence, clock } = setUp();
  const record: Presence = {
    tenant: 'default',
    device_id: 'd1',
    agent_id: 'agent-1',
    status: 'online',
    since: T0 - 9e6,
    last_seen: T0 - 9e6,
    interval_ms: 10_000,
    reason: '',
  };
  presence.restore('default/d1', record);
  presence.restore('default/d2', record);
  presence.restore('default/d2', null);
  expect(presence.size).toBe(1);
  expect([...presence.tick()]).toEqual([]);
  clock.now += 51_000;
  expect([...presence.tick()].flatMap(brief)).toEqual(['d1 offline']);
});

test('at the limit of sessions a new device is counted and passed over, the known ones go on', async () => {
  const { presence, counted } = setUp();
  const record = {
    tenant: 't',
    agent_id: 'a',
    status: 'offline',
    since: T0,
    last_seen: T0,
    interval_ms: 1_000,
    reason: '',
  };
  for (let i = 0; i < MAX_SESSIONS; i++) presence.restore(`t/d${i}`, { ...record, device_id: `d${i}` });
  const { outputs } = await presence.handle([
    message('one-more', 'connect'),
    message('d1', 'connect', { tenant: 't', agent_id: 'a' }),
  ]);
  expect(brief(outputs)).toEqual(['d1 online']);
  expect(counted['over-limit']).toBe(1);
});
