/** Time, as data everywhere else. */
export interface Clock {
  /** Wall clock, ms since 1970-01-01 UTC; may jump either way. */
  now(): number;
  /** ms since some moment, never backwards: for intervals. */
  monotonic(): number;
  /** Resolves after the time, or early when the signal is given. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Longest timer there is, ms: a longer one would go off at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(MAX_TIMER_MS, Math.max(0, ms)));
      signal?.addEventListener('abort', done, { once: true });
    }),
};
