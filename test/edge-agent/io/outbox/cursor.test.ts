import fc from 'fast-check';
import {
  add,
  coversAll,
  coversSome,
  firstUnshipped,
  isShipped,
  nextShippedFrom,
  START,
} from '../../../../edge-agent/io/outbox/cursor';

const N = 40;
const range = fc.tuple(fc.nat(N), fc.nat(N)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

test('a cursor is the set of indices that were added to it', () => {
  fc.assert(
    fc.property(fc.array(range), range, (ranges, [from, to]) => {
      const model = new Set<number>();
      let cursor = START;
      for (const [a, b] of ranges) {
        cursor = add(cursor, a, b);
        for (let i = a; i < b; i++) model.add(i);
      }
      for (let i = 0; i <= N; i++) expect(isShipped(cursor, i)).toBe(model.has(i));
      const inside = Array.from({ length: to - from }, (_, i) => model.has(from + i));
      expect(coversAll(cursor, from, to)).toBe(inside.every(Boolean));
      expect(coversSome(cursor, from, to)).toBe(inside.some(Boolean));
      let first = from;
      while (model.has(first)) first++;
      expect(firstUnshipped(cursor, from)).toBe(first);
      const next = nextShippedFrom(cursor, cursor.next);
      if (next <= N) expect(model.has(next) && !model.has(next - 1)).toBe(true);
      for (const [i, r] of cursor.ranges.entries()) {
        expect(r.from).toBeGreaterThan(i === 0 ? cursor.next : (cursor.ranges[i - 1]?.to ?? 0));
        expect(r.to).toBeGreaterThan(r.from);
      }
    }),
  );
});
