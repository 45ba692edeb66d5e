/** Admission: a bounded number of queries run, a bounded number wait, in the order they came. */
import { FrontError } from './errors';

interface Waiter {
  readonly resolve: (slot: number) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
  readonly forget: () => void;
}

export interface LaneOptions {
  readonly name: string;
  readonly slots: number;
  readonly maxWaiting: number;
  readonly maxWait_ms: number;
}

export class Lane {
  private readonly free: number[];
  private readonly waiting: Waiter[] = [];
  private closed = false;

  constructor(private readonly options: LaneOptions) {
    this.free = Array.from({ length: options.slots }, (_, i) => i);
  }

  get depth(): number {
    return this.waiting.length;
  }

  get busy(): number {
    return this.options.slots - this.free.length;
  }

  /** Runs `work` with a slot of its own. Throws TOO_MANY_SIMULTANEOUS_QUERIES, or QUERY_WAS_CANCELLED when `gone` fires first. */
  async run<T>(gone: AbortSignal, work: (slot: number) => Promise<T>): Promise<T> {
    const slot = await this.acquire(gone);
    try {
      return await work(slot);
    } finally {
      this.release(slot);
    }
  }

  /** Nobody is admitted any more; those who wait are refused. */
  close(): void {
    this.closed = true;
    for (const w of this.waiting.splice(0)) this.refuse(w, new FrontError('ABORTED', 'The server is shutting down'));
  }

  private acquire(gone: AbortSignal): Promise<number> {
    const { name, slots, maxWaiting, maxWait_ms } = this.options;
    if (this.closed) return Promise.reject(new FrontError('ABORTED', 'The server is shutting down'));
    if (gone.aborted) return Promise.reject(cancelled());
    const slot = this.free.pop();
    if (slot !== undefined) return Promise.resolve(slot);
    const words = `${slots} ${name} queries run`;
    if (this.waiting.length >= maxWaiting)
      return Promise.reject(tooMany(`${words} and ${maxWaiting} wait, which is the limit`));
    return new Promise((resolve, reject) => {
      const onGone = (): void => this.drop(waiter, cancelled());
      const timer = setTimeout(() => this.drop(waiter, tooMany(`${words}, waited ${maxWait_ms} ms`)), maxWait_ms);
      const waiter: Waiter = { resolve, reject, timer, forget: () => gone.removeEventListener('abort', onGone) };
      gone.addEventListener('abort', onGone, { once: true });
      this.waiting.push(waiter);
    });
  }

  private release(slot: number): void {
    const next = this.waiting.shift();
    if (!next) {
      this.free.push(slot);
      return;
    }
    clearTimeout(next.timer);
    next.forget();
    next.resolve(slot);
  }

  private drop(waiter: Waiter, error: Error): void {
    const at = this.waiting.indexOf(waiter);
    if (at >= 0) this.waiting.splice(at, 1);
    this.refuse(waiter, error);
  }

  private refuse(waiter: Waiter, error: Error): void {
    clearTimeout(waiter.timer);
    waiter.forget();
    waiter.reject(error);
  }
}

const tooMany = (why: string): FrontError =>
  new FrontError('TOO_MANY_SIMULTANEOUS_QUERIES', `Too many simultaneous queries: ${why}`);

const cancelled = (): FrontError => new FrontError('QUERY_WAS_CANCELLED', 'The client went away');
