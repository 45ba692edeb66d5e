import { type DeviceEvent } from '../../../schemas/generated';
import { deviceState, type Harness, NO_HISTORY, NOW, startApi } from './harness';

let api: Harness;
const life: DeviceEvent[] = [];
beforeEach(async () => {
  life.length = 0;
  api = await startApi({ history: { ...NO_HISTORY, life: () => Promise.resolve(life) } });
  api.deps.directory.apply(deviceState('pump-1'));
});
afterEach(() => api.close());

const at = '/api/v1/devices/pump-1';

describe('description', () => {
  test('PATCH changes what is given, under If-Match', async () => {
    const changed = await api.call(
      'PATCH',
      at,
      { name: 'Pump', agent_id: null, reason: 'moved' },
      { 'if-match': '"1"' },
    );
    expect([changed.status, changed.headers.get('etag')]).toEqual([200, '"2"']);
    expect(changed.body).toMatchObject({ name: 'Pump', agent_id: null });
    expect((await api.call('PATCH', at, { name: 'x' }, { 'if-match': '"1"' })).status).toBe(412);
    expect((await api.call('PATCH', at, {})).status).toBe(400);
    expect((await api.call('PATCH', at, { state: 'active' })).status).toBe(400);
  });

  test('a gateway and what is behind it', async () => {
    expect((await api.call('PATCH', at, { parent_id: 'nobody' })).body['detail']).toMatch(/there is no device nobody/);
    expect((await api.call('PATCH', at, { parent_id: 'pump-1' })).status).toBe(400);
    await api.call('POST', '/api/v1/devices', { device_id: 'valve-1', parent_id: 'pump-1' });
    const behind = await api.call('GET', '/api/v1/devices?parent=pump-1');
    expect(behind.body).toMatchObject({ items: [{ device_id: 'valve-1', parent_id: 'pump-1' }] });
    const circle = await api.call('PATCH', at, { parent_id: 'valve-1' });
    expect(circle.body['detail']).toMatch(/pump-1 would be behind itself/);
  });

  test('DELETE decommissions', async () => {
    expect((await api.call('DELETE', at)).status).toBe(202);
    expect(api.started.decommissions).toMatchObject([{ device_id: 'pump-1' }]);
  });
});

describe('quarantine', () => {
  test('with a reason only; back by way of suspended', async () => {
    expect((await api.call('POST', `${at}/quarantine`)).status).toBe(400);
    const away = await api.call('POST', `${at}/quarantine`, { reason: 'speaks to strangers' });
    expect(away.body).toMatchObject({ state: 'quarantined', reason: 'speaks to strangers' });
    expect(away.body['allowed']).toEqual(['decommission', 'release', 'replace']);
    expect((await api.call('POST', `${at}/commands`, { name: 'go' })).status).toBe(409);
    expect((await api.call('POST', `${at}/resume`)).status).toBe(409);
    expect((await api.call('POST', `${at}/release`)).body['state']).toBe('suspended');
  });
});

describe('configuration', () => {
  test('desired by version, reported against it, in sync or not', async () => {
    const first = await api.call('PUT', `${at}/config`, { interval_s: 5 }, { 'if-match': '"0"' });
    expect([first.status, first.headers.get('etag')]).toEqual([200, '"1"']);
    expect(first.body).toMatchObject({
      desired: { interval_s: 5 },
      desired_version: 1,
      reported_version: 0,
      in_sync: false,
    });
    const late = await api.call('PUT', `${at}/config`, { interval_s: 9 }, { 'if-match': '"0"' });
    expect([late.status, late.body['detail']]).toEqual([412, 'the configuration is at version 1, not 0']);
    const told = { config: { interval_s: 5 }, config_version: 1 };
    expect((await api.call('PUT', `${at}/config/reported`, told)).body).toMatchObject({ in_sync: true });
    const ahead = await api.call('PUT', `${at}/config/reported`, { ...told, config_version: 2 });
    expect([ahead.status, ahead.body['detail']]).toEqual([
      400,
      'config_version is ahead of what is desired, version 1',
    ]);
    expect((await api.call('GET', at)).body).toMatchObject({ config: { desired_version: 1, reported_version: 1 } });
  });

  test('new hardware keeps the identity and owes the configuration', async () => {
    await api.call('PUT', `${at}/config`, { interval_s: 5 });
    await api.call('PUT', `${at}/config/reported`, { config: { interval_s: 5 }, config_version: 1 });
    const replaced = await api.call('POST', `${at}/replace`, { serial: 'S-2', reason: 'burnt' });
    expect(replaced.body).toMatchObject({ state: 'active', serial: 'S-2', replacements: 1, reason: 'burnt' });
    expect((await api.call('GET', `${at}/config`)).body).toMatchObject({
      desired_version: 1,
      reported: {},
      in_sync: false,
    });
    expect((await api.call('POST', `${at}/replace`, {})).status).toBe(400);
  });
});

describe('at a time', () => {
  const event = (
    version: number,
    type: string,
    from: string | null,
    to: string,
    after_ms: number,
    data = {},
  ): DeviceEvent => ({
    ...{
      event_id: `e${version}`,
      tenant: 'default',
      device_id: 'pump-1',
      version,
      type,
      state_from: from,
      state_to: to,
    },
    ...{ at: NOW - 60_000 + after_ms, actor: 'a', reason: null, request_id: `r${version}`, data: JSON.stringify(data) },
  });
  const before = { name: 'Old', model: '', agent_id: null, path: '', labels: {} };
  const time = (after_ms: number): string => encodeURIComponent(new Date(NOW - 60_000 + after_ms).toISOString());

  beforeEach(() => {
    life.push(
      event(1, 'registered', null, 'registered', 0, before),
      event(2, 'provisioned', 'registered', 'provisioned', 1_000, { credential: null }),
      event(3, 'updated', 'provisioned', 'provisioned', 2_000, { name: 'New' }),
    );
  });

  test.each<[number, object]>([
    [0, { version: 1, state: 'registered', name: 'Old', parent_id: null }],
    [1_999, { version: 2, state: 'provisioned', name: 'Old' }],
  ])('%d ms into its life', async (after_ms, expected) => {
    const then = await api.call('GET', `${at}?at=${time(after_ms)}`);
    expect(then.body).toMatchObject(expected);
    expect(then.headers.get('etag')).toBe(`"${then.body['version'] as number}"`);
  });

  test('now is what it is; before it was registered there was none', async () => {
    expect((await api.call('GET', `${at}?at=${decodeURIComponent(time(60_000))}`)).body).toMatchObject({
      state: 'active',
      version: 1,
    });
    const none = await api.call('GET', `${at}?at=${time(-1)}`);
    expect([none.status, none.body['detail']]).toEqual([404, expect.stringContaining('it was registered at')]);
    expect((await api.call('GET', `${at}?at=yesterday`)).status).toBe(400);
  });
});
