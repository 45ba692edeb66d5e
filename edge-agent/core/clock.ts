export interface Clock {
  /** Wall clock, ms since 1970-01-01 UTC; may jump. */
  now(): number;
  /** Never goes back, ms from an arbitrary start. */
  monotonic(): number;
}
