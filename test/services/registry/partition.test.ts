import { type KafkaMessage } from 'kafkajs';
import { type BatchedRequest, type DeviceReply, type DeviceRequest } from '../../../schemas/generated';
import { Decoder, Encoder, type EventTypes, FRAME_HEADER_BYTES } from '../../../schemas/codec';
import { type EventName, Topics } from '../../../schemas/topics';
import { REQUEST_OFFSET_HEADER, Writers } from '../../../services/registry/outputs';
import { MAX_REQUEST_BYTES, PartitionRegistry, type RegistryDeps } from '../../../services/registry/partition';
import { MAX_BATCHED } from '../../../services/registry/batched';
import { sendsOf } from '../../../services/lib/consume-sends';
import { DeviceStore } from '../../../services/registry/store';

const NOW = 1_700_000_000_000;
const requests = new Encoder('device-request');
const ids = new Proxy({}, { get: () => 1 });

function setUp(over: Partial<RegistryDeps> = {}): {
  registry: PartitionRegistry;
  store: DeviceStore;
  agents: string[];
  counted: string[];
} {
  const store = new DeviceStore();
  const agents: string[] = [];
  const counted: string[] = [];
  const decoder = new Decoder('device-request');
  let n = 0;
  const deps: RegistryDeps = {
    writers: new Writers(ids),
    requests: { read: (m) => Promise.resolve(decoder.decode(m.subarray(FRAME_HEADER_BYTES))) },
    now: () => NOW,
    newId: () => `event-${++n}`,
    partitionOf: () => 2,
    ensureAgentTopics: (wanted) => Promise.resolve(void agents.push(...wanted)),
    metrics: {
      decision: (outcome, type, count) => counted.push(...Array<string>(count).fill(`${outcome} ${type}`)),
      transaction: () => undefined,
      devices: () => undefined,
    },
    ...over,
  };
  return { registry: new PartitionRegistry(2, store, deps), store, agents, counted };
}

let offset = 100;
function message(over: Partial<DeviceRequest> & { data?: string }, key?: string): KafkaMessage {
  const request: DeviceRequest = {
    request_id: `r-${offset}`,
    reply_to: 'api-1',
    tenant: 'default',
    device_id: 'd1',
    type: 'register',
    expected_version: null,
    actor: 'test',
    reason: null,
    at: NOW,
    data: '{}',
    ...over,
  };
  return raw(requests.encodeFramed(1, request), key ?? `${request.tenant}/${request.device_id}`);
}

function raw(value: Buffer | null, key: string): KafkaMessage {
  return {
    key: Buffer.from(key),
    value,
    timestamp: String(NOW),
    attributes: 0,
    offset: String(offset++),
    headers: {},
  } as KafkaMessage;
}

type Written = Awaited<ReturnType<PartitionRegistry['handle']>>['outputs'];

function on<N extends EventName>(written: Written, topic: string, schema: N): EventTypes[N][] {
  const decoder = new Decoder(schema);
  const messages = written.find((t) => t.topic === topic)?.messages ?? [];
  return messages.map((m) => decoder.decode((m.value as Buffer).subarray(FRAME_HEADER_BYTES)));
}

const replies = (written: Written): DeviceReply[] => on(written, Topics.deviceReplies.name, 'device-reply');

test('one batch: events for each step, one state, a copy for the agent, a reply each', async () => {
  const { registry, agents, counted } = setUp();
  const messages = [
    message({ data: '{"agent_id":"a1"}' }),
    message({ type: 'provision' }),
    message({ type: 'resume' }),
  ];
  const { outputs, handled } = await registry.handle(messages);
  expect(handled).toBe(3);
  expect(on(outputs, Topics.lifecycle.name, 'device-event').map((e) => `${e.version} ${e.type}`)).toEqual([
    '1 registered',
    '2 provisioned',
  ]);
  expect(on(outputs, Topics.devices.name, 'device-state')).toMatchObject([{ version: 2, state: 'provisioned' }]);
  expect(on(outputs, 'm2m.agents.a1.devices', 'device-state')).toMatchObject([{ version: 2 }]);
  expect(replies(outputs).map((r) => `${r.outcome} ${r.code}`.trim())).toEqual([
    'accepted',
    'accepted',
    'rejected illegal-move',
  ]);
  expect(agents).toEqual(['a1']);
  expect(counted).toEqual([]);
  registry.committed();
  expect(counted).toEqual(['accepted register', 'accepted provision', 'rejected resume']);
  expect(registry.devices).toBe(1);
});

test('states carry the offset of the request that made them, and go to the partition of the requests', async () => {
  const { registry } = setUp();
  const made = message({});
  const { outputs } = await registry.handle([made, message({ type: 'resume' })]);
  const [state] = outputs.find((t) => t.topic === Topics.devices.name)?.messages ?? [];
  expect(state).toMatchObject({ partition: 2, headers: { [REQUEST_OFFSET_HEADER]: made.offset } });
});

test('what is not committed is not remembered by a registry built anew', async () => {
  const { registry, store } = setUp();
  await registry.handle([message({})]);
  expect(store.size).toBe(0);
  registry.committed();
  expect(store.size).toBe(1);
});

test('a device passed from hand to hand within a batch is gone for every agent but the last', async () => {
  const { registry } = setUp();
  const { outputs } = await registry.handle([
    message({ data: '{"agent_id":"a1"}' }),
    message({ type: 'update', data: '{"agent_id":"a2"}' }),
    message({ type: 'update', data: '{"agent_id":"a3"}' }),
  ]);
  const gone = { state: 'decommissioned', credential: null, labels: {} };
  expect(on(outputs, 'm2m.agents.a1.devices', 'device-state')).toMatchObject([gone]);
  expect(on(outputs, 'm2m.agents.a2.devices', 'device-state')).toMatchObject([gone]);
  expect(on(outputs, 'm2m.agents.a3.devices', 'device-state')).toMatchObject([{ state: 'registered' }]);
});

test('taken away and given back within a batch: no farewell', async () => {
  const { registry } = setUp();
  const { outputs } = await registry.handle([
    message({ data: '{"agent_id":"a1"}' }),
    message({ type: 'update', data: '{"agent_id":null}' }),
    message({ type: 'update', data: '{"agent_id":"a1"}' }),
  ]);
  expect(on(outputs, 'm2m.agents.a1.devices', 'device-state')).toMatchObject([{ state: 'registered', version: 3 }]);
});

test('no address, no reply', async () => {
  const { registry } = setUp();
  const { outputs } = await registry.handle([message({ reply_to: '' })]);
  expect(outputs.map((t) => t.topic)).toEqual([Topics.lifecycle.name, Topics.devices.name]);
});

test.each<[string, KafkaMessage, string]>([
  ['a tombstone', raw(null, 'default/d1'), 'refused'],
  ['another key', message({}, 'default/d2'), 'refused'],
  ['too large', raw(Buffer.alloc(MAX_REQUEST_BYTES + 1), 'default/d1'), 'refused'],
  ['cut short', raw(Buffer.from([0, 0, 0, 0, 1, 200]), 'default/d1'), 'truncated'],
])('%s: a dead letter with its coordinates, and no reply', async (_, bad, code) => {
  const { registry, counted } = setUp();
  const { outputs } = await registry.handle([bad]);
  expect(outputs).toHaveLength(1);
  const [letter] = on(outputs, Topics.deadLetters.name, 'dead-letter');
  expect(letter).toMatchObject({ source_partition: 2, source_offset: Number(bad.offset), code, consumer: 'registry' });
  registry.committed();
  expect(counted).toEqual(['refused other']);
});

test('a key of another partition is refused: two partitions would be two lives', async () => {
  const { registry } = setUp({ partitionOf: () => 4 });
  const { outputs } = await registry.handle([message({})]);
  expect(on(outputs, Topics.deadLetters.name, 'dead-letter')).toMatchObject([
    { reason: 'key default/d1 belongs in partition 4: which partitioner?' },
  ]);
});

test('trouble with the schema registry is not the message’s fault', async () => {
  const { registry } = setUp({ requests: { read: () => Promise.reject(new Error('connection refused')) } });
  await expect(registry.handle([message({})])).rejects.toThrow('connection refused');
});

test('a batch is cut before it outgrows what the broker takes', async () => {
  const { registry } = setUp();
  const labels = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`k${i}`, 'x'.repeat(256)]));
  const data = JSON.stringify({ labels });
  const messages = Array.from({ length: 500 }, (_, i) => message({ device_id: `d${i}`, data }));
  const sizes: number[] = [];
  for (let rest = messages; rest.length > 0;) {
    const { outputs, handled } = await registry.handle(rest);
    registry.committed();
    for (const { messages: m } of outputs) sizes.push(m.reduce((n, { value }) => n + (value?.length ?? 0), 0));
    rest = rest.slice(handled);
  }
  expect(Math.max(...sizes)).toBeLessThan(1_000_000);
  expect(registry.devices).toBe(500);
});

test('dead letters too: two large ones do not share a batch', async () => {
  const { registry } = setUp();
  const large = (): KafkaMessage => raw(Buffer.alloc(900_000), 'default/d1');
  const { handled } = await registry.handle([large(), large(), large()]);
  expect(handled).toBe(1);
});

test('garbage in a request does not make the answer larger than itself', async () => {
  const { registry } = setUp();
  const data = JSON.stringify(Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`field-${i}`, i])));
  const [reply] = replies((await registry.handle([message({ data })])).outputs);
  expect(reply).toMatchObject({ outcome: 'rejected', code: 'invalid' });
  expect(reply?.detail.length).toBeLessThan(4_000);
});

describe('a request that holds many', () => {
  const wish = (device_id: string, type = 'register', data = '{}'): BatchedRequest => ({
    ...{ request_id: `${device_id}-${type}`, device_id, type, data },
  });

  test('is decided one after the other, and answered by one reply without states', async () => {
    const { registry, counted } = setUp();
    const batch = [wish('d1'), wish('d2', 'register', '{"nonsense":1}'), wish('d1', 'provision'), wish('d3', 'resume')];
    const { outputs } = await registry.handle([message({ batch }), message({ device_id: 'd1', type: 'activate' })]);
    expect(replies(outputs).map((r) => [r.state === '', r.results])).toEqual([
      [
        true,
        [
          { outcome: 'accepted', code: '', detail: '', state: 'registered', version: 1 },
          { outcome: 'rejected', code: 'invalid', detail: expect.any(String) as string, state: '', version: 0 },
          { outcome: 'accepted', code: '', detail: '', state: 'provisioned', version: 2 },
          { outcome: 'rejected', code: 'unknown-device', detail: expect.any(String) as string, state: '', version: 0 },
        ],
      ],
      [false, []],
    ]);
    expect(on(outputs, Topics.lifecycle.name, 'device-event').map((e) => e.request_id)).toEqual([
      'd1-register',
      'd1-provision',
    ]);
    registry.committed();
    expect(counted.slice(0, 3)).toEqual(['accepted register', 'rejected register', 'accepted provision']);
  });

  test('is decided once, however often it is read', async () => {
    const { registry } = setUp();
    const again = message({ batch: [wish('d1'), wish('d2')] });
    const { outputs } = await registry.handle([again, again]);
    expect(replies(outputs).map((r) => r.results?.map((x) => x.outcome))).toEqual([
      ['accepted', 'accepted'],
      ['unchanged', 'unchanged'],
    ]);
    expect(on(outputs, Topics.lifecycle.name, 'device-event')).toHaveLength(2);
  });

  test('with one device of another partition, or too many, it is buried whole', async () => {
    const { registry } = setUp({ partitionOf: (key) => (key.endsWith('/stray') ? 3 : 2) });
    const many = Array.from({ length: MAX_BATCHED + 1 }, (_, i) => wish(`d${i}`));
    const { outputs } = await registry.handle([
      message({ batch: [wish('d1'), wish('stray')] }),
      message({ batch: many }),
    ]);
    expect(on(outputs, Topics.deadLetters.name, 'dead-letter').map((l) => l.reason)).toEqual([
      expect.stringContaining('default/stray belongs in partition 3'),
      expect.stringContaining('a batch of 501 requests'),
    ]);
    expect(outputs).toHaveLength(1);
  });
});

describe('what one transaction sends', () => {
  const topic = (name: string, ...sizes: number[]) => ({
    topic: name,
    messages: sizes.map((size) => ({ key: 'k', value: Buffer.alloc(size) })),
  });
  const shape = (sends: ReturnType<typeof sendsOf>) =>
    sends.map((send) => send.map((t) => `${t.topic}: ${t.messages.map((m) => m.value?.length).join(' ')}`));

  test('is one send as long as each topic fits, in order, and a large message goes by itself', () => {
    expect(shape(sendsOf([topic('a', 1, 2), topic('b', 3)]))).toEqual([['a: 1 2', 'b: 3']]);
    expect(shape(sendsOf([topic('a', 300, 300, 900, 1), topic('b', 5)], 800))).toEqual([
      ['a: 300 300', 'b: 5'],
      ['a: 900'],
      ['a: 1'],
    ]);
    expect(sendsOf([])).toEqual([]);
  });
});
