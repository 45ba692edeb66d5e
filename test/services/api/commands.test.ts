import { type CommandEvent } from '../../../schemas/generated';
import { deviceState, type Harness, NOW, startApi } from './harness';

let api: Harness;
beforeEach(async () => {
  api = await startApi();
  api.deps.directory.apply(deviceState('boiler-1'));
  api.deps.directory.apply(deviceState('asleep', { state: 'suspended' }));
  api.deps.directory.apply(deviceState('lonely', { agent_id: null }));
});
afterEach(() => api.close());

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
