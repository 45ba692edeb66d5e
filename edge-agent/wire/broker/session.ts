/** Keeps a session with a broker, whatever it speaks: connects, and connects again with backoff until it is closed. */
import { type Backoff, backoff_ms } from '../../core/backoff';
import { PublishError } from './publish-error';

export interface SessionListener<M> {
  connecting(): void;
  opened(): void;
  message(message: M): void;
  /** The session is gone, or could not be had. */
  lost(reason: Error): void;
}

/** One connection, from the attempt to its end. */
export interface BrokerLink<O> {
  readonly alive: boolean;
  publish(message: O, timeout_ms: number): Promise<void>;
  /** Nothing more is taken from the broker while held. */
  hold(held: boolean): void;
  /** In order, where it is open. */
  close(reason: Error): void;
}

export interface LinkListener<M> {
  opened(): void;
  message(message: M): void;
  /** Once, also when it never opened. */
  closed(reason: Error): void;
}

export interface SessionOptions<M, O> {
  readonly backoff: Backoff;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  readonly listener: SessionListener<M>;
  /** Throws when a file that the profile names cannot be read: a failed attempt. */
  open(listener: LinkListener<M>): BrokerLink<O>;
}

export class BrokerSession<M, O> {
  readonly stats = { reconnects: 0, published: 0 };
  lastError = '';
  private link: BrokerLink<O> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private attempt = 0;
  private closed = false;
  private held = false;

  constructor(private readonly options: SessionOptions<M, O>) {}

  get connected(): boolean {
    return this.link?.alive ?? false;
  }

  start(): void {
    const { listener, open } = this.options;
    listener.connecting();
    try {
      this.link = open({
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

  publish(message: O, timeout_ms: number): Promise<void> {
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
    const { listener, backoff, random } = this.options;
    this.link = undefined;
    this.lastError = reason.message;
    listener.lost(reason);
    if (this.closed) return;
    this.stats.reconnects++;
    this.timer = setTimeout(() => this.start(), backoff_ms(++this.attempt, backoff, random()));
  }
}
