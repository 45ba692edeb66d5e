/** How long to wait before the next attempt at what does not answer. Pure: chance comes in as data. */

export interface Backoff {
  readonly initial_ms: number;
  readonly max_ms: number;
}

/** Wait before attempt 1, 2, 3...: doubled each time, with a quarter of jitter so that peers do not move in step. */
export function backoff_ms(attempt: number, { initial_ms, max_ms }: Backoff, random: number): number {
  const full_ms = Math.min(max_ms, initial_ms * 2 ** Math.min(attempt - 1, 30));
  return full_ms * (0.75 + 0.25 * random);
}
