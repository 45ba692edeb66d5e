/** One client of the plant's broker, AMQP 0-9-1: from its socket to what it wants of the queue. */
import { type Socket } from 'node:net';
import { type Consumer } from '../queue';
import { Arguments, content, type Frame, frame, FrameReader, long, longlong, longText } from './frames';
import { method, octet, short, shortText, TYPE } from './frames';

export interface Queued {
  readonly key: string;
  readonly body: Buffer;
}

export interface ClientHost {
  readonly queue: string;
  consumes(consumer: Consumer<Queued>): void;
  gone(consumer: Consumer<Queued>): void;
  settled(delivery: unknown, how: 'acknowledged' | 'rejected'): void;
  /** False: nobody takes what is sent there. `confirm` when it is done with. */
  published(key: string, body: Buffer, confirm: () => void): boolean;
}

const EXCHANGE = 'plant';
const NO_ROUTE = 312;
const NOT_FOUND = 404;
const FRAME_MAX = 131_072;
const HEARTBEAT_MS = 10_000;
const NO_PROPERTIES = short(0);

const CONNECTION = { start: [10, 10], tune: [10, 30], openOk: [10, 41], closeOk: [10, 51] } as const;
const CHANNEL = { openOk: [20, 11], close: [20, 40], closeOk: [20, 41] } as const;
const BASIC = { qosOk: [60, 11], consumeOk: [60, 21], return: [60, 50], deliver: [60, 60], ack: [60, 80] } as const;

interface Publication {
  readonly key: string;
  properties: Buffer;
  left: number;
  readonly parts: Buffer[];
}

export class Client {
  private readonly reader = new FrameReader();
  private readonly beat: NodeJS.Timeout;
  private readonly underWay = new Map<number, object>();
  private consumer: Consumer<Queued> | undefined;
  private prefetch = Infinity;
  private delivered = 0;
  private publication: Publication | undefined;
  private publications = 0;

  constructor(
    private readonly socket: Socket,
    private readonly host: ClientHost,
  ) {
    this.beat = setInterval(() => socket.write(frame(TYPE.heartbeat, 0, Buffer.alloc(0))), HEARTBEAT_MS);
    socket.on('data', (chunk) => this.data(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(this.beat);
      if (this.consumer) host.gone(this.consumer);
    });
  }

  private data(chunk: Buffer): void {
    for (const one of this.reader.feed(chunk)) {
      if (!one) {
        const versions = Buffer.concat([octet(0), octet(9), long(0)]);
        this.say(0, CONNECTION.start, versions, longText('PLAIN'), longText('en_US'));
      } else if (one.type === TYPE.method) this.method(one);
      else if (one.type === TYPE.header) this.header(one);
      else if (one.type === TYPE.body) this.body(one);
    }
  }

  private say(channel: number, id: readonly [number, number], ...args: readonly Buffer[]): void {
    this.socket.write(method(channel, id, ...args));
  }

  private method({ channel, payload }: Frame): void {
    const args = new Arguments(payload, 4);
    switch (`${payload.readUInt16BE(0)}.${payload.readUInt16BE(2)}`) {
      case '10.11':
        return this.say(0, CONNECTION.tune, short(0), long(FRAME_MAX), short(0));
      case '10.40':
        return this.say(0, CONNECTION.openOk, shortText(''));
      case '10.50':
        this.say(0, CONNECTION.closeOk);
        return void this.socket.end();
      case '20.10':
        return this.say(channel, CHANNEL.openOk, longText(''));
      case '20.40':
        return this.say(channel, CHANNEL.closeOk);
      case '85.10':
        return this.say(channel, [85, 11]);
      case '50.10':
        return this.declared(channel, args.skip(2).shortText());
      case '50.20':
        return this.say(channel, [50, 21]);
      case '60.10':
        this.prefetch = args.skip(4).short() || Infinity;
        return this.say(channel, BASIC.qosOk);
      case '60.20':
        return this.consume(channel);
      case '60.40': {
        args.skip(2).shortText();
        this.publication = { key: args.shortText(), properties: NO_PROPERTIES, left: 0, parts: [] };
        return;
      }
      case '60.80':
        return this.settle(args.longlong(), 'acknowledged');
      case '60.120':
        return this.settle(args.longlong(), 'rejected');
      default:
        return;
    }
  }

  private declared(channel: number, queue: string): void {
    if (queue === this.host.queue) return this.say(channel, [50, 11], shortText(queue), long(0), long(0));
    this.say(channel, CHANNEL.close, short(NOT_FOUND), shortText(`no queue ${queue}`), short(50), short(10));
  }

  private consume(channel: number): void {
    const consumer: Consumer<Queued> = {
      ready: () => this.underWay.size < this.prefetch && this.socket.writable,
      send: ({ key, body }, again) => {
        const delivery = {};
        this.underWay.set(++this.delivered, delivery);
        const flags = [longlong(this.delivered), octet(again > 0 ? 1 : 0), shortText(EXCHANGE), shortText(key)];
        this.say(channel, BASIC.deliver, shortText('c'), ...flags);
        this.socket.write(content(channel, NO_PROPERTIES, body));
        return delivery;
      },
    };
    this.consumer = consumer;
    this.say(channel, BASIC.consumeOk, shortText('c'));
    this.host.consumes(consumer);
  }

  private settle(tag: number, how: 'acknowledged' | 'rejected'): void {
    const delivery = this.underWay.get(tag);
    this.underWay.delete(tag);
    this.host.settled(delivery, how);
  }

  private header({ channel, payload }: Frame): void {
    const { publication } = this;
    if (!publication) return;
    publication.left = new Arguments(payload, 4).longlong();
    publication.properties = payload.subarray(12);
    if (publication.left === 0) this.taken(channel, publication);
  }

  private body({ channel, payload }: Frame): void {
    const { publication } = this;
    if (!publication) return;
    publication.parts.push(payload);
    publication.left -= payload.length;
    if (publication.left <= 0) this.taken(channel, publication);
  }

  private taken(channel: number, { key, properties, parts }: Publication): void {
    this.publication = undefined;
    const tag = ++this.publications;
    const body = Buffer.concat(parts);
    const confirm = (): void => this.say(channel, BASIC.ack, longlong(tag), octet(0));
    if (this.host.published(key, body, confirm)) return;
    this.say(channel, BASIC.return, short(NO_ROUTE), shortText('NO_ROUTE'), shortText(''), shortText(key));
    this.socket.write(content(channel, properties, body));
    confirm();
  }
}
