/** One connection of a device: its packets, its keep-alive, its will. Who it is and what it says is the listener's business. */
import { type Socket } from 'node:net';
import { generate, type IConnectPacket, type IPublishPacket, type Packet } from 'mqtt-packet';
import { PacketReader } from '../../wire/mqtt/codec';
import { Outbound, type Outgoing } from '../../wire/mqtt/outbound';
import { connack, type ConnectRefusal, type Session } from './session';

export interface Said {
  readonly topic: string;
  readonly payload: Buffer;
  /** To be called when what came of it is durable. */
  durable(): void;
}

export interface ClientHost {
  /** The session it goes on with, or why it is turned away. */
  connect(client: Client, packet: IConnectPacket): { session: Session; present: boolean } | ConnectRefusal;
  /** Undefined: it shows no claim code; otherwise what to tell it, or why it is turned away. */
  claim(
    packet: IConnectPacket,
  ): Promise<{ readonly topic: string; readonly token: string } | ConnectRefusal> | undefined;
  said(client: Client, said: Said): void;
  subscribed(client: Client): void;
  closed(client: Client, reason: string): void;
}

export interface ClientLimits {
  readonly receive_maximum: number;
  readonly max_packet_bytes: number;
}

/** From the socket to the CONNECT. */
const CONNECT_MS = 10_000;
/** MQTT 3.1.2.10 */
const KEEPALIVE_FACTOR = 1.5;
/** A device that asks for no keep-alive is gone after this long without a word all the same, ms. */
const SILENCE_MS = 3_600_000;
/** MQTT 5: the will is to be sent although the device says good-bye. */
const WITH_WILL = 4;
const TAKEN_OVER = 0x8e;
const TURNED_OUT = 0x98;

export class Client {
  readonly outbound = new Outbound((packet) => this.send(packet));
  /** Of the device, once it has said who it is. */
  address = '';
  private readonly reader: PacketReader;
  private session: Session | undefined;
  private version = 4;
  private will: IConnectPacket['will'];
  private reason = '';
  private held = false;
  private resting: NodeJS.Timeout | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly limits: ClientLimits,
    private readonly host: ClientHost,
  ) {
    this.reader = new PacketReader(undefined, limits.max_packet_bytes);
    socket.setNoDelay(true);
    socket.setTimeout(CONNECT_MS, () => this.destroy('it has fallen silent'));
    socket.on('data', (chunk: Buffer) => this.data(chunk));
    socket.on('error', (error) => (this.reason ||= error.message));
    socket.on('close', () => this.closed());
  }

  /** Nothing is read of the device while held, so that it waits. */
  hold(held: boolean): void {
    this.held = held;
    this.balance();
  }

  /** It says more than it may: nothing is read for a while. */
  rest(ms: number): void {
    this.resting ??= setTimeout(() => {
      this.resting = undefined;
      this.balance();
    }, ms);
    this.balance();
  }

  send(packet: Packet): void {
    if (this.socket.writable) this.socket.write(generate(packet, { protocolVersion: this.version }));
    this.balance();
  }

  /** QoS as the device asked for it; undefined: it has not subscribed to the topic. */
  takes(topic: string): 0 | 1 | undefined {
    return this.session?.takes(topic);
  }

  command(message: Outgoing, timeout_ms: number): Promise<void> {
    return this.outbound.publish(message, timeout_ms);
  }

  /** Another connection of the same device goes on with the session. */
  takeOver(): void {
    this.end(TAKEN_OVER, 'the device came again');
  }

  turnOut(reason: string): void {
    this.end(TURNED_OUT, reason);
  }

  destroy(reason: string): void {
    this.reason ||= reason;
    this.socket.destroy();
  }

  private end(reasonCode: number, reason: string): void {
    this.will = undefined;
    if (this.version === 5) this.send({ cmd: 'disconnect', reasonCode });
    this.destroy(reason);
  }

  private data(chunk: Buffer): void {
    try {
      for (const packet of this.reader.feed(chunk)) if (!this.socket.destroyed) this.packet(packet);
    } catch (error) {
      this.destroy((error as Error).message);
    }
  }

  private packet(packet: Packet): void {
    const { session } = this;
    if (packet.cmd === 'connect') return session ? this.destroy('a second CONNECT') : this.connect(packet);
    if (!session) return this.destroy(`${packet.cmd} before CONNECT`);
    switch (packet.cmd) {
      case 'publish':
        return this.publication(session, packet);
      case 'pubrel':
        return session.inbound.released(packet.messageId ?? 0);
      case 'puback':
        return this.outbound.answered(packet.messageId ?? 0, packet.reasonCode ?? 0);
      case 'subscribe':
        this.send(session.subscribe(packet, this.version));
        return this.host.subscribed(this);
      case 'unsubscribe':
        return this.send(session.unsubscribe(packet, this.version));
      case 'pingreq':
        return this.send({ cmd: 'pingresp' });
      case 'disconnect':
        if (packet.reasonCode !== WITH_WILL) this.will = undefined;
        return this.destroy('the device said good-bye');
      default:
        return this.destroy(`${packet.cmd}, which is for servers to send`);
    }
  }

  private connect(packet: IConnectPacket): void {
    this.version = packet.protocolVersion ?? 4;
    const claim = this.host.claim(packet);
    if (claim) return void this.claim(packet, claim);
    const found = this.host.connect(this, packet);
    const outcome = typeof found === 'string' ? { refused: found } : { present: found.present };
    this.send(connack(packet, outcome, this.limits));
    if (typeof found === 'string') {
      this.reason ||= `refused: ${found}`;
      return void this.socket.destroySoon();
    }
    const { keepalive = 0, will } = packet;
    this.will = will;
    this.session = found.session;
    this.socket.setTimeout(keepalive > 0 ? keepalive * 1_000 * KEEPALIVE_FACTOR : SILENCE_MS);
    found.session.inbound.opened(found.present);
    this.host.subscribed(this);
  }

  /** It is told its secret, and comes again with it. */
  private async claim(packet: IConnectPacket, claim: NonNullable<ReturnType<ClientHost['claim']>>): Promise<void> {
    const claimed = await claim;
    const refused = typeof claimed === 'string';
    this.send(connack(packet, refused ? { refused: claimed } : { present: false }, this.limits));
    if (!refused) {
      const payload = Buffer.from(claimed.token);
      this.send({ cmd: 'publish', topic: claimed.topic, payload, qos: 0, dup: false, retain: false });
    }
    this.reason ||= refused ? `refused: ${claimed}` : 'claimed';
    this.socket.destroySoon();
  }

  private publication(session: Session, packet: IPublishPacket): void {
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const arrival = session.inbound.publish({ ...packet, payload });
    if (arrival.kind === 'new') this.host.said(this, { topic: packet.topic, payload, durable: arrival.durable });
    this.balance();
  }

  private balance(): void {
    const full = (this.session?.inbound.unanswered ?? 0) >= this.limits.receive_maximum;
    const stop = this.held || full || this.resting !== undefined;
    if (stop === this.socket.isPaused()) return;
    if (stop) this.socket.pause();
    else this.socket.resume();
  }

  private closed(): void {
    clearTimeout(this.resting);
    const reason = this.reason || 'the device closed the connection';
    this.outbound.closed(new Error(reason));
    const { will } = this;
    if (this.session && will) {
      const payload = typeof will.payload === 'string' ? Buffer.from(will.payload) : will.payload;
      this.host.said(this, { topic: will.topic, payload, durable: () => undefined });
    }
    this.host.closed(this, reason);
  }
}
