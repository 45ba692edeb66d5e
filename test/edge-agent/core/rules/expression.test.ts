import fc from 'fast-check';
import { type PointKind } from '../../../../edge-agent/core/compile/plan';
import { compileExpression, type Expression } from '../../../../edge-agent/core/rules/expression';
import { Fault } from '../../../../edge-agent/core/rules/fault';
import { type Frame, type Scope } from '../../../../edge-agent/core/rules/language';
import { type CelValue, Signal } from '../../../../edge-agent/core/rules/signal';
import { type ReadingValue } from '../../../../edge-agent/core/reading';

const KINDS: Readonly<Record<string, PointKind>> = {
  pressure: 'number',
  open: 'boolean',
  mode: 'text',
  energy: 'int64',
  'flow-rate': 'number',
  'other/level': 'number',
};
const scope: Scope = {
  point(name) {
    const kind = KINDS[name];
    return kind && { device: name.includes('/') ? 'other' : 'own', metric: name.replace('other/', ''), kind };
  },
  fence: (name) => name === 'yard',
  names: () => Object.keys(KINDS),
  fences: () => ['yard'],
};

const bool = (text: string): Expression => compileExpression(text, scope, ['bool']);

/** An expression at work on its points. */
class Rig {
  readonly signals: Signal[];
  now = 0;
  inside: number | undefined;
  constructor(readonly expression: Expression) {
    this.signals = expression.points.map((p) => new Signal(p.kind));
    for (const w of expression.windows) this.signals[w.point]?.window(w.span_ms);
  }
  give(metric: string, value: ReadingValue, quality = 0): this {
    const index = this.expression.points.findIndex((p) => p.metric === metric);
    this.signals[index]?.take({ at: 0, value, quality }, this.now);
    return this;
  }
  run(held: readonly number[] = []): CelValue | undefined {
    const frame: Frame = { now: this.now, signals: this.signals, held, inside: () => this.inside };
    return this.expression.run(frame);
  }
}

describe('values', () => {
  test('are typed by their points', () => {
    const rig = new Rig(bool('pressure > 9 && open && mode == "auto" && energy == 9007199254740993'));
    rig.give('pressure', 9.5).give('open', 1).give('mode', 'auto').give('energy', 9007199254740993n);
    expect(rig.run()).toBe(true);
    expect(rig.give('open', 0).run()).toBe(false);
  });

  test('of another device, or with a name that is no word, are named in quotes', () => {
    const rig = new Rig(bool('value("flow-rate") < value("other/level")'));
    expect(rig.expression.points.map((p) => `${p.device}/${p.metric}`)).toEqual(['own/flow-rate', 'other/level']);
    expect(rig.give('flow-rate', 1).give('level', 2).run()).toBe(true);
  });

  test('that are not known make the result unknown, unless it does not hang on them', () => {
    const rig = new Rig(bool('pressure > 9.0 || open'));
    expect(rig.run()).toBeUndefined();
    expect(rig.give('open', 1).run()).toBe(true);
    expect(rig.give('open', 0).run()).toBeUndefined();
    expect(rig.give('pressure', NaN, 66).run()).toBeUndefined();
    expect(rig.give('pressure', 10, 3).run()).toBe(true);
  });

  test('division by zero is unknown, not an end', () => {
    expect(new Rig(bool('energy / 0 > 1')).give('energy', 5).run()).toBeUndefined();
  });
});

test('quality, good, bad and age', () => {
  const rig = new Rig(bool('bad(pressure) && quality(pressure) == 66 && age(pressure) >= 5.0'));
  rig.give('pressure', 1);
  rig.now = 5_000;
  expect(rig.run()).toBe(false);
  expect(rig.give('pressure', NaN, 66).run()).toBe(true);
  expect(new Rig(bool('age(pressure) > 1e9 && !good(pressure)')).run()).toBe(true);
});

test('rates, per second', () => {
  const rig = new Rig(bool('rate(pressure) == 2.0 && rate(pressure, 10) == 1.5'));
  rig.give('pressure', 0);
  expect(rig.run()).toBeUndefined();
  rig.now = 1_000;
  rig.give('pressure', 1);
  rig.now = 2_000;
  expect(rig.give('pressure', 3).run()).toBe(true);
});

test('windows slide, also without a sample', () => {
  const text =
    'mean(pressure, 10) == 3.0 && median(pressure, 10) == 2.0 && min(pressure, 10) == 1.0 && max(pressure, 10) == 6.0';
  const rig = new Rig(bool(text));
  for (const v of [1, 2, 6]) rig.give('pressure', v);
  expect(rig.run()).toBe(true);
  const count = new Rig(bool('count(pressure, 10) == 0'));
  count.give('pressure', 1);
  count.now = 10_000;
  expect(count.run()).toBe(false);
  count.now = 10_001;
  expect(count.run()).toBe(true);
  expect(count.expression.timed).toBe(true);
});

test('held conditions are expressions of their own, nested too', () => {
  const e = bool('held(pressure > 0.1234567891234 && held((open || !open) && open) > 2) > 3');
  const inner = '(open || !open) && open';
  const outer = 'pressure > 0.1234567891234 && held((open || !open) && open) > 2';
  expect(e.held.map((h) => h.text)).toEqual([inner, outer]);
  expect(e.held[1]?.held.map((h) => h.text)).toEqual([inner]);
  expect(new Rig(e).run([0, 4])).toBe(true);
  expect(new Rig(e).run([0, 3])).toBe(false);
});

test('geofences', () => {
  const rig = new Rig(bool('inside("yard") && inside_for("yard") > 60'));
  expect(rig.run()).toBe(false);
  rig.inside = 61;
  expect(rig.run()).toBe(true);
});

describe('what is refused says where and what is expected', () => {
  const refused = (text: string): { at: number; expected: string; suggestion?: string | undefined } => {
    try {
      bool(text);
    } catch (e) {
      if (e instanceof Fault) return { at: e.at, expected: e.expected, suggestion: e.suggestion };
      throw e;
    }
    throw new Error(`${text} was taken`);
  };
  test.each([
    ['open && presure > 1.0', 8, /a metric of the device: pressure, open/, 'pressure'],
    ['open && good(presure)', 13, /a metric of the device/, 'pressure'],
    ['pressure + 1 > 2.0', 0, /no such overload: double \+ int.*write 5\.0/, undefined],
    ['pressure', 0, /a result that is bool, not double/, undefined],
    ['pressure > ', 11, /valid CEL: Unexpected token/, undefined],
    ['mode.matches("(a+)+$")', 0, /not matches\(\)/, undefined],
    ['[1, 2].all(x, x > 0)', 0, /not all\(\)/, undefined],
    ['mode.split(",").size() > 1', 0, /not split\(\)/, undefined],
    ['mean(mode, 10) > 1.0', 5, /a number: mode is text/, undefined],
    ['mean(pressure, energy) > 1.0', 15, /seconds as a plain number/, undefined],
    ['mean(pressure, 100000) > 1.0', 15, /seconds as a plain number/, undefined],
    ['held(pressure) > 1.0', 5, /a condition in held/, undefined],
    ['inside("yart")', 7, /a geofence: yard/, 'yard'],
    ['median(pressure + 1.0, 5) > 1.0', 7, /the name of a point/, undefined],
  ])('%s', (text, at, expected, suggestion) => {
    const fault = refused(text);
    expect(fault.expected).toMatch(expected);
    expect(fault.at).toBe(at);
    if (suggestion !== undefined) expect(fault.suggestion).toBe(suggestion);
  });

  test('length, size and depth are bounded', () => {
    expect(refused(`open ${'|| open '.repeat(200)}`).expected).toMatch(/at most 1000 characters/);
    expect(refused(Array(150).fill('open').join('||')).expected).toMatch(/maxAstNodes/);
    expect(refused(`${'('.repeat(60)}open${')'.repeat(60)}`).expected).toMatch(/maxDepth/);
    expect(refused(`1 in [${Array(80).fill(1).join(',')}]`).expected).toMatch(/maxListElements/);
  });
});

test('whatever is written is either refused with a place or runs to a value or to not known', () => {
  const words =
    'pressure open mode energy true 1 2.5 "x" ( ) && || ! + - * / % < == in [ ] , ? : . held( good( mean( rate( size( value( abs( int( string( double( , 5)';
  const text = fc.array(fc.constantFrom(...words.split(' ')), { minLength: 1, maxLength: 14 }).map((w) => w.join(' '));
  const operand = fc.constantFrom(
    'pressure',
    '2.5',
    'rate(pressure)',
    'double(energy)',
    'mean(pressure, 5)',
    'double(mode)',
  );
  const compared = fc
    .tuple(operand, fc.constantFrom('+', '-', '*', '/'), operand, fc.constantFrom('<', '>=', '=='), operand)
    .map((parts) => parts.join(' '));
  const logic = fc
    .tuple(compared, fc.constantFrom('&&', '||'), fc.constantFrom('open', '!open', 'held(open) > 1'))
    .map((p) => p.join(' '));
  fc.assert(
    fc.property(fc.oneof(text, compared, logic), fc.boolean(), (written, known) => {
      let expression: Expression;
      try {
        expression = bool(written);
      } catch (error) {
        expect(error).toBeInstanceOf(Fault);
        expect((error as Fault).at).toBeLessThanOrEqual(written.length);
        return;
      }
      const rig = new Rig(expression);
      if (known)
        for (const [m, v] of [
          ['pressure', 7],
          ['open', 1],
          ['mode', 'abc'],
          ['energy', 0],
        ] as const)
          rig.give(m, v);
      expect([true, false, undefined]).toContain(rig.run([0, 0, 0, 0]));
    }),
    { numRuns: 2_000 },
  );
});
