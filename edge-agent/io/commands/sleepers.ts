/** Commands that wait until their device is heard of, or their deadline. Bounded by the ledger, whose entries they are. */

/** Longest timer of the platform's JavaScript, ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Sleeper {
  readonly again: () => void;
  readonly timer: NodeJS.Timeout;
}

export class Sleepers {
  private readonly devices = new Map<string, Sleeper[]>();

  /** Calls `again` once: when the device wakes, or when the time is over. */
  hold(device: string, left_ms: number, again: () => void): void {
    const sleepers = this.devices.get(device) ?? [];
    this.devices.set(device, sleepers);
    const timer = setTimeout(
      () => {
        sleepers.splice(sleepers.indexOf(sleeper), 1);
        again();
      },
      // One ms past the deadline it is over; before, it is not.
      Math.min(LONGEST_TIMER_MS, Math.max(0, left_ms) + 1),
    );
    timer.unref();
    const sleeper: Sleeper = { again, timer };
    sleepers.push(sleeper);
  }

  /** In the order they came. */
  wake(device: string): void {
    const sleepers = this.devices.get(device) ?? [];
    this.devices.delete(device);
    for (const { again, timer } of sleepers) {
      clearTimeout(timer);
      again();
    }
  }

  close(): void {
    for (const sleepers of this.devices.values()) for (const { timer } of sleepers) clearTimeout(timer);
    this.devices.clear();
  }
}
