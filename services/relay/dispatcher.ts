/**
 * Hands events to the workflows they concern: in order for each workflow, many workflows at once up to a bound. A signal
 * costs Temporal more than all else in a command, so events that nobody waits for (delivered, executed before it is
 * verified) linger for a moment: mostly the one that ends the command comes meanwhile, and all go as one signal.
 */
import { type Item } from './item';

/** Signals under way at once: the most a backlog may ask of Temporal. */
export const MAX_SIGNALS_IN_FLIGHT = 32;
/** Events taken and not yet handed over; at the bound reading stops until there is room. */
export const MAX_EVENTS_IN_FLIGHT = 2_000;
export const MAX_EVENTS_PER_SIGNAL = 100;
/** Longest wait for company. Far below the pause before a command is sent again, which `delivered` prevents. */
export const LINGER_MS = 500;

/**
 * Delivers items of one workflow, however long it takes. False when the process stops first: they then stay
 * undone, uncommitted, and come again. Must not throw.
 */
export type Deliver = (workflowId: string, items: readonly Item[]) => Promise<boolean>;

/** What there is for one workflow. */
interface Queue {
  readonly items: Item[];
  /** lingering: waits for company; ready: waits for its turn; signalling: a signal is under way. */
  state: 'lingering' | 'ready' | 'signalling';
  timer?: NodeJS.Timeout;
}

export class Dispatcher {
  private readonly queues = new Map<string, Queue>();
  private readonly ready: string[] = [];
  private waiters: (() => void)[] = [];
  private signals = 0;
  private events = 0;

  constructor(private readonly deliver: Deliver) {}

  get eventsInFlight(): number {
    return this.events;
  }

  get signalsInFlight(): number {
    return this.signals;
  }

  get full(): boolean {
    return this.events >= MAX_EVENTS_IN_FLIGHT;
  }

  /** Resolves at the next completion: the reader then looks again whether there is room. */
  progress(): Promise<void> {
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  add(item: Item): void {
    this.events++;
    const known = this.queues.get(item.workflowId);
    const queue: Queue = known ?? { items: [], state: 'lingering' };
    if (!known) this.queues.set(item.workflowId, queue);
    queue.items.push(item);
    if (queue.state === 'lingering') this.goOrLinger(item.workflowId, queue);
    this.pump();
  }

  /** Nothing lingers any longer: the process is about to stop. */
  hurry(): void {
    for (const [id, queue] of this.queues) if (queue.state === 'lingering') this.go(id, queue);
    this.pump();
  }

  private goOrLinger(id: string, queue: Queue): void {
    if (queue.items.some((i) => i.urgent)) return this.go(id, queue);
    queue.timer ??= setTimeout(() => {
      this.go(id, queue);
      this.pump();
    }, LINGER_MS);
  }

  private go(id: string, queue: Queue): void {
    clearTimeout(queue.timer);
    delete queue.timer;
    queue.state = 'ready';
    this.ready.push(id);
  }

  private pump(): void {
    while (this.signals < MAX_SIGNALS_IN_FLIGHT) {
      const id = this.ready.shift();
      const queue = id === undefined ? undefined : this.queues.get(id);
      if (id === undefined || !queue) return;
      this.signals++;
      queue.state = 'signalling';
      void this.signal(id, queue);
    }
  }

  private async signal(id: string, queue: Queue): Promise<void> {
    const batch = queue.items.splice(0, MAX_EVENTS_PER_SIGNAL);
    const delivered = await this.deliver(id, batch);
    this.signals--;
    if (!delivered) return;
    for (const { done } of batch) done();
    this.events -= batch.length;
    if (queue.items.length === 0) this.queues.delete(id);
    else {
      queue.state = 'lingering';
      this.goOrLinger(id, queue);
    }
    const waiters = this.waiters;
    this.waiters = [];
    for (const wake of waiters) wake();
    this.pump();
  }
}
