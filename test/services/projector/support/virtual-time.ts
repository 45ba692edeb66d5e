/** Time that passes only when nothing else can happen: hours of retries in milliseconds, the same on every run. */
import { type Clock } from '../../../../services/projector/ports';

interface Timer {
  readonly at: number;
  readonly n: number;
  readonly fire: () => void;
}

export class VirtualTime implements Clock {
  private time = Date.UTC(2026, 0, 1);
  private timers: Timer[] = [];
  private n = 0;

  now(): number {
    return this.time;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const timer = this.after(ms, () => {
        signal?.removeEventListener('abort', early);
        resolve();
      });
      const early = (): void => {
        this.cancel(timer);
        resolve();
      };
      signal?.addEventListener('abort', early, { once: true });
    });
  }

  after(ms: number, fire: () => void): Timer {
    const timer = { at: Math.round(this.time + Math.max(0, ms)), n: this.n++, fire };
    this.timers.push(timer);
    return timer;
  }

  cancel(timer: Timer): void {
    this.timers = this.timers.filter((t) => t !== timer);
  }

  /** Lets everything happen until `done`, at most `limit_ms` from now. False when the limit came first. */
  async run(done: () => boolean, limit_ms: number): Promise<boolean> {
    const end = this.time + Math.floor(limit_ms);
    while (!done()) {
      await settle();
      if (done()) break;
      const next = this.timers.reduce<Timer | undefined>(
        (a, b) => (!a || b.at < a.at || (b.at === a.at && b.n < a.n) ? b : a),
        undefined,
      );
      if (!next || next.at > end) {
        this.time = end;
        return false;
      }
      this.cancel(next);
      this.time = next.at;
      next.fire();
    }
    return true;
  }
}

/** Everything that is ready runs: promises, however long their chains are. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Small, fast, seeded: the seed in a failing test's name repeats the run. */
export function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
