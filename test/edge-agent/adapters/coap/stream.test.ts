/** CoAP over TCP: the codec, and an agent met over bare sockets. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import fc from 'fast-check';
import { CoapAdapter } from '../../../../edge-agent/adapters/coap/adapter';
import {
  CODE,
  CoapError,
  type Message,
  NOTHING,
  OPTION,
  uint,
  uintOf,
  uriOptions,
} from '../../../../edge-agent/adapters/coap/codec';
import {
  csm,
  encodeStream,
  maxMessageOf,
  SIGNAL,
  type StreamMessage,
  StreamReader,
} from '../../../../edge-agent/adapters/coap/stream';
import { systemClock } from '../../../../edge-agent/io/clock';
import { encode as encodeTheirs, FrameReader } from '../../../../deploy/local/plant/coap-tcp/frames';
import { freePorts } from '../../../../deploy/local/ports';
import { Authority } from '../../../support/certificates';
import { Observer, until } from '../../../contract/adapter/observer';
import { connectionOf } from '../../plan-of';

const WITHIN_MS = 30_000;
jest.setTimeout(2 * WITHIN_MS);
const MAX = 100_000;

describe('codec', () => {
  const message = fc.record({
    code: fc.integer({ min: 0, max: 255 }),
    token: fc.uint8Array({ maxLength: 8 }).map((b) => Buffer.from(b)),
    options: fc
      .array(fc.record({ number: fc.integer({ min: 0, max: 2_000 }), value: fc.uint8Array({ maxLength: 300 }) }), {
        maxLength: 4,
      })
      .map((list) =>
        list.map(({ number, value }) => ({ number, value: Buffer.from(value) })).sort((a, b) => a.number - b.number),
      ),
    payload: fc.oneof(
      fc.constant(NOTHING),
      fc.constantFrom(1, 11, 12, 13, 268, 269, 300, 65_804, 65_806).map((n) => Buffer.alloc(n, 7)),
    ),
  });

  test('what is written is read, however the bytes come', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), fc.integer({ min: 1, max: 5_000 }), (sent, size) => {
        const stream = Buffer.concat(sent.map(encodeStream));
        const reader = new StreamReader(MAX);
        const read: StreamMessage[] = [];
        for (let at = 0; at < stream.length; at += size) read.push(...reader.feed(stream.subarray(at, at + size)));
        expect(read).toEqual(sent);
      }),
      { numRuns: 60 },
    );
  });

  test('simulated devices, which have a codec of their own, write the same and read it', () => {
    const short = message.filter(({ payload }) => payload.length <= 300);
    fc.assert(
      fc.property(fc.array(short, { maxLength: 4 }), (sent) => {
        const theirs = sent.map(({ options, ...rest }) => ({
          ...rest,
          options: options.map(({ number, value }) => [number, value] as const),
        }));
        const bytes = Buffer.concat(sent.map(encodeStream));
        expect(Buffer.concat(theirs.map(encodeTheirs)).equals(bytes)).toBe(true);
        expect(new FrameReader().feed(bytes)).toEqual(theirs);
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    ['2.03 with a token', '0143ff', { code: 0x43, token: 'ff', payload: '' }],
    ['a length of one byte', `d001${'45'}ff${'aa'.repeat(13)}`, { code: 0x45, token: '', payload: 'aa'.repeat(13) }],
  ])('reads %s', (_, hex, { code, token, payload }) => {
    const [found] = new StreamReader(MAX).feed(Buffer.from(hex, 'hex'));
    expect(found).toMatchObject({ code, options: [] });
    expect([found?.token.toString('hex'), found?.payload.toString('hex')]).toEqual([token, payload]);
  });

  test.each([
    ['a token that is too long', '0901'],
    ['a message longer than allowed', 'f0ffffffff01'],
    ['an option cut off', '2001d1'],
    ['a marker without payload', '1001ff'],
  ])('refuses %s', (_, hex) => {
    expect(() => new StreamReader(MAX).feed(Buffer.from(`${hex}0000`, 'hex'))).toThrow(CoapError);
  });

  test('a size is as long as is said, or what is taken unless it is', () => {
    expect(maxMessageOf({ options: csm(70_000) })).toBe(70_000);
    expect(maxMessageOf({ options: [] })).toBe(1_152);
  });
});

describe('connection', () => {
  let port = 0;
  let theirs = 0;
  let adapter: CoapAdapter;
  let agent: Observer;
  let field: Server | undefined;
  const devices: Device[] = [];

  /** The other end of a connection. */
  class Device {
    readonly heard: StreamMessage[] = [];
    closed = false;
    private readonly reader = new StreamReader(MAX);

    constructor(readonly socket: Socket) {
      devices.push(this);
      socket.on('data', (bytes: Buffer) => this.heard.push(...this.reader.feed(bytes)));
      socket.on('error', () => undefined);
      socket.on('close', () => (this.closed = true));
    }

    say(message: Partial<StreamMessage>): void {
      this.socket.write(encodeStream({ code: SIGNAL.csm, token: NOTHING, options: [], payload: NOTHING, ...message }));
    }

    post(seq: number, token: number): void {
      const options = [...uriOptions('/v1/devices/d/readings?token=token-of-d'), uint(OPTION.contentFormat, 50)];
      const payload = Buffer.from(JSON.stringify({ seq, values: { t: seq } }));
      this.say({ code: CODE.post, token: Buffer.of(token), options, payload });
    }

    answers(): [number, number][] {
      return this.heard.filter((m) => m.code >> 5 !== 7).map(({ code, token }) => [token[0] ?? -1, code]);
    }

    /** The first request with that code and path. */
    asked(code: number): Promise<StreamMessage> {
      return this.find(`request ${code}`, (m) => m.code === code);
    }

    async find(what: string, is: (m: StreamMessage) => boolean): Promise<StreamMessage> {
      await until(what, () => this.heard.some(is), WITHIN_MS);
      return this.heard.find(is) as StreamMessage;
    }
  }

  const calling = async (): Promise<Device> => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const device = new Device(socket);
    device.say({});
    return device;
  };

  const begin = async (transport: string): Promise<void> => {
    [port = 0, theirs = 0] = await freePorts(2);
    const profile = `
agent: { id: a }
connections: [{ name: field, protocol: coap, port: ${port}, timeout_ms: 20000, backoff: { initial_ms: 20, max_ms: 50 }, coap: { ${transport}, max_body_bytes: 4000, rate_per_s: 1000, burst: 1000 } }]
devices:
  - { id: d, connection: field, coap: { token: token-of-d }, points: [{ metric: t }, { metric: set, writable: true, scan_ms: 60000, coap: { resource: /set, observe: false } }] }
  - { id: s, connection: field, scan_ms: 100, coap: { host: 127.0.0.1, port: ${theirs} }, points: [{ metric: level, coap: { resource: /level } }] }
`;
    adapter = new CoapAdapter(connectionOf(profile), { clock: systemClock, random: Math.random });
    agent = new Observer();
    adapter.start(agent);
    await until('listening', () => agent.links.some((l) => l.state === 'connected'), WITHIN_MS);
  };

  beforeEach(() => begin('transport: tcp'));

  afterEach(async () => {
    for (const { socket } of devices.splice(0)) socket.destroy();
    await adapter.close();
    await new Promise<void>((resolve) => (field ? field.close(() => resolve()) : resolve()));
    field = undefined;
  });

  const taken = (id: string): unknown[] => agent.good(id).map((s) => s.value);

  test('2.04 goes out when the readings are durable, to each request by its token', async () => {
    agent.acknowledge = false;
    const device = await calling();
    device.post(1, 7);
    device.post(2, 8);
    await until('both taken', () => taken('d').length === 2, WITHIN_MS);
    expect(device.answers()).toEqual([]);
    for (const ack of agent.unacked.splice(0).reverse()) ack();
    await until('both answered', () => device.answers().length === 2, WITHIN_MS);
    expect(new Set(device.answers().map(String))).toEqual(new Set([`8,${CODE.changed}`, `7,${CODE.changed}`]));
    const [hello] = device.heard;
    expect(hello?.code).toBe(SIGNAL.csm);
    expect(maxMessageOf(hello as StreamMessage)).toBeGreaterThan(4_000);
  });

  test('a ping is answered, a release when everything is answered, and what is empty is passed over', async () => {
    agent.acknowledge = false;
    const device = await calling();
    device.say({ code: CODE.empty });
    device.say({ code: SIGNAL.ping, token: Buffer.of(1, 2) });
    expect((await device.find('pong', (m) => m.code === SIGNAL.pong)).token).toEqual(Buffer.of(1, 2));
    device.post(1, 7);
    device.say({ code: SIGNAL.release });
    await until('taken', () => taken('d').length === 1, WITHIN_MS);
    expect(device.closed).toBe(false);
    for (const ack of agent.unacked.splice(0)) ack();
    await until('closed', () => device.closed, WITHIN_MS);
    expect(device.answers()).toEqual([[7, CODE.changed]]);
  });

  test.each([
    ['no CSM at the beginning', { code: SIGNAL.ping }],
    ['a CSM that asks for more', { options: [{ number: 3, value: NOTHING }] }],
  ])('%s: the connection is aborted', async (reason, first) => {
    const socket = connect(port, '127.0.0.1');
    const device = new Device(socket);
    device.say(first);
    const abort = await device.find('abort', (m) => m.code === SIGNAL.abort);
    expect(abort.payload.toString()).toBe(reason);
    await until('closed', () => device.closed, WITHIN_MS);
    expect(adapter.status().counters['dropped']).toBe(1);
  });

  test('bytes that are not CoAP end the connection, and the next one is served', async () => {
    const device = await calling();
    device.socket.write(Buffer.from('f0ffffffff01', 'hex'));
    await until('closed', () => device.closed, WITHIN_MS);
    const next = await calling();
    next.post(1, 1);
    await until('answered', () => next.answers().length === 1, WITHIN_MS);
  });

  test('a value is written over the connection that the device began; without one it is refused for certain', async () => {
    const order = { device: 'd', metric: 'set', value: 5, timeout_ms: WITHIN_MS };
    const refused = await adapter.write(order).catch((e: unknown) => e);
    expect(refused).toMatchObject({ code: 'not-connected' });
    const device = await calling();
    device.post(1, 1);
    await until('answered', () => device.answers().length === 1, WITHIN_MS);
    const written = adapter.write(order);
    const put = await device.asked(CODE.put);
    expect(put.payload.toString()).toBe('5');
    device.say({ code: CODE.changed, token: put.token });
    await written;
    const lost = adapter.write(order).catch((e: unknown) => e);
    await until('asked again', () => device.heard.filter((m) => m.code === CODE.put).length === 2, WITHIN_MS);
    device.socket.destroy();
    expect(await lost).toMatchObject({ code: 'closed', certain: false });
  });

  test('a device that is called is observed, and again when its connection was lost', async () => {
    field = createServer((socket) => new Device(socket).say({}));
    field.listen(theirs, '127.0.0.1');
    const observed = async (device: Device, value: number): Promise<Message['token']> => {
      const get = await device.asked(CODE.get);
      expect(uintOf(get, OPTION.observe)).toBe(0);
      device.say({
        code: CODE.content,
        token: get.token,
        options: [uint(OPTION.observe, 1)],
        payload: Buffer.from(String(value)),
      });
      return get.token;
    };
    await until('called', () => devices.length > 0, WITHIN_MS);
    const token = await observed(devices[0] as Device, 1);
    devices[0]?.say({ code: CODE.content, token, options: [uint(OPTION.observe, 2)], payload: Buffer.from('2') });
    await until('both', () => taken('s').length === 2, WITHIN_MS);
    devices[0]?.socket.destroy();
    await until('bad, and called again', () => agent.bad('s').length > 0 && devices.length > 1, WITHIN_MS);
    await observed(devices.at(-1) as Device, 3);
    await until('the next', () => taken('s').length === 3, WITHIN_MS);
    expect(taken('s')).toEqual([1, 2, 3]);
  });

  test('over TLS a device is met the same way, called as well as calling', async () => {
    await adapter.close();
    const folder = mkdtempSync(join(tmpdir(), 'coap-tls-'));
    const authority = new Authority(folder);
    const file = join(folder, 'agent.pem');
    authority.issue(file, 1);
    const secrets = { ca: readFileSync(authority.file), cert: readFileSync(file), key: readFileSync(file) };
    await begin(`transport: tls, cert_file: ${file}, key_file: ${file}, ca_file: ${authority.file}`);
    const socket = connectTls({ host: '127.0.0.1', port, ALPNProtocols: ['coap'], ca: secrets.ca });
    await once(socket, 'secureConnect');
    const device = new Device(socket);
    device.say({});
    device.post(1, 7);
    await until('answered', () => device.answers().length === 1, WITHIN_MS);
    expect([socket.alpnProtocol, device.answers()]).toEqual(['coap', [[7, CODE.changed]]]);
    const plain = await calling();
    plain.post(2, 8);
    await until('nothing else is understood', () => plain.closed, WITHIN_MS);
    field = createTlsServer({ ...secrets, ALPNProtocols: ['coap'] }, (called) => new Device(called).say({}));
    field.listen(theirs, '127.0.0.1');
    await until('called', () => devices.length === 3, WITHIN_MS);
    expect(uintOf(await (devices[2] as Device).asked(CODE.get), OPTION.observe)).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });
});
