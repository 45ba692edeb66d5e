/**
 * Hands events to the workflows they concern: in order for each workflow, many workflows at once up to a bound. What
 * gathers for a workflow while a signal to it is under way goes out as one signal.
 */
import { type Item } from './item';

/** Signals under way at once: the most a backlog may ask of Temporal. */
export const MAX_SIGNALS_IN_FLIGHT = 32;
/** Events taken and not yet handed over; at the bound reading stops until there is room. */
export const MAX_EVENTS_IN_FLIGHT = 2_000;
export const MAX_EVENTS_PER_SIGNAL = 100;

/**
 * Delivers items of one workflow, however long it takes. False when the process stops first: they then stay
 * undone, uncommitted, and come again. Must not throw.
 */
export type Deliver = (workflowId: string, items: readonly Item[]) => Promise<boolean>;

export class Dispatcher {
  /** Items waiting by workflow; a workflow is present while it has items waiting or a signal under way. */
  private readonly byWorkflow = new Map<string, Item[]>();
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
    const waiting = this.byWorkflow.get(item.workflowId);
    if (waiting) return void waiting.push(item);
    this.byWorkflow.set(item.workflowId, [item]);
    this.ready.push(item.workflowId);
    this.pump();
  }

  private pump(): void {
    while (this.signals < MAX_SIGNALS_IN_FLIGHT) {
      const next = this.ready.shift();
      if (next === undefined) return;
      this.signals++;
      void this.signal(next);
    }
  }

  private async signal(workflowId: string): Promise<void> {
    const waiting = this.byWorkflow.get(workflowId) ?? [];
    const batch = waiting.splice(0, MAX_EVENTS_PER_SIGNAL);
    const delivered = await this.deliver(workflowId, batch);
    this.signals--;
    if (!delivered) return;
    for (const { done } of batch) done();
    this.events -= batch.length;
    if (waiting.length > 0) this.ready.push(workflowId);
    else this.byWorkflow.delete(workflowId);
    const waiters = this.waiters;
    this.waiters = [];
    for (const wake of waiters) wake();
    this.pump();
  }
}
