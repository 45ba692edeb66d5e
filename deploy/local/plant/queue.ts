/** A queue as brokers have them: a message stays until it is settled, and comes again when its consumer is gone before. */

export interface Consumer<M> {
  /** There is room for one more. */
  ready(): boolean;
  /** `again`: times that it was sent before. Gives what tells the delivery from others. */
  send(message: M, again: number): unknown;
}

interface Sent<M> {
  readonly message: M;
  readonly again: number;
  readonly to: Consumer<M>;
}

/** Messages that wait for a consumer; the oldest give way. */
const MAX_WAITING = 100_000;

export class MessageQueue<M> {
  /** Messages that consumers took, and that they refused. */
  acknowledged = 0;
  rejected = 0;
  /** Told of each message that a consumer took. */
  whenAcknowledged: (message: M) => void = () => undefined;
  private readonly consumers = new Set<Consumer<M>>();
  private readonly unsettled = new Map<unknown, Sent<M>>();
  private waiting: { readonly message: M; readonly again: number }[] = [];

  put(message: M): void {
    this.waiting.push({ message, again: 0 });
    if (this.waiting.length > MAX_WAITING) this.waiting.shift();
    this.deal();
  }

  join(consumer: Consumer<M>): void {
    this.consumers.add(consumer);
    this.deal();
  }

  leave(consumer: Consumer<M>): void {
    if (!this.consumers.delete(consumer)) return;
    const back = [...this.unsettled].filter(([, sent]) => sent.to === consumer);
    for (const [delivery] of back) this.unsettled.delete(delivery);
    this.waiting = [...back.map(([, { message, again }]) => ({ message, again: again + 1 })), ...this.waiting];
    this.deal();
  }

  settled(delivery: unknown, how: 'acknowledged' | 'rejected'): void {
    const sent = this.unsettled.get(delivery);
    if (!sent) return;
    this.unsettled.delete(delivery);
    this[how]++;
    if (how === 'acknowledged') this.whenAcknowledged(sent.message);
    this.deal();
  }

  deal(): void {
    for (const to of this.consumers)
      for (let next = this.waiting[0]; next && to.ready(); next = this.waiting[0]) {
        this.waiting.shift();
        this.unsettled.set(to.send(next.message, next.again), { ...next, to });
      }
  }
}
