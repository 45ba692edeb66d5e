/** Those who wait for records to be on the stream. */
import { type Lane, type ShippedCursor } from '../outbox-api';

/** More waiters than commands an agent can have under way means a leak. */
export const MAX_WAITERS = 10_000;

interface Waiter {
  readonly lane: Lane;
  readonly index: number;
  resolve(): void;
}

export class Arrivals {
  private waiters: Waiter[] = [];

  when(lane: Lane, index: number, cursor: ShippedCursor): Promise<void> {
    if (cursor.next >= index) return Promise.resolve();
    if (this.waiters.length >= MAX_WAITERS) return Promise.reject(new RangeError(`more than ${MAX_WAITERS} waiters`));
    return new Promise((resolve) => this.waiters.push({ lane, index, resolve }));
  }

  shipped(lane: Lane, cursor: ShippedCursor): void {
    const arrived = this.waiters.filter((w) => w.lane === lane && cursor.next >= w.index);
    if (arrived.length === 0) return;
    this.waiters = this.waiters.filter((w) => !arrived.includes(w));
    for (const waiter of arrived) waiter.resolve();
  }
}
