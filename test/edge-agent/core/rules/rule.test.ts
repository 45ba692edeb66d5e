import { reset, type RuleState, step } from '../../../../edge-agent/core/rules/rule';

const plain = { delay_on_ms: 0, delay_off_ms: 0, latch: false, unknown: 'hold' } as const;
const slow = { ...plain, delay_on_ms: 100, delay_off_ms: 50 };
const OFF: RuleState = { on: false };
const ON: RuleState = { on: true };

test.each([
  ['goes on at once', plain, OFF, true, 0, ON],
  ['goes off at once', plain, ON, false, 0, OFF],
  ['stays off', plain, OFF, false, 0, OFF],
  ['stays on', plain, ON, true, 0, ON],
  ['waits to go on', slow, OFF, true, 7, { on: false, due: 107 }],
  ['goes on when it has waited', slow, { on: false, due: 107 }, true, 107, ON],
  ['starts anew when the condition was interrupted', slow, { on: false, due: 107 }, false, 50, OFF],
  ['waits to go off', slow, ON, false, 7, { on: true, due: 57 }],
  ['goes on being on when the condition comes back', slow, { on: true, due: 57 }, true, 30, ON],
  ['is left alone by what is not known', slow, { on: true, due: 57 }, undefined, 30, ON],
  ['takes not known for true where told so', { ...plain, unknown: 'on' } as const, OFF, undefined, 0, ON],
  ['takes not known for false where told so', { ...plain, unknown: 'off' } as const, ON, undefined, 0, OFF],
  ['stays on when latched', { ...plain, latch: true }, ON, false, 0, ON],
])('a rule %s', (_, plan, state, wanted, now, after) => {
  expect(step(plan, state, wanted, now)).toEqual(after);
});

test('a latched rule is reset only when its condition is over', () => {
  expect(reset(ON, true)).toMatch(/still holds/);
  expect(reset(OFF, false)).toMatch(/not on/);
  expect(reset(ON, false)).toEqual(OFF);
  expect(reset(ON, undefined)).toEqual(OFF);
});
