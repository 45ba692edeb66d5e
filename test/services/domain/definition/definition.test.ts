import { type Definition, type DefinitionRequest } from '../../../../schemas/generated';
import { checkCommand, decide, MAX_DEFINITIONS, type Model } from '../../../../services/domain/definition';

const NOW = 1_700_000_000_000;
let n = 0;

const request = (over: Partial<DefinitionRequest> = {}): DefinitionRequest => ({
  request_id: `r-${++n}`,
  reply_to: 'api',
  tenant: 'default',
  kind: 'model',
  name: 'p100',
  type: 'put',
  expected_version: null,
  actor: 'alice',
  reason: null,
  at: NOW,
  body: '{}',
  ...over,
});

function put(state: Definition | null, over: Partial<DefinitionRequest> = {}, now = NOW): Definition {
  const decision = decide(state, request(over), { now, count: 0 });
  if (decision.kind !== 'accepted') throw new Error(JSON.stringify(decision));
  return decision.definition;
}

const refusal = (state: Definition | null, over: Partial<DefinitionRequest>, count = 0): string => {
  const decision = decide(state, request(over), { now: NOW, count });
  return decision.kind === 'rejected' ? `${decision.code}: ${decision.detail}` : decision.kind;
};

describe('versions', () => {
  test('each accepted wish is one further, a deletion too, and they go on after it', () => {
    const first = put(null);
    const second = put(first, { body: '{"description":"x"}' }, NOW + 5);
    const gone = put(second, { type: 'delete' });
    const again = put(gone, { body: '{}' });
    expect([first, second, gone, again].map((d) => [d.version, d.deleted])).toEqual([
      [1, false],
      [2, false],
      [3, true],
      [4, false],
    ]);
    expect([gone.at, gone.body, again.created_at]).toEqual([NOW + 5, second.body, NOW]);
  });

  test('a repeated request, and a wish for what is already so, change nothing', () => {
    const first = put(null, { request_id: 'same' });
    expect(decide(first, request({ request_id: 'same', body: '{"x":1}' }), { now: NOW, count: 1 }).kind).toBe(
      'unchanged',
    );
    expect(refusal(first, {})).toBe('unchanged');
  });

  test('another version than expected is a conflict; 0 means that there is none', () => {
    const first = put(null, { expected_version: 0 });
    expect(refusal(first, { expected_version: 0 })).toBe('version-conflict: model p100 is at version 1, not 0');
    expect(refusal(first, { expected_version: 2, type: 'delete' })).toMatch(/version-conflict/);
    expect(put(put(first, { type: 'delete' }), { expected_version: 0 }).version).toBe(3);
  });

  test('what is not there cannot be deleted, and there is a bound', () => {
    expect(refusal(null, { type: 'delete' })).toBe('unknown-definition: there is no model p100');
    expect(refusal(null, {}, MAX_DEFINITIONS)).toMatch(/the most there may be/);
  });
});

test.each<[string, object | string, RegExp]>([
  ['model', '[]', /body is malformed/],
  ['model', { colour: 'red' }, /colour is unknown-field: expected description, points, commands/],
  ['model', { points: [{ metric: 'a b', type: 'number' }] }, /points\[0\].metric is malformed/],
  ['model', { points: [{ metric: 'a' }] }, /points\[0\].type is missing/],
  ['model', { points: [1] }, /points\[0\] is wrong-type/],
  [
    'model',
    {
      points: [
        { metric: 'a', type: 'text' },
        { metric: 'a', type: 'text' },
      ],
    },
    /points\[1\].metric is malformed/,
  ],
  ['model', { commands: [{ name: 'Set' }] }, /commands\[0\].name is malformed/],
  [
    'model',
    { commands: [{ name: 's', verified_by: 'x' }] },
    /verified_by is malformed: expected the metric of a point/,
  ],
  [
    'model',
    { commands: [{ name: 's', args: [{ name: 'v', type: 'text', min: 1 }] }] },
    /args\[0\].min is unknown-field/,
  ],
  ['model', { commands: [{ name: 's', args: [{ name: 'v', type: 'number', min: 2, max: 1 }] }] }, /max is malformed/],
  ['model', { commands: [{ name: 's', args: [{ name: 'v', type: 'number', min: '2' }] }] }, /min is wrong-type/],
  ['model', { commands: [{ name: 's', args: [{ name: 'v', type: 'text', values: [] }] }] }, /values is wrong-type/],
  ['group', {}, /filter is missing/],
  ['group', { filter: {} }, /filter is missing: expected at least one of/],
  ['group', { filter: { state: 'happy' } }, /filter.state is malformed/],
  ['group', { filter: { labels: { a: 1 } } }, /filter.labels.a is wrong-type/],
  ['recipe', {}, /kind is malformed: expected model \| group/],
])('%s %j is invalid', (kind, body, message) => {
  expect(refusal(null, { kind, body: typeof body === 'string' ? body : JSON.stringify(body) })).toMatch(message);
});

describe('a command against a model', () => {
  const model: Model = {
    points: [{ metric: 'setpoint', type: 'number', unit: 'Cel' }],
    commands: [
      {
        name: 'set-setpoint',
        args: [
          { name: 'value', type: 'number', unit: 'Cel', min: 20, max: 95 },
          { name: 'ramp', type: 'text', values: ['slow', 'fast'], required: false },
          { name: 'steps', type: 'integer', required: false },
          { name: 'force', type: 'boolean', required: false },
        ],
        verified_by: 'setpoint',
      },
      { name: 'stop' },
    ],
  };

  test.each<[string, object]>([
    ['set-setpoint', { value: 20 }],
    ['set-setpoint', { value: 95, ramp: 'fast', steps: 3, force: false }],
    ['stop', {}],
    ['alarm-acknowledge', { alarm: 'overheated' }],
  ])('%s %j is taken', (name, args) => {
    expect(checkCommand(model, name, args as Record<string, unknown>).problems).toEqual([]);
  });

  test.each<[string, object, string, RegExp]>([
    ['set-speed', {}, 'name', /no command set-speed; it has: set-setpoint, stop/],
    ['set-setpoint', {}, 'args.value', /is missing; expected value: number in Cel, 20 to 95/],
    ['set-setpoint', { value: 19.9 }, 'args.value', /19.9 is below 20/],
    ['set-setpoint', { value: 95.1 }, 'args.value', /95.1 is above 95/],
    ['set-setpoint', { value: '72' }, 'args.value', /"72" is no number/],
    ['set-setpoint', { value: null }, 'args.value', /null is no number/],
    [
      'set-setpoint',
      { value: 30, ramp: 'medium' },
      'args.ramp',
      /medium is not allowed; expected ramp: text, one of slow, fast/,
    ],
    ['set-setpoint', { value: 30, steps: 1.5 }, 'args.steps', /1.5 is no integer/],
    ['set-setpoint', { value: 30, force: 1 }, 'args.force', /1 is no boolean/],
    ['stop', { now: true }, 'args.now', /stop has no argument now; it has: none/],
  ])('%s %j is refused at %s', (name, args, path, message) => {
    const { problems } = checkCommand(model, name, args as Record<string, unknown>);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ path, message: expect.stringMatching(message) as string });
  });
});
