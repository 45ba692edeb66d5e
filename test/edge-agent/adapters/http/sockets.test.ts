/** WebSockets on npm ws, into an agent's side that acknowledges when it is told to. */
import { WebSocket } from 'ws';
import { HttpAdapter } from '../../../../edge-agent/adapters/http/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { freePorts } from '../../../../deploy/local/ports';
import { Observer, until } from '../../../contract/adapter/observer';
import { connectionOf } from '../../plan-of';

const WITHIN_MS = 30_000;
jest.setTimeout(2 * WITHIN_MS);

let port = 0;
let adapter: HttpAdapter;
let agent: Observer;

const profile = (): string => `
agent: { id: a }
connections: [{ name: posts, protocol: http, port: ${port}, http: { max_body_bytes: 2000, rate_per_s: 100000, burst: 100000 } }]
devices:
  - { id: d, connection: posts, http: { token: token-of-d }, points: [{ metric: t, writable: true }] }
`;

beforeEach(async () => {
  [port = 0] = await freePorts(1);
  adapter = new HttpAdapter(connectionOf(profile()), { clock: systemClock, random: Math.random });
  agent = new Observer();
  adapter.start(agent);
  await until('listening', () => agent.links.some((l) => l.state === 'connected'), WITHIN_MS);
});

afterEach(() => adapter.close());

interface Device {
  readonly socket: WebSocket;
  readonly heard: Record<string, unknown>[];
  closed: number | undefined;
}

async function connect(token = 'token-of-d', path = '/v1/devices/d/stream'): Promise<Device> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const device: Device = { socket, heard: [], closed: undefined };
  socket.on('message', (data: Buffer) => device.heard.push(JSON.parse(data.toString()) as Record<string, unknown>));
  socket.on('close', (code) => (device.closed = code));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return device;
}

const entry = (seq: number): string => JSON.stringify({ seq, values: { t: seq } });
const values = (): unknown[] => agent.taken.map((s) => s.value);

test('each frame is answered in order when it is durable; numbers that were taken are told as again', async () => {
  const device = await connect();
  agent.acknowledge = false;
  for (const frame of [entry(1), `[${entry(2)},${entry(3)}]`, entry(1)]) device.socket.send(frame);
  await until('taken', () => agent.taken.length === 3, WITHIN_MS);
  expect(device.heard).toEqual([]);
  for (const ack of agent.unacked.splice(0).reverse()) ack();
  await until('answered', () => device.heard.length === 3, WITHIN_MS);
  expect(device.heard).toEqual([
    { taken: 1, again: 0 },
    { taken: 2, again: 0 },
    { taken: 0, again: 1 },
  ]);
  device.socket.terminate();
});

test('a frame that was not answered goes again over another socket, and is taken once', async () => {
  const first = await connect();
  agent.acknowledge = false;
  first.socket.send(entry(1));
  await until('taken', () => agent.taken.length === 1, WITHIN_MS);
  const second = await connect();
  await until('the socket before is closed', () => first.closed === 4_000, WITHIN_MS);
  second.socket.send(entry(1));
  for (const ack of agent.unacked.splice(0)) ack();
  await until('answered', () => second.heard.length === 1, WITHIN_MS);
  expect([second.heard, values()]).toEqual([[{ taken: 0, again: 1 }], [1]]);
  second.socket.terminate();
});

test.each([
  ['{"values"', 400],
  ['{"value":{}}', 400],
  ['{"command":"x","ok":true}', 400],
])('the frame %s is refused, and the socket goes on', async (frame, status) => {
  const device = await connect();
  device.socket.send(frame);
  device.socket.send(entry(1));
  await until('answered', () => device.heard.length === 2, WITHIN_MS);
  expect(device.heard).toMatchObject([{ status }, { taken: 1 }]);
  device.socket.terminate();
});

test.each([
  ['a wrong token', 'nonsense', '/v1/devices/d/stream', '401'],
  ['an unknown device', 'token-of-d', '/v1/devices/x/stream', '401'],
  ['another place', 'token-of-d', '/v1/devices/d/readings', '404'],
])('%s gets no socket', async (_, token, path, status) => {
  await expect(connect(token, path)).rejects.toThrow(status);
  expect(adapter.status().counters['sockets']).toBe(0);
});

test('a device that becomes excluded is turned out, and gets 403 when it comes again', async () => {
  const device = await connect();
  adapter.exclude(new Set(['d']));
  await until('turned out', () => device.closed === 4_003, WITHIN_MS);
  await expect(connect()).rejects.toThrow('403');
});

test('a frame that is too long ends the socket', async () => {
  const device = await connect();
  device.socket.send('x'.repeat(3_000));
  await until('closed', () => device.closed === 1_009, WITHIN_MS);
});

test('a command goes down the socket and is what the device says of it', async () => {
  const order = { device: 'd', metric: 't', timeout_ms: WITHIN_MS };
  await expect(adapter.write({ ...order, value: 1 })).rejects.toMatchObject({ code: 'not-connected', certain: true });
  const device = await connect();
  const orders = [7, 8].map((value) =>
    adapter.write({ ...order, value }).then(
      () => 'ok',
      (e: Error) => e.message,
    ),
  );
  await until('both there', () => device.heard.length === 2, WITHIN_MS);
  expect(device.heard).toMatchObject([
    { metric: 't', value: 7 },
    { metric: 't', value: 8 },
  ]);
  const [first, second] = device.heard.map((h) => h['command']);
  device.socket.send(JSON.stringify({ command: second, ok: false, reason: 'too hot' }));
  device.socket.send(JSON.stringify({ command: first, ok: true }));
  expect(await Promise.all(orders)).toEqual(['ok', 'write: too hot']);
  const lost = adapter.write({ ...order, value: 9 });
  device.socket.terminate();
  await expect(lost).rejects.toMatchObject({ code: 'closed', certain: false });
});
