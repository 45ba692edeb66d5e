/** The server's time as this page knows it: ages are right also where the viewer's clock is not. */
let skew_ms = 0;

/** Shorter differences are the resolution of the header, and the way here. */
const TOLERATED_MS = 3_000;

/** `date`: header of an answer. */
export function noteServerDate(date: string | null): void {
  const ms = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(ms)) return;
  const difference = ms - Date.now();
  skew_ms = Math.abs(difference) < TOLERATED_MS ? 0 : difference;
}

/** ms since 1970-01-01 UTC. */
export const now = (): number => Date.now() + skew_ms;
