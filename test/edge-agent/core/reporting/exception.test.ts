import { worthTelling } from '../../../../edge-agent/core/reporting/exception';
import { type ReadingValue } from '../../../../edge-agent/core/reading';

const rule = { band: 0.5, heartbeat_ms: 10_000 };
const at = (time: number, value: ReadingValue, quality = 0): { at: number; value: ReadingValue; quality: number } => ({
  at: time,
  value,
  quality,
});

test.each([
  ['the first', undefined, at(0, 1), true],
  ['the same', at(0, 1), at(1, 1), false],
  ['within the band', at(0, 1), at(1, 1.5), false],
  ['beyond the band', at(0, 1), at(1, 1.51), true],
  ['beyond it downwards', at(0, 1), at(1, 0.49), true],
  ['another quality', at(0, 1), at(1, 1, 3), true],
  ['the heartbeat', at(0, 1), at(10_000, 1), true],
  ['just before it', at(0, 1), at(9_999, 1), false],
  ['a clock set back', at(5_000, 1), at(4_999, 1), true],
  ['still NaN', at(0, NaN, 66), at(1, NaN, 66), false],
  ['a number after NaN of the same quality', at(0, NaN, 71), at(1, 1, 71), true],
  ['other text', at(0, 'a'), at(1, 'b'), true],
  ['the same text', at(0, 'a'), at(1, 'a'), false],
  ['a large integer, one more', at(0, 2n ** 60n), at(1, 2n ** 60n + 1n), true],
  ['a number that grew out of a double', at(0, 2 ** 53 - 1), at(1, 2n ** 53n), true],
])('%s', (_, last, reading, expected) => {
  expect(worthTelling(rule, last, reading)).toBe(expected);
});

test('a band of 0 tells every change and nothing else', () => {
  expect(worthTelling({ ...rule, band: 0 }, at(0, 1), at(1, 1 + Number.EPSILON))).toBe(true);
  expect(worthTelling({ ...rule, band: 0 }, at(0, 1), at(1, 1))).toBe(false);
});
