/** What a session does that the contract suite does not see: secrets that cannot be read, refusals, a broker that holds back. */
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { generate, type Packet } from 'mqtt-packet';
import { Broker } from '../../../../edge-agent/wire/mqtt/broker';
import { PacketReader } from '../../../../edge-agent/wire/mqtt/codec';
import { type Message } from '../../../../edge-agent/wire/mqtt/link';
import { type BrokerSettings } from '../../../../edge-agent/wire/mqtt/settings';
import { until } from '../../../contract/adapter/observer';

const settings = (port: number, more: Partial<BrokerSettings> = {}): BrokerSettings => ({
  ...{ host: '127.0.0.1', port, version: 5, client_id: 'c', username: undefined, password: undefined },
  ...{ password_file: undefined, tls: undefined, keepalive_s: 30, session_expiry_s: 60, receive_maximum: 3 },
  ...{ max_message_bytes: 1_000, connect_timeout_ms: 30_000, backoff: { initial_ms: 10, max_ms: 10 } },
  ...more,
});

/** A broker of a few lines: what it got, and a way to answer. */
class Peer {
  readonly got: Packet[] = [];
  socket: Socket | undefined;
  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async listen(answer: (packet: Packet) => Packet | undefined): Promise<Peer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const peer = new Peer(server, (server.address() as { port: number }).port);
    server.on('connection', (socket) => {
      peer.socket = socket;
      const reader = new PacketReader(5, 100_000);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        for (const packet of reader.feed(chunk)) {
          peer.got.push(packet);
          const reply = answer(packet);
          if (reply) peer.send(reply);
        }
      });
    });
    return peer;
  }

  send(packet: Packet): void {
    this.socket?.write(generate(packet, { protocolVersion: 5 }));
  }

  async close(): Promise<void> {
    this.socket?.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

const welcome = (packet: Packet): Packet | undefined =>
  packet.cmd === 'connect'
    ? { cmd: 'connack', reasonCode: 0, sessionPresent: false }
    : packet.cmd === 'subscribe'
      ? { cmd: 'suback', messageId: packet.messageId ?? 0, granted: [1] }
      : undefined;

function client(s: BrokerSettings): { broker: Broker; messages: Message[]; lost: string[]; opened: () => number } {
  const messages: Message[] = [];
  const lost: string[] = [];
  let opened = 0;
  const broker = new Broker({
    settings: s,
    subscriptions: [{ filter: 't/#', qos: 1 }],
    random: () => 0,
    listener: {
      connecting: () => undefined,
      opened: () => opened++,
      message: (m) => messages.push(m),
      lost: (reason) => lost.push(reason.message),
    },
  });
  return { broker, messages, lost, opened: () => opened };
}

const WITHIN_MS = 30_000;

test('a secret that cannot be read is a failed attempt, tried again', async () => {
  const { broker, lost } = client(settings(1, { password_file: 'there/is/no/such/file', connect_timeout_ms: 20 }));
  broker.start();
  await until('attempts', () => lost.length > 2, WITHIN_MS);
  expect(lost[0]).toContain('ENOENT');
  broker.close(new Error('end'));
});

test.each([
  [
    { cmd: 'connack', reasonCode: 134, sessionPresent: false },
    'the broker refuses the session: wrong username or password',
  ],
  [{ cmd: 'connect', clientId: 'x' }, 'the broker sent connect, which is for clients to send'],
] as const)('%j ends the session with its reason', async (reply, reason) => {
  const peer = await Peer.listen(() => reply as Packet);
  const { broker, lost, opened } = client(settings(peer.port));
  broker.start();
  await until('lost', () => lost.length > 0, WITHIN_MS);
  expect([lost[0], opened()]).toEqual([reason, 0]);
  broker.close(new Error('end'));
  await peer.close();
});

test('a subscription that is refused is named', async () => {
  const peer = await Peer.listen((p) =>
    p.cmd === 'subscribe' ? { cmd: 'suback', messageId: p.messageId ?? 0, granted: [135] } : welcome(p),
  );
  const { broker, lost } = client(settings(peer.port));
  broker.start();
  await until('lost', () => lost.length > 0, WITHIN_MS);
  expect(lost[0]).toBe('the broker refuses the subscription to t/#');
  broker.close(new Error('end'));
  await peer.close();
});

test('the broker is told how much may be under way, and gets its answers in order', async () => {
  const peer = await Peer.listen(welcome);
  const { broker, messages, opened } = client(settings(peer.port));
  broker.start();
  await until('open', () => opened() === 1, WITHIN_MS);
  expect(peer.got[0]).toMatchObject({ cmd: 'connect', clean: false, properties: { receiveMaximum: 3 } });
  for (const messageId of [1, 2])
    peer.send({
      cmd: 'publish',
      topic: 't/1',
      payload: Buffer.from('x'),
      qos: 1,
      dup: false,
      retain: false,
      messageId,
    });
  await until('taken', () => messages.length === 2, WITHIN_MS);
  messages[1]?.durable();
  messages[0]?.durable();
  await until('acknowledged', () => peer.got.filter((p) => p.cmd === 'puback').length === 2, WITHIN_MS);
  expect(peer.got.flatMap((p) => (p.cmd === 'puback' ? [p.messageId] : []))).toEqual([1, 2]);
  broker.close(new Error('end'));
  await until('goodbye', () => peer.got.at(-1)?.cmd === 'disconnect', WITHIN_MS);
  await peer.close();
});

test('a message to which nobody has subscribed is refused for certain', async () => {
  const peer = await Peer.listen((p) =>
    p.cmd === 'publish' ? { cmd: 'puback', messageId: p.messageId ?? 0, reasonCode: 16 } : welcome(p),
  );
  const { broker, opened } = client(settings(peer.port));
  broker.start();
  await until('open', () => opened() === 1, WITHIN_MS);
  const message = { topic: 'cmd/x', payload: Buffer.from('1'), qos: 1, retain: false } as const;
  await expect(broker.publish(message, WITHIN_MS)).rejects.toMatchObject({ kind: 'refused' });
  broker.close(new Error('end'));
  await peer.close();
});
