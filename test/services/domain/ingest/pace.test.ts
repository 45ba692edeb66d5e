import fc from 'fast-check';
import {
  cutIn,
  isFull,
  MAX_AGE_BEHIND_MS,
  MAX_AGE_MS,
  MAX_BATCH_BYTES,
  MAX_BATCH_MESSAGES,
  MAX_BATCH_ROWS,
  MAX_BATCH_WINDOWS,
  MIN_AGE_MS,
  type Pending,
  retryDelay,
  RETRY_MAX_MS,
  smoothed,
} from '../../../../services/domain/ingest/pace';

const pending = (p: Partial<Pending>): Pending => ({
  ...{ messages: 1, rows: 10, windows: 2, bytes: 500, age_ms: 0, behind: false, closed: false, cycle_ms: 0 },
  ...p,
});

test.each([
  ['an empty batch waits for ever', pending({ messages: 0, age_ms: 99_999 }), Infinity],
  ['a lone message waits the least age', pending({}), MIN_AGE_MS],
  ['and is cut when it has that age', pending({ age_ms: MIN_AGE_MS }), 0],
  ['slow tables make it wait longer', pending({ cycle_ms: 60 }), 180],
  ['but not beyond what freshness allows', pending({ cycle_ms: 5_000 }), MAX_AGE_MS],
  ['with a backlog it waits for more', pending({ behind: true }), MAX_AGE_BEHIND_MS],
  ['full by bytes: now', pending({ bytes: MAX_BATCH_BYTES, behind: true }), 0],
  ['full by messages: now', pending({ messages: MAX_BATCH_MESSAGES, behind: true }), 0],
  ['full by rows: now', pending({ rows: MAX_BATCH_ROWS, behind: true }), 0],
  ['full by windows: now', pending({ windows: MAX_BATCH_WINDOWS, behind: true }), 0],
  ['closed: now', pending({ closed: true, behind: true }), 0],
])('%s', (_, p, expected) => {
  expect(cutIn(p)).toBe(expected);
});

test('whatever is pending and caught up, it is cut within the freshness bound', () => {
  const any = fc.record({
    messages: fc.integer({ min: 1, max: 60_000 }),
    rows: fc.nat(4_000_000),
    windows: fc.nat(2_000_000),
    bytes: fc.nat(30_000_000),
    age_ms: fc.nat(10_000),
    behind: fc.constant(false),
    closed: fc.boolean(),
    cycle_ms: fc.nat(60_000),
  });
  fc.assert(
    fc.property(any, (p) => {
      const wait = cutIn(p);
      return wait >= 0 && wait + p.age_ms <= Math.max(MAX_AGE_MS, p.age_ms) && (!isFull(p) || wait === 0);
    }),
  );
});

test('the cycle follows slowly, so one slow insert changes little', () => {
  expect(smoothed(0, 50)).toBe(50);
  expect(smoothed(50, 150)).toBe(80);
});

test('retries double and are bounded', () => {
  expect([0, 1, 2, 3].map(retryDelay)).toEqual([100, 200, 400, 800]);
  expect(retryDelay(1_000)).toBe(RETRY_MAX_MS);
});
