import { type Harness, NOW, startApi } from './harness';

let api: Harness;
beforeAll(async () => void (api = await startApi()));
afterAll(() => api.close());
beforeEach(() => Object.values(api.started).forEach((list) => list.splice(0)));

const command = { name: 'set-setpoint', args: { value: 60 }, qos: 2 };

describe('a batch', () => {
  test('is a workflow that finds its devices itself', async () => {
    const filter = { model: 'boiler', label: ['hall=b=c'], path: 'plant/a', q: 'PUMP' };
    const body = {
      filter,
      command: { ...command, priority: 1, timeout_ms: 5_000 },
      rate_per_s: 3,
      stop_after_failures: 4,
    };
    const answer = await api.call('POST', '/api/v1/batches', body, { 'idempotency-key': 'k1' });
    expect({ status: answer.status, body: answer.body }).toEqual({ status: 202, body: { batch_id: 'k1' } });
    expect(api.started.batches).toEqual([
      {
        batchId: 'k1',
        tenant: 'default',
        filter: { model: 'boiler', path: 'plant/a', labels: [['hall', 'b=c']], q: 'pump' },
        ...{ name: 'set-setpoint', args: '{"value":60}', qos: 2, timeout_ms: 5_000, options: { priority: 1 } },
        approvals: ['reactor', 'valve/open'],
        limits: { rate_per_s: 3, in_flight: 50, stop_after_failures: 4 },
        actor: 'user:operator',
      },
    ]);
  });

  test('is listed with what was sent', async () => {
    const { status, body } = await api.call('GET', '/api/v1/batches?limit=5');
    const listed = { batch_id: 'b1', state: 'running', name: 'stop', args: { now: true }, actor: 'user:alice' };
    const items = [{ ...listed, begun_at: new Date(NOW).toISOString(), ended_at: null }];
    expect([status, body]).toEqual([200, { items }]);
  });

  test('to everything must be said so', async () => {
    expect((await api.call('POST', '/api/v1/batches', { filter: {}, command })).status).toBe(400);
    expect((await api.call('POST', '/api/v1/batches', { filter: { all: true }, command })).status).toBe(202);
    expect(api.started.batches).toHaveLength(1);
  });

  test.each([
    [{ command }, /filter/],
    [{ filter: { model: 'x' } }, /command/],
    [{ filter: { model: 'x' }, command, rate_per_s: 0 }, /rate_per_s/],
    [{ filter: { colour: 'x' }, command }, /colour|additional/],
    [{ filter: { model: 'x' }, command: { ...command, approval: true } }, /approves/],
  ])('%j is refused', async (body, why) => {
    const answer = await api.call('POST', '/api/v1/batches', body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toMatch(why);
    expect(api.started.batches).toEqual([]);
  });

  test('tells how far it has come, and stops', async () => {
    const shown = await api.call('GET', '/api/v1/batches/b1');
    expect(shown.body).toMatchObject({ batch_id: 'b1', targets: 0, skipped: 2, over: true });
    expect((await api.call('GET', '/api/v1/batches/other')).status).toBe(404);
    expect((await api.call('POST', '/api/v1/batches/b1/stop', { reason: 'enough' })).status).toBe(202);
    expect(api.started.stops).toEqual([['default', 'b1', { actor: 'user:operator', reason: 'enough' }]]);
    expect((await api.call('POST', '/api/v1/batches/other/stop')).status).toBe(404);
  });
});

describe('a schedule', () => {
  const weekly = {
    ...{ schedule_id: 'night', cron: '0 22 * * 1-5', time_zone: 'Europe/Vienna' },
    batch: { filter: { model: 'boiler' }, command },
  };

  test('is kept once, shown, paused, resumed and removed', async () => {
    expect((await api.call('POST', '/api/v1/schedules', weekly)).status).toBe(201);
    expect((await api.call('POST', '/api/v1/schedules', weekly)).status).toBe(409);
    const move = (verb: string) => api.call('POST', `/api/v1/schedules/night/${verb}`, { reason: 'r' });
    expect((await move('pause')).body).toEqual({ schedule_id: 'night', paused: true });
    const shown = await api.call('GET', '/api/v1/schedules');
    expect(shown.body).toEqual({
      items: [expect.objectContaining({ schedule_id: 'night', paused: true, next: [new Date(NOW).toISOString()] })],
    });
    expect((await move('resume')).body).toEqual({ schedule_id: 'night', paused: false });
    expect((await api.call('DELETE', '/api/v1/schedules/night')).status).toBe(204);
    expect((await api.call('DELETE', '/api/v1/schedules/night')).status).toBe(404);
    expect((await move('pause')).status).toBe(404);
  });
});
