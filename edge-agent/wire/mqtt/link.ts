/** One connection to a broker, from the socket to the end: subscribed before it is told open. */
import { generate, type IPublishPacket, type Packet } from 'mqtt-packet';
import { type Receipts } from '../../adapter';
import { PublishError } from '../broker/publish-error';
import { type BrokerLink, type LinkListener } from '../broker/session';
import { passwordOf, SocketLink } from '../broker/socket-link';
import { PacketReader } from './codec';
import { type Inbound } from './inbound';
import { Outbound, type Outgoing } from './outbound';
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

/** Also the last id of outgoing messages, which never gets there. */
const SUBSCRIBE_ID = 0xffff;
const KEEPALIVE_MARGIN = 1.5;

export class MqttLink extends SocketLink<Message> implements BrokerLink<Outgoing> {
  readonly outbound: Outbound;
  private readonly reader: PacketReader;
  private readonly password: string | undefined;
  private held = false;

  constructor(
    private readonly settings: BrokerSettings,
    private readonly subscriptions: readonly Subscription[],
    private readonly inbound: Inbound,
    private readonly will: Will | undefined,
    listener: LinkListener<Message>,
  ) {
    super(settings, 'MQTT', listener);
    this.outbound = new Outbound((packet) => this.say(packet));
    this.reader = new PacketReader(settings.version, maxPacketBytes(settings));
    this.password = passwordOf(settings);
    this.open();
  }

  publish(message: Outgoing, timeout_ms: number): Promise<void> {
    if (!this.alive) return Promise.reject(new PublishError('not-connected', 'there is no session with the broker'));
    return this.outbound.publish(message, timeout_ms);
  }

  /** Nothing is read from the socket while held, so that the broker waits. */
  hold(held: boolean): void {
    this.held = held;
    this.balance();
  }

  /** What became due of the messages taken. */
  answer(packet: Packet): void {
    this.say(packet);
    this.balance();
  }

  protected override greet(): void {
    this.say(connectPacket(this.settings, this.password, this.will));
  }

  protected override take(chunk: Buffer): void {
    for (const packet of this.reader.feed(chunk)) if (!this.destroyed) this.packet(packet);
  }

  /** The broker then sends no will. */
  protected override farewell(): void {
    this.say(this.settings.version === 5 ? { cmd: 'disconnect', reasonCode: 0 } : { cmd: 'disconnect' });
  }

  protected override gone(reason: Error): void {
    this.outbound.closed(reason);
  }

  private say(packet: Packet): void {
    this.send(generate(packet, { protocolVersion: this.settings.version }));
  }

  private packet(packet: Packet): void {
    switch (packet.cmd) {
      case 'connack': {
        const refusal = refusalOf(packet);
        if (refusal !== undefined) return this.destroy(new Error(`the broker refuses the session: ${refusal}`));
        this.inbound.opened(packet.sessionPresent);
        this.startBeat((this.settings.keepalive_s * 1_000) / KEEPALIVE_MARGIN, 1, () => this.say({ cmd: 'pingreq' }));
        if (this.subscriptions.length === 0) return this.opened();
        return this.say(subscribePacket(SUBSCRIBE_ID, this.subscriptions));
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
    this.pause(this.held || full);
  }
}
