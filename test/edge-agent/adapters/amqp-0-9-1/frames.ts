/**
 * A broker's frames of AMQP 0-9-1 to what the agent makes of them: npm amqplib's codec and channel, with our bound of bodies
 * before it. The library's own parts are not public: they are found where it is installed.
 */
import { type EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type ConsumeMessage } from 'amqplib';
import { boundBodies } from '../../../../edge-agent/adapters/amqp-0-9-1/bounds';

interface Frame {
  readonly rest: Buffer;
}
interface Frames {
  parseFrame(bytes: Buffer, max: number): Frame | false;
  decodeFrame(frame: Frame): unknown;
  makeBodyFrame(channel: number, payload: Buffer): Buffer;
}
interface Methods {
  readonly BasicDeliver: number;
  readonly BasicProperties: number;
  readonly ChannelClose: number;
  encodeMethod(id: number, channel: number, fields: object): Buffer;
  encodeProperties(id: number, channel: number, size: number, fields: object): Buffer;
}
type Channel = EventEmitter & { accept(frame: unknown): void };

const load = createRequire(__filename);
const part = (name: string): unknown => load(join(dirname(load.resolve('amqplib')), 'lib', `${name}.js`));
const frames = part('frame') as Frames;
const methods = part('defs') as Methods;
const { BaseChannel } = part('channel') as { BaseChannel: new (connection: object) => Channel };

const MAX_FRAME_BYTES = 131_072;
const CHANNEL = 1;
const PROPERTIES = {
  ...{ contentType: 'application/json', headers: { a: 1, b: ['x', true], c: { d: 2.5 } }, deliveryMode: 2 },
  ...{ messageId: 'm-1', timestamp: 1_700_000_000 },
};

/** `size`: what the header says the body has, bytes. */
export function delivery(routingKey: string, parts: readonly Buffer[], size = Buffer.concat(parts).length): Buffer {
  const deliver = { consumerTag: 't', deliveryTag: 1, redelivered: false, exchange: 'e', routingKey };
  return Buffer.concat([
    methods.encodeMethod(methods.BasicDeliver, CHANNEL, deliver),
    methods.encodeProperties(methods.BasicProperties, CHANNEL, size, PROPERTIES),
    ...parts.map((body) => frames.makeBodyFrame(CHANNEL, body)),
  ]);
}

/** Whatever the library throws ends a connection. */
export class Ended extends Error {}

/** A channel as the agent has it; `taken` gets its messages, with the size of bodies that were too long. Throws Ended. */
export function channelOf(
  max_message_bytes: number,
  taken: (message: ConsumeMessage, oversize: number | undefined) => void,
): (bytes: Buffer) => void {
  const end = (): never => {
    throw new Ended('closed by what came');
  };
  let closing = false;
  const sendMethod = (_channel: number, method: number): void => {
    if (method === methods.ChannelClose) closing = true;
  };
  const channel = new BaseChannel({ sendMethod, closeChannel: end, closeWithError: end });
  const oversize = boundBodies(channel as never, max_message_bytes);
  channel.on('delivery', (message: ConsumeMessage) => taken(message, oversize(message)));
  return (bytes) => {
    try {
      for (let rest = bytes; ;) {
        const frame = frames.parseFrame(rest, MAX_FRAME_BYTES);
        if (!frame) return;
        rest = frame.rest;
        channel.accept(frames.decodeFrame(frame));
        if (closing) end();
      }
    } catch (cause) {
      throw new Ended('ended', { cause });
    }
  };
}
