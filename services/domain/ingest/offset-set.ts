/**
 * A few offsets of one range as text: `gap` or `gap+length` per run, base 36, joined by dots. The gap counts from the
 * end of the run before (or from the start of the range). Offsets 5, 6, 7 and 20 of a range from 0: `5+3.c`.
 */
import { type OffsetRange } from './range';

export class OffsetSetError extends Error {
  readonly code = 'malformed-offset-set';
}

/** Text of ascending offsets. Throws OffsetSetError when they are not ascending or lie before `from`. */
export function encodeOffsets(from: number, offsets: readonly number[]): string {
  const runs: string[] = [];
  let end = from;
  for (let i = 0; i < offsets.length;) {
    const start = offsets[i]!;
    let length = 1;
    while (offsets[i + length] === start + length) length++;
    if (start < end) throw new OffsetSetError(`offset ${start} is not after ${end}`);
    runs.push(runText(start - end, length));
    end = start + length;
    i += length;
  }
  return runs.join('.');
}

const runText = (gap: number, length: number): string =>
  length === 1 ? gap.toString(36) : `${gap.toString(36)}+${length.toString(36)}`;

/** The inverse of encodeOffsets. Throws OffsetSetError for text that is not one, or that leaves the range. */
export function decodeOffsets(range: OffsetRange, text: string): number[] {
  const offsets: number[] = [];
  let end = range.from;
  for (const run of text === '' ? [] : text.split('.')) {
    const parts = /^([0-9a-z]{1,11})(?:\+([0-9a-z]{1,6}))?$/.exec(run);
    if (!parts) throw new OffsetSetError(`run ${run.slice(0, 40)} is malformed`);
    const start = end + parseInt(parts[1]!, 36);
    end = start + (parts[2] ? parseInt(parts[2], 36) : 1);
    if (end <= start || end > range.to) throw new OffsetSetError(`run ${run} leaves the range`);
    for (let o = start; o < end; o++) offsets.push(o);
  }
  return offsets;
}
