import fc from 'fast-check';
import { isRange, type OffsetRange, overlapOf } from '../../../../services/domain/ingest/range';

const r = (from: number, to: number): OffsetRange => ({ from, to });

test.each([
  [r(10, 20), r(0, 10), 'before'],
  [r(10, 20), r(20, 30), 'after'],
  [r(10, 20), r(10, 20), 'same'],
  [r(10, 20), r(10, 15), 'within'],
  [r(10, 20), r(12, 20), 'within'],
  [r(10, 20), r(10, 21), 'contains'],
  [r(10, 20), r(9, 20), 'contains'],
  [r(10, 20), r(5, 15), 'overlaps-start'],
  [r(10, 20), r(15, 25), 'overlaps-end'],
] as const)('seen from %j, %j lies %s', (range, other, expected) => {
  expect(overlapOf(range, other)).toBe(expected);
});

const ranges = fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 20 })).map(([from, length]) => r(from, from + length));

test('given any two ranges, when one is before the other, then the other is after it; sameness is mutual', () => {
  const mirror = { before: 'after', after: 'before', same: 'same', within: 'contains', contains: 'within' } as const;
  fc.assert(
    fc.property(ranges, ranges, (a, b) => {
      const there = overlapOf(a, b);
      const back = overlapOf(b, a);
      if (there === 'overlaps-start') return back === 'overlaps-end';
      if (there === 'overlaps-end') return back === 'overlaps-start';
      return back === mirror[there];
    }),
  );
});

test('given any two ranges, when they share an offset, then neither is before nor after the other', () => {
  fc.assert(
    fc.property(ranges, ranges, (a, b) => {
      const shared = Math.max(a.from, b.from) < Math.min(a.to, b.to);
      return shared === !['before', 'after'].includes(overlapOf(a, b));
    }),
  );
});

test.each([r(0, 0), r(5, 4), r(-1, 4), r(0.5, 4), r(0, NaN), r(0, 2 ** 53)])('%j is no range', (range) => {
  expect(isRange(range)).toBe(false);
});
