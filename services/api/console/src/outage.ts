/** Watching the network go and come back: decided from how old the data is. Pure. */

export type Outage =
  | { readonly stage: 'waiting' }
  /** Since when nothing new has come, ms. */
  | { readonly stage: 'cut'; readonly since: number }
  /** Data is fresh again; what came meanwhile is to be counted. */
  | { readonly stage: 'back'; readonly since: number; readonly until: number };

/** Data older than this is no longer live: the plant is read every second. */
const CUT_MS = 5_000;
const FRESH_MS = 3_000;

export function watchOutage(state: Outage, newest: number, now: number): Outage {
  const age = now - newest;
  if (state.stage === 'waiting' && newest > 0 && age > CUT_MS) return { stage: 'cut', since: newest };
  if (state.stage === 'cut' && age < FRESH_MS) return { stage: 'back', since: state.since, until: newest };
  return state;
}

/** Sequence numbers that are missing between the least and the greatest of them. */
export function missing(seqs: readonly number[]): number {
  const distinct = new Set(seqs);
  if (distinct.size === 0) return 0;
  return Math.max(...distinct) - Math.min(...distinct) + 1 - distinct.size;
}
