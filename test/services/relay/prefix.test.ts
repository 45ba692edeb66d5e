import fc from 'fast-check';
import { ContiguousPrefix } from '../../../services/relay/prefix';

test('nothing to commit before the first record', () => {
  expect(new ContiguousPrefix().committable).toBeUndefined();
});

test('holes between offsets (transaction markers) are stepped over', () => {
  const prefix = new ContiguousPrefix();
  for (const o of [5n, 7n, 10n]) prefix.begin(o);
  prefix.finish(7n);
  expect(prefix.committable).toBe(5n);
  prefix.finish(5n);
  expect(prefix.committable).toBe(10n);
  prefix.finish(10n);
  expect(prefix.committable).toBe(11n);
});

test('a record begun before is not begun again', () => {
  const prefix = new ContiguousPrefix();
  expect(prefix.begin(1n)).toBe(true);
  prefix.finish(1n);
  expect(prefix.begin(1n)).toBe(false);
  expect(prefix.committable).toBe(2n);
});

test('never past a record that is not finished, never back', () => {
  const lives = fc
    .uniqueArray(fc.nat(60), { minLength: 1 })
    .chain((offsets) =>
      fc.tuple(
        fc.constant([...offsets].sort((a, b) => a - b)),
        fc.shuffledSubarray(offsets, { minLength: offsets.length }),
      ),
    );
  fc.assert(
    fc.property(lives, ([offsets, order]) => {
      const prefix = new ContiguousPrefix();
      for (const o of offsets) prefix.begin(BigInt(o));
      const open = new Set(offsets);
      let last = -1n;
      for (const o of order) {
        prefix.finish(BigInt(o));
        open.delete(o);
        const at = prefix.committable ?? -1n;
        expect(at).toBeGreaterThanOrEqual(last);
        last = at;
        for (const still of open) expect(BigInt(still)).toBeGreaterThanOrEqual(at);
      }
      expect(last).toBe(BigInt((offsets.at(-1) ?? 0) + 1));
    }),
  );
});
