/** Waits between attempts, pure: exponential with full jitter, so that a thousand agents do not return in step. */
export interface BackoffBounds {
  readonly first_ms: number;
  readonly most_ms: number;
}

export const SHIPPER_BACKOFF: BackoffBounds = { first_ms: 200, most_ms: 30_000 };

/** Before attempt 1.. after a failure; `chance` in [0, 1). Never less than a quarter of the step. */
export function backoff_ms(attempt: number, chance: number, bounds: BackoffBounds = SHIPPER_BACKOFF): number {
  const step = Math.min(bounds.most_ms, bounds.first_ms * 2 ** Math.min(attempt - 1, 30));
  return Math.round(step * (0.25 + 0.75 * chance));
}
