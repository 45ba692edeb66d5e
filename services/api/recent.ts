/** The newest events of the feed, so that a client that was cut off goes on where it was. Pure. */

/** Kept in all; at a hundred events a second, half a minute and more. */
export const MAX_RECENT_EVENTS = 5_000;

export interface Remembered {
  readonly id: string;
}

/** A ring in the order of arrival, found by id. */
export class Recent<E extends Remembered> {
  private readonly ring: E[] = [];
  private readonly places = new Map<string, number>();
  /** Events ever added; the place of the next one. */
  private next = 0;

  constructor(private readonly max: number = MAX_RECENT_EVENTS) {}

  add(event: E): void {
    const slot = this.next % this.max;
    const oldest = this.ring[slot];
    if (oldest && this.places.get(oldest.id) === this.next - this.max) this.places.delete(oldest.id);
    this.ring[slot] = event;
    this.places.set(event.id, this.next++);
  }

  /** Place of the event to come: what is recorded from now on lies at or after it. */
  get mark(): number {
    return this.next;
  }

  /** Place of an event; undefined when it is not kept (any more). */
  placeOf(id: string): number | undefined {
    return this.places.get(id);
  }

  /** Events after a place that is kept, oldest first. */
  *after(place: number): Generator<E> {
    for (let p = place + 1; p < this.next; p++) yield this.ring[p % this.max] as E;
  }
}
