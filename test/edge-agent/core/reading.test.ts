import { type FieldValue, type Sample } from '../../../edge-agent/adapter';
import { type PointPlan } from '../../../edge-agent/core/compile/plan';
import { confirms, toField, toReading } from '../../../edge-agent/core/reading';
import { Quality } from '../../../schemas/quality';

function point(more: Partial<PointPlan> = {}): PointPlan {
  const texts = { unit: '', source_unit: '', description: '' };
  return { metric: 'm', kind: 'number', scan_ms: 1_000, writable: true, source: undefined, ...texts, ...more };
}

const tenth = { num: 1, add: 0, den: 10 };
const sample = (value: FieldValue | undefined, quality = 0): Sample =>
  value === undefined
    ? { device: 'd', metric: 'm', at: 7, quality }
    : { device: 'd', metric: 'm', at: 7, value, quality };

const { good, outOfRange, sensorFailure, notConverted, timeout, bad, uncertain } = Quality;

const READINGS: readonly [string, Partial<PointPlan>, Sample, unknown, number][] = [
  ['a number', {}, sample(42), 42, good],
  ['a scaled number', { scale: tenth }, sample(3), 0.3, good],
  ['below the range', { low: 0 }, sample(-1), -1, outOfRange],
  ['above the range', { high: 10, scale: tenth }, sample(101), 10.1, outOfRange],
  ['at the ends of the range', { low: 0, high: 10 }, sample(10), 10, good],
  ['NaN', {}, sample(NaN), NaN, sensorFailure],
  ['infinity', { high: 10 }, sample(Infinity), Infinity, sensorFailure],
  ['true', { kind: 'boolean' }, sample(true), 1, good],
  ['false', { kind: 'boolean' }, sample(false), 0, good],
  ['a 64-bit integer within 2^53', { kind: 'int64' }, sample(5n), 5, good],
  ['2^53 - 1', { kind: 'int64' }, sample(2n ** 53n - 1n), 2 ** 53 - 1, good],
  ['2^53', { kind: 'int64' }, sample(2n ** 53n), 2n ** 53n, good],
  ['the lowest signed integer', { kind: 'int64' }, sample(-(2n ** 63n)), -(2n ** 63n), good],
  ['2^63 - 1', { kind: 'int64' }, sample(2n ** 63n - 1n), 2n ** 63n - 1n, good],
  ['2^63', { kind: 'int64' }, sample(2n ** 63n), '9223372036854775808', good],
  ['a scaled 64-bit integer', { scale: tenth }, sample(25n), 2.5, good],
  ['a 64-bit integer out of range', { kind: 'int64', high: 4 }, sample(5n), 5, outOfRange],
  ['text', { kind: 'text' }, sample('ok'), 'ok', good],
  ['text that is too long', { kind: 'text' }, sample('ä'.repeat(3_000)), 'ä'.repeat(2_048), uncertain],
  ['text where a number belongs', {}, sample('ok'), NaN, notConverted],
  ['a number where text belongs', { kind: 'text' }, sample(1), '', notConverted],
  ['nothing, in time', {}, sample(undefined, timeout), NaN, timeout],
  ['nothing, of text', { kind: 'text' }, sample(undefined, timeout), '', timeout],
  ['nothing, said to be good', {}, sample(undefined), NaN, bad],
  ['a value its source doubts', {}, sample(3, uncertain), 3, uncertain],
];

test.each(READINGS)('%s', (_, plan, given, value, quality) => {
  expect(toReading(point(plan), given)).toEqual({ at: 7, value, quality });
});

const WRITES: readonly [string, Partial<PointPlan>, FieldValue, FieldValue | RegExp][] = [
  ['a number', {}, 42, 42],
  ['a scaled number', { scale: tenth }, 65.5, 655],
  ['text', { kind: 'text' }, 'ok', 'ok'],
  ['true', { kind: 'boolean' }, true, true],
  ['1 for true', { kind: 'boolean' }, 1, true],
  ['a 64-bit integer', { kind: 'int64' }, 2n ** 60n, 2n ** 60n],
  ['above the limit', { high: 95, unit: 'Cel' }, 96, /takes … to 95 Cel/],
  ['below the limit', { low: 20 }, 19.9, /takes 20 to …/],
  ['NaN', {}, NaN, /finite/],
  ['2 for a boolean', { kind: 'boolean' }, 2, /true or false/],
  ['text for a number', {}, '5', /takes a number/],
  ['a number for text', { kind: 'text' }, 5, /takes text/],
  ['anything to what is not writable', { writable: false }, 5, /not writable/],
];

test.each(WRITES)('writing %s', (_, plan, value, expected) => {
  const write = toField(point(plan), value);
  if (expected instanceof RegExp) expect(write.ok ? 'accepted' : write.reason).toMatch(expected);
  else expect(write).toEqual({ ok: true, raw: expected });
});

const CONFIRMATIONS: readonly [string, Partial<PointPlan>, FieldValue, Sample, number | undefined, boolean][] = [
  ['the same', {}, 5, sample(5), undefined, true],
  ['half a step off, as rounding leaves it', { scale: tenth }, 65.55, sample(656), undefined, true],
  ['a step off', { scale: tenth }, 65.5, sample(656), undefined, false],
  ['a float that lost digits', {}, 0.1, sample(Math.fround(0.1)), undefined, true],
  ['within the tolerance asked', {}, 100, sample(104), 5, true],
  ['outside of it', {}, 100, sample(106), 5, false],
  ['a bad reading', {}, 5, sample(undefined, timeout), undefined, false],
  ['a boolean', { kind: 'boolean' }, true, sample(true), undefined, true],
  ['the other boolean', { kind: 'boolean' }, true, sample(false), undefined, false],
  ['text', { kind: 'text' }, 'on', sample('on'), undefined, true],
  ['other text', { kind: 'text' }, 'on', sample('off'), undefined, false],
  ['a large integer', { kind: 'int64' }, 2n ** 60n, sample(2n ** 60n), undefined, true],
  ['zero', {}, 0, sample(0), undefined, true],
];

test.each(CONFIRMATIONS)('read back: %s', (_, plan, wanted, given, tolerance, expected) => {
  expect(confirms(point(plan), wanted, toReading(point(plan), given), tolerance)).toBe(expected);
});
