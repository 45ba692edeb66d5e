/** Half-open ranges of a partition's offsets. Offsets are whole numbers below 2^53, which is 285 years at 1 M messages/s. */
export interface OffsetRange {
  /** First offset, inclusive. */
  readonly from: number;
  /** One past the last offset. Control records and aborted messages leave holes inside; they carry nothing. */
  readonly to: number;
}

/** How `other` lies to `range`. Exactly one holds for every pair of valid ranges. */
export type Overlap = 'before' | 'after' | 'same' | 'within' | 'contains' | 'overlaps-start' | 'overlaps-end';

/** True for 0 ≤ from < to, both exact integers. */
export function isRange(r: OffsetRange): boolean {
  return Number.isSafeInteger(r.from) && Number.isSafeInteger(r.to) && r.from >= 0 && r.from < r.to;
}

/** Where `other` lies, seen from `range`: `before` ends at or before its start, `contains` covers more than all of it. */
export function overlapOf(range: OffsetRange, other: OffsetRange): Overlap {
  if (other.to <= range.from) return 'before';
  if (other.from >= range.to) return 'after';
  if (other.from === range.from && other.to === range.to) return 'same';
  if (other.from >= range.from && other.to <= range.to) return 'within';
  if (other.from <= range.from && other.to >= range.to) return 'contains';
  return other.from < range.from ? 'overlaps-start' : 'overlaps-end';
}

export const showRange = (r: OffsetRange): string => `[${r.from}, ${r.to})`;
