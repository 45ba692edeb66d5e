import fc from 'fast-check';
import { NumberReceipts, SLOTS } from '../../../edge-agent/wire/posts/number-receipts';
import { Sequence, WINDOW } from '../../../edge-agent/wire/sequence';

test('what was taken is known, and what cannot be told is said to be too old', () => {
  const numbers = fc.array(fc.oneof(fc.nat(60), fc.integer({ min: 0, max: 3 * WINDOW })), { maxLength: 200 });
  fc.assert(
    fc.property(numbers, (list) => {
      let sequence = new Sequence();
      const taken = new Set<number>();
      list.forEach((n, i) => {
        const verdict = sequence.judge(n);
        if (verdict === 'too-old') expect(n).toBeLessThan(Math.max(...taken));
        else expect(verdict).toBe(taken.has(n) ? 'again' : 'new');
        if (verdict === 'new') {
          sequence.add(n);
          taken.add(n);
        }
        if (i % 7 === 0) {
          const { ranges, floor } = sequence.snapshot();
          sequence = new Sequence(ranges, floor);
        }
      });
    }),
    { numRuns: 300 },
  );
});

test('numbers in order are one range, the window moves on, and memory is bounded', () => {
  const sequence = new Sequence();
  for (let n = 1; n <= 10_000; n++) sequence.add(n);
  expect(sequence.snapshot()).toEqual({ ranges: [[10_000 - WINDOW + 1, 10_000]], floor: 10_000 - WINDOW + 1 });
  expect([sequence.judge(5), sequence.judge(9_999), sequence.judge(10_001)]).toEqual(['too-old', 'again', 'new']);
  const sparse = new Sequence();
  for (let n = 0; n < 3_000; n += 2) sparse.add(n);
  expect(sparse.snapshot().ranges.length).toBeLessThanOrEqual(256);
  expect(sparse.judge(0)).toBe('too-old');
});

test('receipts of numbers: one range while they follow each other, a few otherwise, gone on with by the next life', () => {
  const before = new NumberReceipts('posts/1');
  const disk = new Map<string, number>();
  const take = (receipts: NumberReceipts, ...numbers: number[]): void =>
    receipts.of('fan/1', numbers).forEach((value, name) => disk.set(name, value));
  take(before, 7);
  take(before, 9, 8);
  take(before, 20);
  expect([...before.read(disk)]).toEqual([
    [
      'fan/1',
      [
        [7, 9],
        [20, 20],
      ],
    ],
  ]);
  const after = new NumberReceipts('posts/1');
  after.read(disk);
  take(after, 21);
  expect(disk.size).toBe(4);
  for (let n = 100; n < 200; n += 2) take(after, n);
  expect(disk.size).toBe(2 * SLOTS);
  expect(new NumberReceipts('posts').read(disk).size).toBe(0);
});
