/** One AMQP 1.0 connection with one session, from the first header to the last frame. Pure: bytes in, bytes out. */
import { type AmqpOutgoing } from '../../wire/amqp/dialect';
import { type AmqpSettings } from '../../wire/amqp/settings';
import {
  CODE,
  emptyFrame,
  errorText,
  type Frame,
  frame,
  FrameReader,
  type Layer,
  type Part,
  protocolHeader,
} from './codec';
import { type Delivery, Incoming, INCOMING_WINDOW } from './incoming';
import { Outgoing } from './outgoing';
import { AmqpError, type Value, write } from './types';

export interface SessionHost {
  send(bytes: Buffer): void;
  /** Every source is attached. */
  opened(): void;
  delivered(delivery: Delivery): void;
}

type LinkEnd = { readonly kind: 'in'; readonly source: number } | { readonly kind: 'out'; readonly address: string };

const MAX_FRAME_BYTES = 65_536;
const ROLE_RECEIVER = true;
const MECHANISMS = { plain: 'PLAIN', external: 'EXTERNAL', anonymous: 'ANONYMOUS' } as const;

export class AmqpSession {
  readonly incoming: Incoming;
  /** The broker wants to hear something this often, ms; 0: it does not care. */
  idle_ms = 0;
  private readonly reader = new FrameReader(MAX_FRAME_BYTES);
  private readonly outgoing: Outgoing;
  /** Links by the other side's handles. */
  private readonly handles = new Map<number, LinkEnd>();
  private isOpen = false;

  constructor(
    private readonly settings: AmqpSettings,
    private readonly password: string,
    private readonly host: SessionHost,
  ) {
    const { sources, container_id } = settings;
    const send = this.perform.bind(this, 'amqp');
    this.incoming = new Incoming(sources, settings, send);
    this.outgoing = new Outgoing(container_id, sources.length, send);
    this.incoming.outgoing = () => this.outgoing.next;
  }

  start(): void {
    this.host.send(protocolHeader('sasl'));
  }

  /** Throws AmqpError: the connection is of no more use. */
  feed(chunk: Buffer): void {
    for (const part of this.reader.feed(chunk)) this.take(part);
  }

  publish(message: AmqpOutgoing, timeout_ms: number): Promise<void> {
    return this.outgoing.publish(message, timeout_ms);
  }

  /** Something that says that somebody is here. */
  beat(): void {
    this.host.send(emptyFrame());
  }

  close(): void {
    this.incoming.flush();
    this.perform('amqp', CODE.close, []);
  }

  closed(reason: Error): void {
    this.outgoing.closed(reason);
  }

  private perform(layer: Layer, code: number, fields: readonly (Buffer | undefined)[], payload?: Buffer): void {
    this.host.send(frame(layer, 0, code, fields, payload));
  }

  private take(part: Part): void {
    if (part.kind === 'frame') return part.layer === 'sasl' ? this.sasl(part) : this.frame(part);
    if (part.layer === 'sasl') return;
    const { container_id, vhost, host, heartbeat_s } = this.settings;
    const own = [write.text(container_id), write.text(vhost ?? host), write.uint(MAX_FRAME_BYTES), write.ushort(0)];
    this.perform('amqp', CODE.open, [...own, write.uint(heartbeat_s * 1_000)]);
  }

  private sasl({ code, fields: [first] }: Frame): void {
    if (code === CODE.mechanisms) return this.authenticate(first);
    if (code !== CODE.outcome) throw new AmqpError('a frame that is not due');
    if (first !== 0) throw new AmqpError(`the broker refuses the user: SASL ${String(first)}`);
    this.host.send(protocolHeader('amqp'));
  }

  private authenticate(offered: Value): void {
    const { sasl, username } = this.settings;
    const mechanism = MECHANISMS[sasl];
    const list = (Array.isArray(offered) ? (offered as readonly Value[]) : [offered]).map(String);
    if (!list.includes(mechanism)) throw new AmqpError(`the broker takes ${list.join(', ')}, and not ${mechanism}`);
    const answer = sasl === 'plain' ? Buffer.from(`\0${username}\0${this.password}`) : Buffer.alloc(0);
    this.perform('sasl', CODE.init, [write.symbol(mechanism), write.binary(answer)]);
  }

  private frame({ code, fields, payload }: Frame): void {
    switch (code) {
      case undefined:
        return;
      case CODE.open:
        return this.opened(fields);
      case CODE.begin:
        return this.begun(fields);
      case CODE.attach:
        return this.attached(fields);
      case CODE.flow:
        return this.flow(fields);
      case CODE.transfer: {
        const delivery = this.incoming.transfer(fields, payload);
        if (delivery) this.host.delivered(delivery);
        return;
      }
      case CODE.disposition:
        return fields[0] === ROLE_RECEIVER ? this.outgoing.disposed(fields) : undefined;
      case CODE.detach:
        return this.detached(fields);
      case CODE.end:
      case CODE.close:
        throw new AmqpError(`the broker ended the session: ${errorText(fields[0]) ?? 'no reason given'}`);
      default:
        throw new AmqpError(`a frame 0x${code.toString(16)}`);
    }
  }

  private opened([, , max_frame, , idle]: readonly Value[]): void {
    this.outgoing.max_frame = typeof max_frame === 'number' ? Math.min(max_frame, MAX_FRAME_BYTES) : MAX_FRAME_BYTES;
    this.idle_ms = typeof idle === 'number' ? idle : 0;
    const window = write.uint(INCOMING_WINDOW);
    this.perform('amqp', CODE.begin, [undefined, write.uint(0), window, window]);
  }

  private begun([, next, window]: readonly Value[]): void {
    this.outgoing.window = typeof window === 'number' ? window : 0;
    this.incoming.attachAll(this.settings.container_id, typeof next === 'number' ? next : 0);
  }

  /** Names say which link it is: the other side has handles of its own. */
  private attached(fields: readonly Value[]): void {
    const [name, handle, , , , source, target, , , initial] = fields;
    const link = typeof name === 'string' ? this.linkOf(name) : undefined;
    if (!link || typeof handle !== 'number') throw new AmqpError('a link that nobody began here');
    this.handles.set(handle, link);
    if (link.kind === 'out') return this.outgoing.attach(link.address, target);
    this.incoming.attach(link.source, handle, source, initial);
    if (this.isOpen || !this.incoming.attached) return;
    this.isOpen = true;
    this.host.opened();
  }

  private flow([next, window, , , handle, seen, credit, , , echo]: readonly Value[]): void {
    if (typeof window === 'number') {
      const begun = typeof next === 'number' ? next : 0;
      this.outgoing.window = (begun + window - this.outgoing.next) | 0;
    }
    const link = this.handles.get(Number(handle));
    if (link?.kind === 'out') this.outgoing.flow(link.address, seen, credit);
    else this.outgoing.sendWhatMayGo();
    if (echo === true) this.incoming.flow([]);
  }

  private detached([handle, , error]: readonly Value[]): void {
    const link = this.handles.get(Number(handle));
    if (link?.kind === 'in') this.incoming.detached(link.source, error);
    this.handles.delete(Number(handle));
    if (link) this.outgoing.detached(link.address, error);
  }

  private linkOf(name: string): LinkEnd | undefined {
    const { container_id, sources } = this.settings;
    const source = sources.findIndex(({ address }) => name === `${container_id}<-${address}`);
    if (source >= 0) return { kind: 'in', source };
    const address = name.slice(`${container_id}->`.length);
    return this.outgoing.has(address) ? { kind: 'out', address } : undefined;
  }
}
