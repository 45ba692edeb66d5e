import * as fc from 'fast-check';
import { compileScale, step, toEngineering, toRaw } from '../../../../edge-agent/core/compile/scale';
import { type ScaleSection } from '../../../../edge-agent/core/profile/types';

const TABLE: readonly [ScaleSection, number, number][] = [
  [{ factor: 0.1 }, 3, 0.3],
  [{ factor: 0.1 }, 651, 65.1],
  [{ factor: 0.001 }, 2_427, 2.427],
  [{ factor: 0.1, offset: -40 }, 403, 0.3],
  [{ offset: -273.15 }, 300, 26.85],
  [{ factor: -0.5 }, 3, -1.5],
  [{ factor: 1_000 }, 3, 3_000],
  [{ factor: 1 / 3 }, 3, 1],
  [{ raw_low: 0, raw_high: 10_000, low: 0, high: 10 }, 2_427, 2.427],
  [{ raw_low: 4_000, raw_high: 20_000, low: 0, high: 100 }, 12_000, 50],
  [{ raw_low: 0, raw_high: 27_648, low: 100, high: 0 }, 27_648, 0],
];

test.each(TABLE)('%j: raw %d is %d', (section, raw, engineering) => {
  const scale = compileScale(section);
  expect(scale && toEngineering(scale, raw)).toBe(engineering);
});

test.each(TABLE)('%j: and back', (section, raw, engineering) => {
  const scale = compileScale(section);
  expect(scale && toRaw(scale, engineering)).toBeCloseTo(raw, 6);
});

test('a scale that changes nothing is none', () => {
  expect(compileScale({ factor: 1 })).toBeUndefined();
  expect(compileScale({ factor: 1, offset: 0 })).toBeUndefined();
  expect(compileScale(undefined)).toBeUndefined();
});

test('a decimal factor gives what the decimal fraction is, for every register value', () => {
  const scale = compileScale({ factor: 0.01 });
  fc.assert(
    fc.property(fc.integer({ min: -32_768, max: 65_535 }), (raw) => {
      expect(scale && toEngineering(scale, raw)).toBe(Number((raw / 100).toFixed(2)));
    }),
  );
});

test('step is the engineering distance of two raw values', () => {
  expect(step(compileScale({ factor: 0.1 }))).toBe(0.1);
  expect(step(undefined)).toBe(1);
});
