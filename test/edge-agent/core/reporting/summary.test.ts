import fc from 'fast-check';
import { History, MAX_HISTORY } from '../../../../edge-agent/core/reporting/history';
import { MAX_MEDIAN_VALUES, Summary } from '../../../../edge-agent/core/reporting/summary';
import { type Reading } from '../../../../edge-agent/core/reading';

const HOUR_MS = 3_600_000;
const good = (at: number, value: number, quality = 0): Reading => ({ at, value, quality });

function rig(late_ms = 2_000): { summary: Summary; told: Map<string, Reading>; tell: (s: string, r: Reading) => void } {
  const told = new Map<string, Reading>();
  return { summary: new Summary(HOUR_MS, late_ms), told, tell: (s, r) => void told.set(s, r) };
}
const values = (told: ReadonlyMap<string, Reading>): object =>
  Object.fromEntries([...told].map(([s, { value }]) => [s, value]));

test('a period is told when the next begins, at its start', () => {
  const { summary, told, tell } = rig();
  for (const [i, v] of [4, 1, 9, 2].entries()) summary.add(good(HOUR_MS + i, v), tell);
  expect(told.size).toBe(0);
  summary.add(good(2 * HOUR_MS, 7), tell);
  expect(values(told)).toEqual({ count: 4, mean: 4, median: 3, min: 1, max: 9, sum: 16 });
  expect(told.get('mean')).toMatchObject({ at: HOUR_MS, quality: 0 });
});

test('or when its time is over, though nothing comes', () => {
  const { summary, told, tell } = rig();
  summary.add(good(5, 1), tell);
  summary.tick(HOUR_MS - 1, tell);
  expect(told.size).toBe(0);
  summary.tick(HOUR_MS, tell);
  expect(told.get('count')).toEqual({ at: 0, value: 1, quality: 0 });
  summary.tick(9 * HOUR_MS, tell);
  expect(told.get('count')?.at).toBe(0);
});

test('bad readings do not count, but that there was nothing else is told', () => {
  const { summary, told, tell } = rig();
  summary.add(good(5, NaN, 66), tell);
  summary.tick(HOUR_MS, tell);
  expect(values(told)).toEqual({ count: 0 });
});

test('a period that the agent did not see whole is uncertain, and carries the time it was seen from', () => {
  const begun = rig();
  begun.summary.add(good(HOUR_MS / 2, 1), begun.tell);
  begun.summary.tick(HOUR_MS, begun.tell);
  expect(begun.told.get('mean')).toEqual({ at: HOUR_MS / 2, value: 1, quality: 1 });
  const stopped = rig();
  stopped.summary.add(good(10, 1), stopped.tell);
  stopped.summary.close(stopped.tell);
  expect(stopped.told.get('mean')).toEqual({ at: 0, value: 1, quality: 1 });
});

test('a clock set back begins another period, a late reading does not', () => {
  const { summary, told, tell } = rig();
  summary.add(good(5 * HOUR_MS, 1), tell);
  summary.add(good(5 * HOUR_MS - 1, 2), tell);
  expect(told.size).toBe(0);
  summary.add(good(2 * HOUR_MS, 3), tell);
  expect(values(told)).toMatchObject({ count: 2, sum: 3 });
});

test('what is told is what the readings say', () => {
  const list = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(list, (vs) => {
      const { summary, told, tell } = rig();
      for (const v of vs) summary.add(good(1, v), tell);
      summary.close(tell);
      const sorted = [...vs].sort((a, b) => a - b);
      const middle = (n: number): number => sorted[n] ?? 0;
      const half = vs.length / 2;
      expect(told.get('min')?.value).toBe(sorted[0]);
      expect(told.get('max')?.value).toBe(sorted.at(-1));
      expect(told.get('median')?.value).toBeCloseTo((middle(Math.ceil(half) - 1) + middle(Math.floor(half))) / 2, 6);
      expect(told.get('count')?.value).toBe(vs.length);
    }),
  );
});

test('sums do not gather rounding, medians of very many are marked', () => {
  const { summary, told, tell } = rig();
  for (let i = 0; i < MAX_MEDIAN_VALUES + 1; i++) summary.add(good(1, 0.1), tell);
  summary.tick(HOUR_MS, tell);
  expect(told.get('sum')?.value).toBe((MAX_MEDIAN_VALUES + 1) / 10);
  expect(told.get('median')).toMatchObject({ value: 0.1, quality: 1 });
  expect(told.get('mean')?.quality).toBe(0);
});

describe('what is kept back', () => {
  test('is bounded in time', () => {
    const history = new History(100);
    for (let at = 0; at <= 1_000; at += 10) history.add(good(at, at));
    expect(history.drain().map((r) => r.at)).toEqual([900, 910, 920, 930, 940, 950, 960, 970, 980, 990, 1_000]);
    expect(history.drain()).toEqual([]);
  });
  test('and in number', () => {
    const history = new History(1e9);
    for (let at = 0; at < MAX_HISTORY + 500; at++) history.add(good(at, 0));
    const kept = history.drain();
    expect([kept.length, kept[0]?.at]).toEqual([MAX_HISTORY, 500]);
  });
});
