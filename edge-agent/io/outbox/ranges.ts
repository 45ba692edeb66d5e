/** Which numbers a segment that is given up takes with it, pure. */
import { type ShippedCursor } from '../outbox-api';
import { isShipped } from './cursor';
import { type Counters, type SegmentHeader } from './format';
import { type MissingRange, type SegmentEnd, walkBlocks } from './survey';

/** Everything between a segment's beginning and its end: of a segment of which nothing was shipped. */
export function wholeSegment(begin: Counters, end: Counters): MissingRange[] {
  const ranges: MissingRange[] = [];
  for (const [counter, { seq, readings }] of end) {
    const before = begin.get(counter) ?? { seq: 0, readings: 0 };
    if (seq > before.seq)
      ranges.push({ counter, fromSeq: before.seq + 1, toSeq: seq, readings: readings - before.readings });
  }
  return ranges;
}

/** Only what is not on the stream yet: of a segment that was being shipped. */
export function unshippedPart(
  file: Buffer,
  headerBytes: number,
  header: SegmentHeader,
  end: SegmentEnd,
  shipped: ShippedCursor,
): MissingRange[] {
  const open = new Map<string, MissingRange>();
  const closed: MissingRange[] = [];
  for (const { header: block, content } of walkBlocks(file, headerBytes, header.dictionary)) {
    if (block.firstIndex >= end.index) break;
    for (const [i, { counter, seq, readings }] of content.records.entries()) {
      if (isShipped(shipped, block.firstIndex + i)) continue;
      const range = open.get(counter);
      if (range && range.toSeq + 1 === seq) {
        open.set(counter, { ...range, toSeq: seq, readings: range.readings + readings });
        continue;
      }
      if (range) closed.push(range);
      open.set(counter, { counter, fromSeq: seq, toSeq: seq, readings });
    }
  }
  return [...closed, ...open.values()];
}
