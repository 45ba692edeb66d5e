/** AMQP 1.0: the stream of a broker through a whole session, and messages. */
import { type AmqpSettings } from '../../../edge-agent/wire/amqp/settings';
import { CODE, decodeMessage, encodeMessage, frame, protocolHeader } from '../../../edge-agent/adapters/amqp/codec';
import { AmqpSession } from '../../../edge-agent/adapters/amqp/session';
import { AmqpError, write } from '../../../edge-agent/adapters/amqp/types';
import { type Target } from './target';

const CONTENT = { subject: 'fleet.north.m', contentType: 'application/json', payload: Buffer.from('{"v":1}') };

const SETTINGS: AmqpSettings = {
  ...{ host: 'h', port: 5_672, container_id: 'c', vhost: undefined, sasl: 'anonymous', username: '', password: '' },
  ...{ password_file: undefined, tls: undefined, heartbeat_s: 30, credit: 10, max_message_bytes: 1_000 },
  ...{ connect_timeout_ms: 1_000, backoff: { initial_ms: 10, max_ms: 10 } },
  sources: [{ address: 'q', name_in: 'subject', bind: undefined, subscriptions: [] }],
};

/** What a broker says to a client that takes from one queue. */
const source = write.described(CODE.source, write.list([write.text('q')]));
const attach = [write.text('c<-q'), write.uint(3), write.bool(false), undefined, undefined, source, undefined];
const transfer = [write.uint(3), write.uint(0), write.binary(Buffer.of(1)), write.uint(0), write.bool(false)];
const OPENING = [
  protocolHeader('sasl'),
  frame('sasl', 0, CODE.mechanisms, [write.symbols(['PLAIN', 'ANONYMOUS'])]),
  frame('sasl', 0, CODE.outcome, [write.ubyte(0)]),
  protocolHeader('amqp'),
  frame('amqp', 0, CODE.open, [write.text('broker'), undefined, write.uint(65_536), undefined, write.uint(30_000)]),
  frame('amqp', 0, CODE.begin, [write.ushort(0), write.uint(0), write.uint(100), write.uint(100)]),
];
const SESSION = [
  frame('amqp', 0, CODE.attach, [...attach, undefined, undefined, write.uint(0)]),
  frame('amqp', 0, CODE.flow, [write.uint(0), write.uint(100), write.uint(0), write.uint(100)]),
  frame('amqp', 0, CODE.transfer, transfer, encodeMessage(CONTENT)),
  frame('amqp', 0, CODE.disposition, [write.bool(true), write.uint(0), write.uint(7), write.bool(true)]),
  frame('amqp', 0, CODE.detach, [write.uint(3), write.bool(true)]),
];

const refuses = (error: unknown): boolean => error instanceof AmqpError;

/** `before`: what came whole, so that what is mangled is met inside a session. */
const stream = (name: string, before: readonly Buffer[], seed: readonly Buffer[]): Target => ({
  name: `amqp ${name}`,
  seeds: [Buffer.concat(seed)],
  read: (bytes) => {
    const session: AmqpSession = new AmqpSession(SETTINGS, '', {
      send: () => undefined,
      opened: () => undefined,
      delivered: (delivery) => session.incoming.settle(delivery, undefined),
    });
    session.start();
    for (const part of before) session.feed(part);
    session.feed(bytes);
  },
  refuses,
});

export const AMQP_TARGETS: readonly Target[] = [
  stream('opening', [], OPENING),
  stream('session', OPENING, SESSION),
  { name: 'amqp message', seeds: [encodeMessage(CONTENT)], read: (bytes) => void decodeMessage(bytes), refuses },
];
