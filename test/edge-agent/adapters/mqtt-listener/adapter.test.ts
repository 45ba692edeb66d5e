/** Devices on npm mqtt and on bare packets, into an agent's side that acknowledges when it is told to. */
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { generate, type IConnectPacket, type IPublishPacket, type Packet } from 'mqtt-packet';
import { connect as connectTcp, type Socket } from 'node:net';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MqttListenerAdapter } from '../../../../edge-agent/adapters/mqtt-listener/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { PacketReader } from '../../../../edge-agent/wire/mqtt/codec';
import { freePorts } from '../../../../deploy/local/ports';
import { Authority } from '../../../support/certificates';
import { Observer, until } from '../../../contract/adapter/observer';
import { connectionOf } from '../../plan-of';
import { CLAIM_CODE, CLAIMED_MODEL, CLAIMS, platform, WRONG_CODE } from '../claims';

const WITHIN_MS = 30_000;
jest.setTimeout(2 * WITHIN_MS);
const READINGS = 'v1/devices/d/readings';

let port = 0;
let folder = '';
let adapter: MqttListenerAdapter;
let agent: Observer;

const profile = (more: string): string => `
agent: { id: a }
connections:
  - name: field
    protocol: mqtt-listener
    port: ${port}
    mqtt_listener: { max_body_bytes: 2000, receive_maximum: 4, ${more}, topics: [{ topic: 'fleet/{device}/{what}', metric: '{what}', payload: number }] }
${CLAIMED_MODEL}
devices:
  - { id: d, connection: field, mqtt_listener: { token: token-of-d }, points: [{ metric: t }, { metric: s, writable: true }, { metric: r, writable: true, mqtt_listener: { command: { topic: 'do/{device}', retain: true, answer: true } } }] }
  - { id: e, connection: field, mqtt_listener: { token: token-of-e }, points: [{ metric: t }] }
`;

async function begin(more = 'rate_per_s: 100000, burst: 100000'): Promise<void> {
  adapter = new MqttListenerAdapter(connectionOf(profile(more)), {
    ...{ clock: systemClock, random: Math.random, sequences: join(folder, 'taken.json'), claim: platform().claim },
  });
  agent = new Observer();
  adapter.start(agent);
  await until('listening', () => agent.links.some((l) => l.state === 'connected'), WITHIN_MS);
}

const clients: MqttClient[] = [];
const sockets: Socket[] = [];

beforeEach(async () => {
  [port = 0] = await freePorts(1);
  folder = mkdtempSync(join(tmpdir(), 'millrace-mqtt-'));
  await begin();
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((c) => c.endAsync(true)));
  for (const socket of sockets.splice(0)) socket.destroy();
  await adapter.close();
  rmSync(folder, { recursive: true, force: true });
});

async function device(options: IClientOptions = {}): Promise<MqttClient> {
  const standard = {
    protocolVersion: 4,
    clientId: 'c',
    username: 'd',
    password: 'token-of-d',
    reconnectPeriod: 0,
  } as const;
  const client = connect(`${options.ca ? 'mqtts' : 'mqtt'}://127.0.0.1:${port}`, { ...standard, ...options });
  clients.push(client);
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve()).once('error', reject);
  });
  return client;
}

const entry = (seq: number): string => JSON.stringify({ seq, values: { t: seq } });
const values = (): unknown[] => agent.taken.map((s) => s.value);
const ackAll = (): void => agent.unacked.splice(0).forEach((ack) => ack());

describe.each([4, 5] as const)('version %d', (protocolVersion) => {
  test.each([1, 2] as const)('QoS %d is acknowledged when the readings are durable', async (qos) => {
    const client = await device({ protocolVersion });
    agent.acknowledge = false;
    let acknowledged = 0;
    client.publish(READINGS, entry(1), { qos }, () => acknowledged++);
    client.publish('fleet/d/t', '2.5', { qos }, () => acknowledged++);
    await until('taken', () => agent.taken.length === 2, WITHIN_MS);
    expect([acknowledged, adapter.status().counters['waiting']]).toEqual([0, 0]);
    ackAll();
    await until('acknowledged', () => acknowledged === 2, WITHIN_MS);
    expect(values()).toEqual([1, 2.5]);
  });

  test.each([
    ['a wrong token', { password: 'nonsense' }],
    ['an unknown device', { username: 'x' }],
    ['nobody', { username: '', password: '' }],
  ])('%s is turned away', async (_, who) => {
    await expect(device({ protocolVersion, ...who })).rejects.toThrow(/[Nn]ot authorized/);
    expect(adapter.status().counters['refused_clients']).toBe(1);
  });

  test('a command is what the device acknowledges, and an answer what it says', async () => {
    const order = { device: 'd', metric: 's', timeout_ms: WITHIN_MS };
    await expect(adapter.write({ ...order, value: 1 })).rejects.toMatchObject({ code: 'not-connected', certain: true });
    const client = await device({ protocolVersion });
    await expect(adapter.write({ ...order, value: 1 })).rejects.toThrow('has not subscribed');
    const heard: string[] = [];
    client.on('message', (topic, payload) => {
      heard.push(`${topic} ${payload.toString()}`);
      if (topic === 'do/d') client.publish('do/d/answer', '{"ok":false,"reason":"too hot"}', { qos: 1 });
    });
    await client.subscribeAsync(['v1/devices/d/commands/#', 'do/+'], { qos: 1 });
    await adapter.write({ ...order, value: 71.5 });
    const refused = adapter.write({ ...order, metric: 'r', value: 3 });
    await expect(refused).rejects.toMatchObject({ code: 'device-exception', message: 'write: d/r: too hot' });
    expect(heard).toEqual(['v1/devices/d/commands/s 71.5', 'do/d 3']);
    // What is retained comes again to whoever subscribes.
    await client.subscribeAsync('do/d', { qos: 1 });
    await until('retained', () => heard.length === 3, WITHIN_MS);
  });
});

test('numbers that were taken are known after a restart', async () => {
  await (await device()).publishAsync(READINGS, entry(1), { qos: 1 });
  await adapter.close();
  await begin();
  const client = await device();
  await client.publishAsync(READINGS, entry(1), { qos: 1 });
  await client.publishAsync(
    `${READINGS}/cbor`,
    Buffer.from('a26373657102 6676616c756573a1617402'.replace(' ', ''), 'hex'),
    { qos: 1 },
  );
  expect(values()).toEqual([2]);
});

test('what a device says of another is left out, and what means nothing is acknowledged', async () => {
  const client = await device();
  await client.publishAsync('fleet/e/t', '1', { qos: 1 });
  await client.publishAsync('v1/devices/e/readings', entry(1), { qos: 1 });
  await client.publishAsync(READINGS, '{', { qos: 2 });
  expect(values()).toEqual([]);
  expect(adapter.status().counters).toMatchObject({ foreign: 1, unmatched_topic: 1, malformed: 1 });
});

test('a will is what the device says when it is lost; who says good-bye has none', async () => {
  const will = { topic: READINGS, payload: Buffer.from(entry(9)), qos: 1, retain: false } as const;
  const polite = await device({ will });
  await polite.endAsync();
  await until('gone', () => adapter.status().counters['clients'] === 0, WITHIN_MS);
  expect(values()).toEqual([]);
  const lost = await device({ will });
  lost.stream.destroy();
  await until('the will', () => agent.taken.length === 1, WITHIN_MS);
  expect(values()).toEqual([9]);
  expect(agent.links.filter((l) => l.device === 'd').at(-1)).toMatchObject({ state: 'disconnected' });
});

test('a device that becomes excluded is turned out, and turned away when it comes again', async () => {
  const client = await device();
  const closed = new Promise((resolve) => client.once('close', () => resolve(true)));
  adapter.exclude(new Set(['d']));
  expect(await closed).toBe(true);
  await expect(device()).rejects.toThrow(/[Nn]ot authorized/);
});

test('a client that comes again takes over, and its subscriptions with it unless it begins anew', async () => {
  const first = await device({ clean: false });
  await first.subscribeAsync('v1/devices/d/commands/s', { qos: 1 });
  const closed = new Promise((resolve) => first.once('close', () => resolve(true)));
  const second = await device({ clean: false });
  expect(await closed).toBe(true);
  const heard: string[] = [];
  second.on('message', (topic) => heard.push(topic));
  await adapter.write({ device: 'd', metric: 's', value: 1, timeout_ms: WITHIN_MS });
  expect(heard).toEqual(['v1/devices/d/commands/s']);
  await device({ clean: true });
  await expect(adapter.write({ device: 'd', metric: 's', value: 1, timeout_ms: WITHIN_MS })).rejects.toThrow(
    'subscribed',
  );
});

/** A bare connection: what is sent, and what comes. */
class Bare {
  readonly heard: Packet[] = [];
  closed = false;
  private readonly reader = new PacketReader(4, 10_000);
  private readonly socket = connectTcp(port, '127.0.0.1');

  constructor() {
    sockets.push(this.socket);
    this.socket.on('data', (chunk: Buffer) => this.heard.push(...this.reader.feed(chunk)));
    this.socket.on('error', () => this.socket.destroy());
    this.socket.on('close', () => (this.closed = true));
  }

  send(...packets: Packet[]): void {
    for (const packet of packets) this.socket.write(generate(packet));
  }

  raw(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  cut(): void {
    this.socket.destroy();
  }

  of(cmd: Packet['cmd']): Packet[] {
    return this.heard.filter((p) => p.cmd === cmd);
  }
}

const CONNECT: IConnectPacket = {
  ...{ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clientId: 'b', clean: false, keepalive: 60 },
  ...{ username: 'd', password: Buffer.from('token-of-d') },
};
const publication = (messageId: number, qos: 1 | 2, dup = false): IPublishPacket => ({
  ...{
    cmd: 'publish',
    topic: 'fleet/d/t',
    payload: Buffer.from(String(messageId)),
    qos,
    dup,
    retain: false,
    messageId,
  },
});

test('QoS 2 over a lost connection is not doubled, whether the readings were durable by then or not', async () => {
  agent.acknowledge = false;
  const first = new Bare();
  first.send(CONNECT, publication(1, 2), publication(2, 2));
  await until('taken', () => agent.taken.length === 2, WITHIN_MS);
  agent.unacked.shift()?.();
  await until('PUBREC of the first', () => first.of('pubrec').length === 1, WITHIN_MS);
  first.cut();
  await until('gone', () => adapter.status().counters['clients'] === 0, WITHIN_MS);
  const second = new Bare();
  second.send(CONNECT, publication(1, 2, true), publication(2, 2, true));
  await until('PUBREC again', () => second.of('pubrec').length === 1, WITHIN_MS);
  ackAll();
  await until('PUBREC of both', () => second.of('pubrec').length === 2, WITHIN_MS);
  second.send({ cmd: 'pubrel', messageId: 1 }, { cmd: 'pubrel', messageId: 2 });
  await until('PUBCOMP of both', () => second.of('pubcomp').length === 2, WITHIN_MS);
  expect(second.of('connack')).toMatchObject([{ sessionPresent: true }]);
  expect(values()).toEqual([1, 2]);
});

test('no more of a device waits for the disk than it may have under way', async () => {
  agent.acknowledge = false;
  const bare = new Bare();
  bare.send(CONNECT);
  await until('connected', () => bare.of('connack').length === 1, WITHIN_MS);
  for (let id = 1; id <= 4; id++) bare.send(publication(id, 1));
  await until('taken', () => agent.taken.length === 4, WITHIN_MS);
  bare.send(publication(5, 1), { cmd: 'pingreq' });
  ackAll();
  await until('the rest', () => agent.taken.length === 5 && bare.of('puback').length === 4, WITHIN_MS);
  await until('the ping', () => bare.of('pingresp').length === 1, WITHIN_MS);
});

test.each([
  ['noise', (bare: Bare) => bare.raw(Buffer.from('f0ff1234deadbeef', 'hex'))],
  ['a message before CONNECT', (bare: Bare) => bare.send(publication(1, 1))],
  ['a second CONNECT', (bare: Bare) => bare.send(CONNECT, CONNECT)],
  ['a packet for servers', (bare: Bare) => bare.send(CONNECT, { cmd: 'pingresp' })],
  [
    'a packet that is too long',
    (bare: Bare) => bare.raw(Buffer.from('30ffffff7f', 'hex')) ?? bare.raw(Buffer.alloc(100_000)),
  ],
])('%s ends the connection, and the next one is welcome', async (_, send) => {
  const bare = new Bare();
  send(bare);
  await until('closed', () => bare.closed, WITHIN_MS);
  await (await device()).publishAsync(READINGS, entry(1), { qos: 1 });
  expect(values()).toEqual([1]);
});

test('a device that says more than it may is read later, not refused', async () => {
  await adapter.close();
  await begin('rate_per_s: 100, burst: 1');
  const client = await device();
  await Promise.all([1, 2, 3].map((seq) => client.publishAsync(READINGS, entry(seq), { qos: 1 })));
  expect(values()).toEqual([1, 2, 3]);
  expect(adapter.status().counters['limited']).toBeGreaterThan(0);
});

test('with a certificate devices speak TLS, and nothing else is understood', async () => {
  await adapter.close();
  const file = join(folder, 'agent.pem');
  const authority = new Authority(folder);
  authority.issue(file, 1);
  await begin(`rate_per_s: 1000, cert_file: ${file}, key_file: ${file}`);
  const client = await device({ ca: readFileSync(authority.file) });
  await client.publishAsync(READINGS, entry(1), { qos: 2 });
  const plain = new Bare();
  plain.send(CONNECT);
  await until('closed', () => plain.closed, WITHIN_MS);
  expect([values(), plain.heard]).toEqual([[1], []]);
});

test.each([4, 5] as const)(
  'version %d: a stranger with a claim code is told its secret, and goes',
  async (protocolVersion) => {
    await adapter.close();
    await begin(CLAIMS);
    const stranger = { protocolVersion, username: 'fan-9' } as const;
    const client = connect(`mqtt://127.0.0.1:${port}`, { ...stranger, password: CLAIM_CODE, reconnectPeriod: 0 });
    clients.push(client);
    const told: string[] = [];
    let gone = false;
    client
      .on('message', (topic, payload) => told.push(`${topic} ${payload.toString()}`))
      .on('close', () => (gone = true));
    await until('told and gone', () => told.length > 0 && gone, WITHIN_MS);
    expect(told).toEqual(['v1/devices/fan-9/token its-own']);
    await expect(device({ ...stranger, password: WRONG_CODE })).rejects.toMatchObject({
      code: protocolVersion === 5 ? 0x87 : 5,
    });
  },
);
