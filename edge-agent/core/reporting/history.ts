/** Readings of one point that were not told, for the case that they turn out to matter. Bounded in time and number. */
import { type Reading } from '../reading';

export const MAX_HISTORY = 10_000;

export class History {
  private readings: Reading[] = [];
  /** Readings at the front that are too old: cut off now and then. */
  private over = 0;

  constructor(private readonly span_ms: number) {}

  add(reading: Reading): void {
    this.readings.push(reading);
    const oldest = reading.at - this.span_ms;
    while (this.over < this.readings.length && this.isOver(this.readings[this.over], oldest)) this.over++;
    if (this.over <= this.readings.length / 2) return;
    this.readings = this.readings.slice(this.over);
    this.over = 0;
  }

  /** All of them, oldest first; empty afterwards. */
  drain(): Reading[] {
    const all = this.readings.slice(this.over);
    this.readings = [];
    this.over = 0;
    return all;
  }

  private isOver(reading: Reading | undefined, oldest: number): boolean {
    return (reading?.at ?? 0) < oldest || this.readings.length - this.over > MAX_HISTORY;
  }
}
