import { type Condition, NO_OPTIONS, parseOptions, unmet } from '../../../../edge-agent/core/commands/options';

test('nothing said is nothing asked', () => {
  for (const text of [undefined, '', '{}']) expect(parseOptions(text)).toEqual({ ok: true, options: NO_OPTIONS });
});

test('what is said is taken, the rest is as usual', () => {
  const only_if = [{ metric: 'valve', is: '=', value: 'closed' }];
  expect(parseOptions(JSON.stringify({ only_if, priority: 3 }))).toEqual({
    ok: true,
    options: { ...NO_OPTIONS, only_if, priority: 3 },
  });
});

test.each([
  ['{"only_when":1}', /does not know the option only_when/],
  ['[]', /no object/],
  ['{', /no JSON/],
  ['{"priority":1.5}', /priority/],
  ['{"when_awake":"yes"}', /when_awake/],
  ['{"tolerance":-1}', /tolerance/],
  ['{"settle_ms":3600001}', /settle_ms/],
  ['{"only_if":[{"metric":"a","is":"~","value":1}]}', /only_if/],
  ['{"only_if":[{"metric":"a","is":"="}]}', /only_if/],
  ['{"only_if":{}}', /only_if/],
])('%s is refused', (text, why) => {
  expect(parseOptions(text)).toEqual({ ok: false, reason: expect.stringMatching(why) });
});

const reading = (value: number | bigint | string, quality = 0) => ({ at: 0, value, quality });

test.each<[Condition['is'], Condition['value'], number | bigint | string, boolean]>([
  ['=', 3, 3, true],
  ['=', 3, 4, false],
  ['!=', 3, 4, true],
  ['!=', 3, 3, false],
  ['<', 3, 2.9, true],
  ['<', 3, 3, false],
  ['<=', 3, 3, true],
  ['>', 3, 3, false],
  ['>', 3, 3.1, true],
  ['>=', 3, 3, true],
  ['=', true, 1, true],
  ['=', false, 1, false],
  ['=', 'closed', 'closed', true],
  ['=', 'closed', 'open', false],
  ['=', 7, 7n, true],
  ['!=', 3, NaN, false],
])('%s %p, and it reads %p: %p', (is, value, seen, met) => {
  expect(unmet({ metric: 'm', is, value }, reading(seen)) === undefined).toBe(met);
});

test('a bad reading proves nothing, whatever it says', () => {
  expect(unmet({ metric: 'm', is: '!=', value: 1 }, reading(2, 64))).toMatch(/cannot be read/);
});
