import { type CommandEvent } from '../../../schemas/generated';
import { type CommandInput, eventOf } from '../../../services/domain/command';
import { deviceState, type Harness, NOW, startApi } from './harness';

let api: Harness;
beforeAll(async () => {
  api = await startApi();
  api.deps.directory.apply(deviceState('boiler-1'));
  api.deps.directory.apply(deviceState('asleep', { state: 'suspended' }));
  api.deps.directory.apply(deviceState('lonely', { agent_id: null }));
});
afterAll(() => api.close());
beforeEach(() => Object.values(api.started).forEach((list) => list.splice(0)));

const send = (id: string, body: object, headers = {}) =>
  api.call('POST', `/api/v1/devices/${id}/commands`, body, headers);

test('a command is a workflow, answered as issued before the stream brings it back', async () => {
  const answer = await send('boiler-1', { name: 'set-setpoint', args: { value: 71.5 }, qos: 2, timeout_ms: 5000 });
  expect(answer.status).toBe(202);
  expect(answer.body).toMatchObject({ state: 'issued', device_id: 'boiler-1', args: { value: 71.5 }, qos: 2 });
  expect(answer.headers.get('location')).toBe(`/api/v1/commands/${String(answer.body['command_id'])}`);
  const asked = await api.call('GET', `/api/v1/commands/${String(answer.body['command_id'])}`);
  expect(asked.body).toMatchObject({ state: 'issued', final: false });
  expect(api.started.commands).toEqual([
    expect.objectContaining({ name: 'set-setpoint', args: '{"value":71.5}', deadline: NOW + 5000, agent_id: 'edge-1' }),
  ]);
});

test('the same Idempotency-Key gives the same command id, another device another one', async () => {
  const key = { 'idempotency-key': 'once' };
  const [a, b] = [await send('boiler-1', { name: 'x' }, key), await send('boiler-1', { name: 'x' }, key)];
  expect(a.body['command_id']).toBe(b.body['command_id']);
});

test.each([
  ['at QoS 1', { qos: 1 }, true],
  ['at QoS 2', { qos: 2 }, true],
  ['as a dry run of one at QoS 0', { qos: 0, dry_run: true }, true],
  ['at QoS 0', { qos: 0 }, undefined],
  ['that waits for approval', { approval: true }, undefined],
])('a command %s: sent from here %p', async (_, of, sent_by_caller) => {
  expect((await send('boiler-1', { name: 'x', ...of })).status).toBe(202);
  expect((api.started.commands as CommandInput[]).map((c) => c.sent_by_caller)).toEqual([sent_by_caller]);
});

test('once a command is settled the same key tells what came of it, and sends nothing', async () => {
  const key = { 'idempotency-key': 'settled' };
  const { body } = await send('boiler-1', { name: 'x' }, key);
  const [sent] = api.started.commands as CommandInput[];
  if (sent) api.deps.commands.apply(eventOf(sent, 'verified', { at: NOW + 1, actor: 'agent:edge-1' }));
  const again = await send('boiler-1', { name: 'x' }, key);
  expect([again.status, again.body['command_id'], again.body['state']]).toEqual([202, body['command_id'], 'verified']);
  expect(api.started.commands).toHaveLength(1);
  const other = await startApi({ directory: api.deps.directory, commands: api.deps.commands });
  const reused = await other.call('POST', '/api/v1/devices/boiler-1/commands', { name: 'y' }, key);
  await other.close();
  expect([reused.status, reused.body['code']]).toEqual([422, 'key-reused']);
});

test.each([
  ['asleep', { name: 'x' }, 409, /suspended/],
  ['lonely', { name: 'x' }, 409, /agent/],
  ['boiler-1', { name: 'X Y' }, 400, /pattern/],
  ['boiler-1', { name: 'x', qos: 3 }, 400, /qos/],
  ['boiler-1', { name: 'x', timeout_ms: 1 }, 400, /timeout_ms/],
])('%s %j is refused %d', async (id, body, status, why) => {
  const answer = await send(id, body);
  expect(answer.status).toBe(status);
  expect(answer.body['detail']).toMatch(why);
  expect(api.started.commands).toEqual([]);
});

test('GET shows the transitions with their times', async () => {
  const event = (state: string, at: number): CommandEvent => ({
    command_id: 'c1',
    tenant: 'default',
    device_id: 'boiler-1',
    agent_id: 'edge-1',
    state,
    at,
    actor: 'agent:edge-1',
    name: 'set-setpoint',
    args: '{"value":1}',
    qos: 1,
    attempt: 1,
    detail: '',
    result: '{"value":1}',
    seq: null,
  });
  for (const [i, s] of ['issued', 'delivered', 'executed', 'verified'].entries())
    api.deps.commands.apply(event(s, NOW + i));
  const answer = await api.call('GET', '/api/v1/commands/c1');
  expect(answer.body).toMatchObject({
    state: 'verified',
    final: true,
    result: { value: 1 },
    transitions: [
      { state: 'issued', at: '2026-01-02T03:04:05.678Z' },
      { state: 'delivered' },
      { state: 'executed' },
      { state: 'verified', at: '2026-01-02T03:04:05.681Z' },
    ],
  });
});

test('an unknown command is 404', async () => {
  expect((await api.call('GET', '/api/v1/commands/none')).status).toBe(404);
});

describe('what a command may ask for', () => {
  test('goes to the workflow as options, and nothing else does', async () => {
    const only_if = [{ metric: 'valve', is: '=', value: 'closed' }];
    const answer = await send('boiler-1', {
      name: 'x',
      only_if,
      priority: 2,
      when_awake: true,
      settle_ms: 50,
      tolerance: 1,
    });
    expect(answer.status).toBe(202);
    expect(api.started.commands[0]).toMatchObject({
      options: { only_if, priority: 2, when_awake: true, settle_ms: 50, tolerance: 1 },
    });
    await send('boiler-1', { name: 'x' });
    expect(api.started.commands[1]).not.toHaveProperty('options');
  });

  test('a dry run is an order of the platform that names the command', async () => {
    await send('boiler-1', { name: 'x', args: { v: 1 }, qos: 2, dry_run: true });
    expect(api.started.commands).toEqual([
      expect.objectContaining({ name: 'millrace.dry-run', args: '{"name":"x","args":{"v":1}}', qos: 1 }),
    ]);
  });

  test('an absolute deadline', async () => {
    await send('boiler-1', { name: 'x', deadline: new Date(NOW + 3_600_000).toISOString() });
    expect(api.started.commands).toEqual([expect.objectContaining({ deadline: NOW + 3_600_000 })]);
  });

  test.each([
    [{ deadline: new Date(NOW - 1).toISOString() }, /30 days/],
    [{ deadline: new Date(NOW + 40 * 86_400_000).toISOString() }, /30 days/],
    [{ deadline: new Date(NOW + 1_000).toISOString(), timeout_ms: 500 }, /not both/],
    [{ only_if: [{ metric: 'v', is: '~', value: 1 }] }, /only_if/],
    [{ priority: 10 }, /priority/],
  ])('%j is refused', async (more, why) => {
    const answer = await send('boiler-1', { name: 'x', ...more });
    expect(answer.status).toBe(400);
    expect(answer.body['detail']).toMatch(why);
  });
});

describe('a second person', () => {
  beforeEach(() => {
    api.deps.directory.apply(deviceState('r', { model: 'reactor' }));
    api.deps.directory.apply(deviceState('v', { model: 'valve' }));
  });

  test.each([
    ['boiler-1', { name: 'x' }, false],
    ['boiler-1', { name: 'x', approval: true }, true],
    ['r', { name: 'x' }, true],
    ['r', { name: 'x', dry_run: true }, false],
    ['v', { name: 'close' }, false],
    ['v', { name: 'open' }, true],
  ])('%s %j: %p', async (id, body, asked) => {
    await send(id, body);
    expect((api.started.commands[0] as { needs_approval?: boolean }).needs_approval ?? false).toBe(asked);
  });

  test('approves with a name and a remark', async () => {
    const { body } = await send('r', { name: 'x' });
    const answer = await api.call('POST', `/api/v1/commands/${String(body['command_id'])}/approve`, { remark: 'seen' });
    expect(answer.status).toBe(200);
    expect(api.started.approvals).toEqual([
      ['default', body['command_id'], { actor: 'user:operator', remark: 'seen' }],
    ]);
  });
});

describe('cancel', () => {
  test('tells whether it came in time', async () => {
    const { body } = await send('boiler-1', { name: 'x' });
    const answer = await api.call('POST', `/api/v1/commands/${String(body['command_id'])}/cancel`, { reason: 'no' });
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 200,
      body: { in_time: true, state: 'cancelled' },
    });
    expect(api.started.cancels).toEqual([
      [
        'default',
        body['command_id'],
        { actor: 'user:operator', reason: 'no' },
        expect.objectContaining({ recorded: true }),
      ],
    ]);
  });

  test('of a command nobody knows is 404', async () => {
    expect((await api.call('POST', '/api/v1/commands/none/cancel')).status).toBe(404);
  });
});
