import { bind } from '../../../../edge-agent/core/commands/bind';
import { device, point, SET_PAIR } from './helpers';

const press = device();
const bound = (name: string, args: object): unknown => {
  const binding = bind(press, { name, args: JSON.stringify(args), options: '' });
  if (!binding.ok) return binding.reason;
  const { writes, verify } = binding.command;
  return {
    writes: writes.map((w) => [w.point.metric, w.value, w.raw]),
    verify: verify.map((v) => [v.point.metric, v.value]),
  };
};

describe('arguments become writes in raw units and what must be read back', () => {
  test.each([
    ['write', { metric: 'setpoint', value: 42.5 }, { writes: [['setpoint', 42.5, 425]], verify: [['setpoint', 42.5]] }],
    [
      'set-pair',
      { low: 10 },
      {
        writes: [
          ['low', 10, 100],
          ['high', 60, 600],
        ],
        verify: [
          ['low', 10],
          ['high', 60],
        ],
      },
    ],
    ['pulse', {}, { writes: [['start', true, true]], verify: [] }],
  ])('%s %j', (name, args, expected) => expect(bound(name, args)).toEqual(expected));
});

describe('what does not fit is refused in words, before anything is written', () => {
  test.each([
    ['nonsense', {}, /has no command nonsense; it has set-pair, pulse, write/],
    ['write', { metric: 'setpoint' }, /takes value/],
    ['write', { value: 1 }, /takes metric/],
    ['write', { metric: 'nowhere', value: 1 }, /has no point nowhere/],
    ['write', { metric: 'sealed', value: 1 }, /not writable/],
    ['write', { metric: 'setpoint', value: 100.1 }, /0 to 100 bar/],
    ['write', { metric: 'setpoint', value: 'much' }, /takes a number/],
    ['set-pair', {}, /argument low is missing/],
    ['set-pair', { low: 51 }, /low is 51, not from 0 to 50 bar/],
    ['set-pair', { low: 1, high: 1.5 }, /not a whole number/],
    ['set-pair', { low: 1, hihg: 2 }, /has no argument hihg; it has low, high/],
    ['set-pair', { low: true }, /low is true, not a number/],
  ])('%s %j', (name, args, expected) => expect(bound(name, args)).toMatch(expected));

  test.each(['[]', '1', 'null', '{', '"x"'])('arguments %s', (args) => {
    expect(bind(press, { name: 'pulse', args, options: '' })).toMatchObject({ ok: false });
  });
});

test('a list becomes the arguments of a method, exact whole numbers as text in what is told of it', () => {
  const call = {
    ...SET_PAIR,
    name: 'go',
    verify: [],
    writes: [{ metric: 'note', value: { list: [{ arg: 'low' }, { literal: 2n ** 60n }] } }],
  };
  const note = point('note', { kind: 'text', low: undefined, high: undefined, scale: undefined } as never);
  const plan = { ...press, byMetric: new Map([['note', note]]), commands: new Map([['go', call]]) };
  const binding = bind(plan, { name: 'go', args: '{"low":10}', options: '' });
  expect(binding).toMatchObject({
    ok: true,
    command: { writes: [{ args: [10, 2n ** 60n], value: '[10,"1152921504606846976"]' }] },
  });
});
