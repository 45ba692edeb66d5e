/**
 * A seal: a block without records, written when a lane has been quiet for a while and when it is closed. It proves that
 * the block before it was acknowledged: should that block rot, it is damage, and the seal says of which counters. Without
 * it an unreadable last block could as well be a torn write that nobody was told of. Pure.
 */
import { type Counters, type CounterState, type Marks } from './format';

const SEQ = 'seq:';
const READINGS = 'readings:';

/** State of the counters of the last block, as marks. */
export function sealMarks(counters: Counters): Marks {
  const marks = new Map<string, number>();
  for (const [name, { seq, readings }] of counters) marks.set(SEQ + name, seq).set(READINGS + name, readings);
  return marks;
}

export function sealedCounters(marks: Marks): Counters {
  const counters = new Map<string, CounterState>();
  for (const [name, seq] of marks) {
    if (!name.startsWith(SEQ)) continue;
    const counter = name.slice(SEQ.length);
    counters.set(counter, { seq, readings: marks.get(READINGS + counter) ?? 0 });
  }
  return counters;
}

export const isOfSeal = (mark: string): boolean => mark.startsWith(SEQ) || mark.startsWith(READINGS);
