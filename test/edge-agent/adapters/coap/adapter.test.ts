/** Over UDP, against npm coap and against bare datagrams, into an agent's side that acknowledges when it is told to. */
import { createServer, request, type IncomingMessage, type Server } from 'coap';
import { createSocket, type Socket } from 'node:dgram';
import { CoapAdapter } from '../../../../edge-agent/adapters/coap/adapter';
import {
  CODE,
  decode,
  encode,
  type Message,
  NOTHING,
  OPTION,
  uint,
  uriOptions,
} from '../../../../edge-agent/adapters/coap/codec';
import { systemClock } from '../../../../edge-agent/io/clock';
import { freePorts } from '../../../../deploy/local/ports';
import { Observer, until } from '../../../contract/adapter/observer';
import { connectionOf } from '../../plan-of';
import { CLAIM_CODE, CLAIMED_MODEL, CLAIMS, platform, WRONG_CODE } from '../claims';

const WITHIN_MS = 30_000;
jest.setTimeout(2 * WITHIN_MS);
const HOST = '127.0.0.1';

let port = 0;
let theirs = 0;
let adapter: CoapAdapter;
let agent: Observer;

const profile = (limits: string): string => `
agent: { id: a }
connections: [{ name: field, protocol: coap, port: ${port}, coap: { max_body_bytes: 4000, ${limits} } }]
${CLAIMED_MODEL}
devices:
  - { id: d, connection: field, coap: { token: token-of-d }, points: [{ metric: t }, { metric: x, type: string, coap: { value: /x } }] }
  - { id: s, connection: field, scan_ms: 100, coap: { host: ${HOST}, port: ${theirs} }, points: [{ metric: level, coap: { resource: '/deep/level', observe: false, value: /v } }] }
`;

async function begin(limits = 'rate_per_s: 1000, burst: 1000'): Promise<void> {
  const deps = { clock: systemClock, random: Math.random, claim: platform().claim };
  adapter = new CoapAdapter(connectionOf(profile(limits)), deps);
  agent = new Observer();
  adapter.start(agent);
  await until('listening', () => agent.links.some((l) => l.state === 'connected'), WITHIN_MS);
}

beforeEach(async () => {
  [port = 0, theirs = 0] = await freePorts(2);
  await begin();
});

afterEach(() => adapter.close());

interface Options {
  readonly token?: string;
  readonly device?: string;
  readonly type?: string;
  readonly method?: 'POST' | 'PUT';
}

/** Over npm coap: the code of the answer. */
function post(
  body: string | Buffer,
  { token = 'token-of-d', device = 'd', type = 'application/json', method = 'POST' }: Options = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const pathname = `/v1/devices/${device}/readings`;
    const req = request({ host: HOST, port, method, pathname, query: `token=${token}` });
    req.setOption('Content-Format', type);
    // Blocks of 1024 bytes.
    if (body.length > 1_024) req.setOption('Block1', Buffer.of(6));
    req.on('response', (res: IncomingMessage) => resolve(res.code));
    req.on('error', reject);
    req.end(body);
  });
}

const entry = (seq: number, t: unknown = seq): string => JSON.stringify({ seq, values: { t } });
const values = (): unknown[] => agent.taken.filter((s) => s.device === 'd').map((s) => s.value);

/** A bare socket: what is sent, and what comes. */
class Bare {
  readonly heard: Message[] = [];
  private readonly socket: Socket = createSocket('udp4').on('message', (bytes) => this.heard.push(decode(bytes)));

  send(message: Partial<Message>): void {
    const options = [...uriOptions('/v1/devices/d/readings?token=token-of-d'), uint(OPTION.contentFormat, 50)];
    const whole: Message = {
      type: 'con',
      code: CODE.post,
      id: 1,
      token: Buffer.of(9),
      options,
      payload: NOTHING,
      ...message,
    };
    this.socket.send(encode(whole), port, HOST);
  }

  close(): void {
    this.socket.close();
  }
}

test('JSON, CBOR and SenML are taken', async () => {
  expect(await post(entry(1, 1.5))).toBe('2.04');
  expect(await post(Buffer.from('a16676616c756573a1617402', 'hex'), { type: 'application/cbor' })).toBe('2.04');
  expect(await post('[{"n":"t","v":3}]', { type: 'application/senml+json' })).toBe('2.04');
  expect(values()).toEqual([1.5, 2, 3]);
});

test('a body in blocks is taken as a whole', async () => {
  const long = 'x'.repeat(3_000);
  expect(await post(JSON.stringify({ seq: 1, values: { x: long } }))).toBe('2.04');
  expect(values()).toEqual([long]);
});

test('2.04 goes out when the readings are durable; what is sent again meanwhile and afterwards is not taken twice', async () => {
  const bare = new Bare();
  agent.acknowledge = false;
  const payload = Buffer.from('{"values":{"t":1}}');
  for (let i = 0; i < 3; i++) bare.send({ payload });
  await until('taken', () => agent.unacked.length > 0, WITHIN_MS);
  // It takes long: the device is told that its request is here, and the answer comes by itself.
  await until('acknowledged without an answer', () => bare.heard.length > 0, WITHIN_MS);
  expect(bare.heard[0]).toMatchObject({ type: 'ack', code: CODE.empty, id: 1 });
  for (const ack of agent.unacked.splice(0)) ack();
  await until('answered', () => bare.heard.some((m) => m.code === CODE.changed), WITHIN_MS);
  const answer = bare.heard.find((m) => m.code === CODE.changed);
  expect(answer).toMatchObject({ type: 'con', token: Buffer.of(9) });
  bare.send({ type: 'ack', code: CODE.empty, id: answer?.id ?? 0, token: NOTHING, options: [] });
  bare.send({ payload });
  await until('acknowledged again', () => bare.heard.filter((m) => m.type === 'ack').length > 1, WITHIN_MS);
  expect(values()).toEqual([1]);
  bare.close();
});

test('a message id that was answered is answered with the same bytes', async () => {
  const bare = new Bare();
  const payload = Buffer.from('{"values":{"t":1}}');
  bare.send({ payload });
  await until('answered', () => bare.heard.length === 1, WITHIN_MS);
  bare.send({ payload });
  await until('answered again', () => bare.heard.length === 2, WITHIN_MS);
  expect(bare.heard[0]).toEqual(bare.heard[1]);
  expect([bare.heard[0]?.code, values()]).toEqual([CODE.changed, [1]]);
  bare.close();
});

test.each([
  ['a wrong token', entry(1), { token: 'nonsense' }, '4.01'],
  ['an unknown device', entry(1), { device: 'x' }, '4.01'],
  ['another method', entry(1), { method: 'PUT' }, '4.05'],
  ['another format', entry(1), { type: 'text/plain' }, '4.15'],
  ['what is no JSON', '{"values"', {}, '4.00'],
  ['too much', JSON.stringify({ values: { x: 'x'.repeat(5_000) } }), {}, '4.13'],
] as const)('%s is refused', async (_, body, options, code) => {
  expect([await post(body, options), values()]).toEqual([code, []]);
  expect(await post(entry(1))).toBe('2.04');
});

test('a number below what is remembered is refused', async () => {
  await post(entry(10_000));
  expect(await post(entry(1))).toBe('4.09');
});

test('a device that is excluded gets 4.03', async () => {
  adapter.exclude(new Set(['d']));
  expect(await post(entry(1))).toBe('4.03');
  adapter.exclude(new Set());
  expect(await post(entry(1))).toBe('2.04');
});

test('more requests than its rate allows get 4.29', async () => {
  await adapter.close();
  await begin('rate_per_s: 0.001, burst: 2');
  const codes: string[] = [];
  for (let seq = 1; seq <= 3; seq++) codes.push(await post(entry(seq)));
  expect(codes).toEqual(['2.04', '2.04', '4.29']);
});

test('an empty confirmable message is answered with a reset, an option that must be understood with 4.02', async () => {
  const bare = new Bare();
  bare.send({ code: CODE.empty, token: NOTHING, options: [] });
  await until('reset', () => bare.heard.length === 1, WITHIN_MS);
  bare.send({ id: 2, options: [{ number: 35, value: Buffer.of(1) }] });
  await until('refused', () => bare.heard.length === 2, WITHIN_MS);
  expect(bare.heard.map((m) => [m.type, m.code])).toEqual([
    ['rst', CODE.empty],
    ['ack', CODE.badOption],
  ]);
  bare.close();
});

test('a resource whose answer is in blocks is read as a whole, and asked for at its scan', async () => {
  const body = JSON.stringify({ pad: 'x'.repeat(3_000), v: 4.5 });
  const server: Server = createServer((_, res) => {
    res.setOption('Content-Format', 'application/json');
    res.end(body);
  });
  await new Promise<void>((resolve) => server.listen(theirs, HOST, () => resolve()));
  try {
    await until('asked twice', () => agent.good('s').length > 1, WITHIN_MS);
    expect(agent.good('s')[0]).toMatchObject({ metric: 'level', value: 4.5, quality: 0 });
    expect((await adapter.read('s', 'level', WITHIN_MS)).value).toBe(4.5);
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
});

const claim = (code: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const req = request({
      host: HOST,
      port,
      method: 'POST',
      pathname: '/v1/devices/fan-9/claim',
      query: `token=${code}`,
    });
    req.on('response', (res: IncomingMessage) => resolve(`${res.code} ${res.payload.toString()}`));
    req.on('error', reject);
    req.end();
  });

test('a stranger with a claim code gets a secret of its own', async () => {
  await adapter.close();
  await begin(CLAIMS);
  expect(await claim(CLAIM_CODE)).toBe('2.01 its-own');
  expect(await claim(WRONG_CODE)).toMatch(/^4\.01 /);
});
