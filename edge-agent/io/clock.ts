/** Time, as data everywhere else. */
export interface Clock {
  /** Wall clock, ms since 1970-01-01 UTC; may jump either way. */
  now(): number;
  /** ms since some moment, never backwards: for intervals. */
  monotonic(): number;
  sleep(ms: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
