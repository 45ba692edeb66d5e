/** One connection to a broker that speaks AMQP 1.0, from the socket to the end. */
import { type AmqpMessage, type AmqpOutgoing } from '../../wire/amqp/dialect';
import { fingerprint, type Receipts } from '../../wire/amqp/receipts';
import { type AmqpSettings } from '../../wire/amqp/settings';
import { PublishError } from '../../wire/broker/publish-error';
import { type BrokerLink, type LinkListener } from '../../wire/broker/session';
import { passwordOf, SocketLink } from '../../wire/broker/socket-link';
import { type AmqpContent, decodeMessage } from './codec';
import { type Delivery } from './incoming';
import { AmqpSession } from './session';
import { AmqpError } from './types';

export class AmqpLink extends SocketLink<AmqpMessage> implements BrokerLink<AmqpOutgoing> {
  private readonly session: AmqpSession;
  private flushing = false;

  constructor(
    private readonly settings: AmqpSettings,
    private readonly receipts: Receipts,
    listener: LinkListener<AmqpMessage>,
  ) {
    super(settings, 'AMQP', listener);
    this.session = new AmqpSession(settings, passwordOf(settings), {
      send: (bytes) => this.send(bytes),
      opened: () => this.begin(),
      delivered: (delivery) => this.delivered(delivery),
    });
    this.open();
  }

  get unsettled(): number {
    return this.session.incoming.unsettled;
  }

  publish(message: AmqpOutgoing, timeout_ms: number): Promise<void> {
    if (!this.alive) return Promise.reject(new PublishError('not-connected', 'there is no session with the broker'));
    return this.session.publish(message, timeout_ms);
  }

  hold(held: boolean): void {
    this.session.incoming.hold(held);
  }

  protected override greet(): void {
    this.receipts.opened();
    this.session.start();
  }

  protected override take(chunk: Buffer): void {
    this.session.feed(chunk);
  }

  protected override farewell(): void {
    this.session.close();
  }

  protected override gone(reason: Error): void {
    this.session.closed(reason);
  }

  private begin(): void {
    const silence_ms = this.settings.heartbeat_s * 1_000;
    const every_ms = Math.min(silence_ms, this.session.idle_ms || silence_ms) / 2;
    this.startBeat(every_ms, Math.ceil(silence_ms / every_ms), () => this.session.beat());
    this.opened();
  }

  private delivered(delivery: Delivery): void {
    const source = this.settings.sources[delivery.source];
    const { content, fault } = this.read(delivery);
    const { address = '', name_in = 'subject' } = source ?? {};
    const name = content[name_in];
    const print = fingerprint([address, name, ...content.marks, content.payload]);
    const settle = (refusal?: string): void => this.settle(delivery, refusal);
    const arrival = this.receipts.arrive(print, content.again, settle, content.returned);
    if (arrival.kind === 'again') return;
    const { kind: _new, ...taken } = arrival;
    this.listener.message({ source: delivery.source, name, payload: content.payload, fault, ...taken });
  }

  private read({ bytes }: Delivery): { content: AmqpContent; fault: string } {
    if (!bytes) return { content: NONE, fault: `more than ${this.settings.max_message_bytes} bytes` };
    try {
      return { content: decodeMessage(bytes), fault: '' };
    } catch (error) {
      if (!(error instanceof AmqpError)) throw error;
      return { content: NONE, fault: error.message };
    }
  }

  /** What becomes durable together is told together. */
  private settle(delivery: Delivery, refusal: string | undefined): void {
    if (!this.alive) return;
    this.session.incoming.settle(delivery, refusal);
    if (this.flushing) return;
    this.flushing = true;
    queueMicrotask(() => {
      this.flushing = false;
      if (this.alive) this.session.incoming.flush();
    });
  }
}

const NONE: AmqpContent = { again: false, returned: false, subject: '', to: '', marks: [], payload: Buffer.alloc(0) };
