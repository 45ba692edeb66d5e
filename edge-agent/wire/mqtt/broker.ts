/** Keeps a session with a broker: connects, and connects again with backoff until it is closed. */
import { backoff_ms } from '../../core/backoff';
import { Inbound, type Memory } from './inbound';
import { type Message, MqttLink } from './link';
import { type Outgoing, PublishError } from './outbound';
import { type Subscription, type Will } from './packets';
import { type BrokerSettings } from './settings';

export interface BrokerListener {
  connecting(): void;
  opened(): void;
  message(message: Message): void;
  /** The session is gone, or could not be had. */
  lost(reason: Error): void;
}

export interface BrokerOptions {
  readonly settings: BrokerSettings;
  readonly subscriptions: readonly Subscription[];
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  /** Made anew for each session. */
  readonly will?: () => Will;
  readonly listener: BrokerListener;
  readonly memory?: Memory;
}

export class Broker {
  readonly stats = { reconnects: 0, published: 0 };
  lastError = '';
  private readonly inbound: Inbound;
  private link: MqttLink | undefined;
  private timer: NodeJS.Timeout | undefined;
  private attempt = 0;
  private closed = false;
  private held = false;

  constructor(private readonly options: BrokerOptions) {
    // Lives longer than a link: what is not durable yet when the link is lost comes again over the next one.
    const { settings, memory } = options;
    this.inbound = new Inbound(settings.receive_maximum, (packet) => this.link?.answer(packet), memory);
  }

  get connected(): boolean {
    return this.link?.alive ?? false;
  }

  /** Messages taken and not yet acknowledged. */
  get unanswered(): number {
    return this.inbound.unanswered;
  }

  start(): void {
    const { settings, subscriptions, will, listener } = this.options;
    listener.connecting();
    try {
      this.link = new MqttLink(settings, subscriptions, this.inbound, will?.(), {
        opened: () => {
          this.attempt = 0;
          listener.opened();
        },
        message: (message) => listener.message(message),
        closed: (reason) => this.lost(reason),
      });
      this.link.hold(this.held);
    } catch (error) {
      this.lost(error as Error);
    }
  }

  publish(message: Outgoing, timeout_ms: number): Promise<void> {
    if (!this.link) return Promise.reject(new PublishError('not-connected', this.lastError || 'not connected yet'));
    this.stats.published++;
    return this.link.publish(message, timeout_ms);
  }

  /** Nothing is read from the broker while held. */
  hold(held: boolean): void {
    this.held = held;
    this.link?.hold(held);
  }

  close(reason: Error): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.link?.close(reason);
  }

  private lost(reason: Error): void {
    this.link = undefined;
    this.lastError = reason.message;
    this.options.listener.lost(reason);
    if (this.closed) return;
    this.stats.reconnects++;
    const wait_ms = backoff_ms(++this.attempt, this.options.settings.backoff, this.options.random());
    this.timer = setTimeout(() => this.start(), wait_ms);
  }
}
