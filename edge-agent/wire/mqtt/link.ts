/** One connection to a broker, from the socket to the end: subscribed before it is told open. */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { generate, type IPublishPacket, type Packet } from 'mqtt-packet';
import { type Receipts } from '../../adapter';
import { secretOf, tlsOptions } from '../tls';
import { PacketReader } from './codec';
import { type Inbound } from './inbound';
import { Outbound, type Outgoing, PublishError } from './outbound';
import { connectPacket, maxPacketBytes, refusalOf, refusedFilter } from './packets';
import { subscribePacket, type Subscription, type Will } from './packets';
import { type BrokerSettings } from './settings';

export interface Message {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retain: boolean;
  /** To be durable with what came of it. */
  readonly receipts?: Receipts;
  /** To be called when what came of it is durable. */
  durable(): void;
}

export interface LinkListener {
  opened(): void;
  message(message: Message): void;
  /** Once, also when it never opened. */
  closed(reason: Error): void;
}

/** Also the last id of outgoing messages, which never gets there. */
const SUBSCRIBE_ID = 0xffff;
const KEEPALIVE_MARGIN = 1.5;

export class MqttLink {
  readonly outbound: Outbound;
  private readonly socket: Socket;
  private readonly reader: PacketReader;
  private readonly connecting: NodeJS.Timeout;
  private beat: NodeJS.Timeout | undefined;
  private isOpen = false;
  private ended = false;
  private held = false;
  private reason: Error | undefined;
  private heardSince = false;

  constructor(
    private readonly settings: BrokerSettings,
    private readonly subscriptions: readonly Subscription[],
    private readonly inbound: Inbound,
    will: Will | undefined,
    private readonly listener: LinkListener,
  ) {
    const { host, port, connect_timeout_ms, password_file } = settings;
    this.outbound = new Outbound((packet) => this.send(packet));
    this.reader = new PacketReader(settings.version, maxPacketBytes(settings));
    // Throws when a file that the profile names cannot be read: the caller takes it for a failed attempt.
    const password = password_file === undefined ? settings.password : secretOf(password_file);
    this.socket = this.open();
    this.connecting = setTimeout(
      () => this.destroy(new Error(`no MQTT session with ${host}:${port} within ${connect_timeout_ms} ms`)),
      connect_timeout_ms,
    );
    this.socket.on(settings.tls ? 'secureConnect' : 'connect', () =>
      this.send(connectPacket(settings, password, will)),
    );
    this.socket.on('data', (chunk: Buffer) => this.data(chunk));
    this.socket.on('error', (error) => (this.reason ??= error));
    this.socket.on('close', () => this.end());
  }

  get alive(): boolean {
    return this.isOpen;
  }

  publish(message: Outgoing, timeout_ms: number): Promise<void> {
    if (!this.isOpen) return Promise.reject(new PublishError('not-connected', 'there is no session with the broker'));
    return this.outbound.publish(message, timeout_ms);
  }

  /** Nothing is read from the socket while held, so that the broker waits. */
  hold(held: boolean): void {
    this.held = held;
    this.balance();
  }

  /** What became due of the messages taken. */
  answer(packet: Packet): void {
    this.send(packet);
    this.balance();
  }

  /** In order when the session is open: the broker then sends no will. */
  close(reason: Error): void {
    this.reason ??= reason;
    if (!this.isOpen) return this.destroy(reason);
    this.send(this.settings.version === 5 ? { cmd: 'disconnect', reasonCode: 0 } : { cmd: 'disconnect' });
    this.end();
    this.socket.destroySoon();
  }

  destroy(reason: Error): void {
    this.reason ??= reason;
    this.socket.destroy();
  }

  private open(): Socket {
    const { host, port, tls } = this.settings;
    if (tls) return connectTls({ host, port, ...tlsOptions(tls) });
    return connectTcp({ host, port, noDelay: true });
  }

  private send(packet: Packet): void {
    if (this.socket.writable) this.socket.write(generate(packet, { protocolVersion: this.settings.version }));
  }

  private data(chunk: Buffer): void {
    this.heardSince = true;
    try {
      for (const packet of this.reader.feed(chunk)) if (!this.socket.destroyed) this.packet(packet);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  private packet(packet: Packet): void {
    switch (packet.cmd) {
      case 'connack': {
        const refusal = refusalOf(packet);
        if (refusal !== undefined) return this.destroy(new Error(`the broker refuses the session: ${refusal}`));
        this.inbound.opened(packet.sessionPresent);
        this.startBeat();
        if (this.subscriptions.length === 0) return this.opened();
        return this.send(subscribePacket(SUBSCRIBE_ID, this.subscriptions));
      }
      case 'suback': {
        const refused = refusedFilter(packet, this.subscriptions);
        if (refused !== undefined) return this.destroy(new Error(`the broker refuses the subscription to ${refused}`));
        return this.opened();
      }
      case 'publish':
        return this.publication(packet);
      case 'pubrel':
        return this.inbound.released(packet.messageId ?? 0);
      case 'puback':
        return this.outbound.answered(packet.messageId ?? 0, packet.reasonCode ?? 0);
      case 'disconnect':
        return this.destroy(new Error(`the broker ended the session: reason ${packet.reasonCode ?? 0}`));
      case 'pingresp':
        return;
      default:
        throw new Error(`the broker sent ${packet.cmd}, which is for clients to send`);
    }
  }

  /** What the broker kept for the session may come before it answers the subscription. */
  private publication(packet: IPublishPacket): void {
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const { topic, retain } = packet;
    const arrival = this.inbound.publish({ ...packet, payload });
    if (arrival.kind === 'new') {
      const { kind: _new, ...rest } = arrival;
      this.listener.message({ topic, payload, retain, ...rest });
    }
    this.balance();
  }

  /** A broker of 3.1.1 knows no receive maximum: it is held back by the socket, and with it the answers to what is sent. */
  private balance(): void {
    const full = this.settings.version === 4 && this.inbound.unanswered >= this.settings.receive_maximum;
    const stop = this.held || full;
    if (stop === this.socket.isPaused()) return;
    if (stop) this.socket.pause();
    else this.socket.resume();
  }

  private opened(): void {
    if (this.isOpen) return;
    clearTimeout(this.connecting);
    this.isOpen = true;
    this.listener.opened();
  }

  /** Pings when nothing else was to be sent is more than asked for: one for each keepalive is enough. */
  private startBeat(): void {
    const every_ms = (this.settings.keepalive_s * 1_000) / KEEPALIVE_MARGIN;
    this.heardSince = true;
    this.beat = setInterval(() => {
      if (!this.heardSince && !this.socket.isPaused()) return this.destroy(new Error('the broker has fallen silent'));
      this.heardSince = false;
      this.send({ cmd: 'pingreq' });
    }, every_ms);
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.isOpen = false;
    clearTimeout(this.connecting);
    clearInterval(this.beat);
    const { host, port } = this.settings;
    const reason = this.reason ?? new Error(`${host}:${port} closed the connection`);
    this.outbound.closed(reason);
    this.listener.closed(reason);
  }
}
