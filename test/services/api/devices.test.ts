import { Pseudonyms } from '../../../services/api/pseudonyms';
import { openApiDocument } from '../../../services/api/description';
import { AGENT_ID, checkArguments, DEVICE_ID, LABEL_KEY, LIMITS } from '../../../services/domain/device';
import { deviceState, type Harness, startApi } from './harness';

let api: Harness;
beforeEach(async () => (api = await startApi()));
afterEach(() => api.close());

const register = (id = 'boiler-1', more: object = {}) =>
  api.call('POST', '/api/v1/devices', { device_id: id, agent_id: 'edge-1', ...more });

describe('a device’s life over REST', () => {
  test('registered → provisioned → active → suspended → active, each with the moves allowed next', async () => {
    const registered = await register();
    expect(registered.status).toBe(201);
    expect(registered.headers.get('location')).toBe('/api/v1/devices/boiler-1');
    expect(registered.body).toMatchObject({ state: 'registered', version: 1, allowed: ['provision', 'decommission'] });
    const states = [];
    for (const move of ['provision', 'activate', 'suspend', 'resume'])
      states.push((await api.call('POST', `/api/v1/devices/boiler-1/${move}`, { reason: 'test' })).body['state']);
    expect(states).toEqual(['provisioned', 'active', 'suspended', 'active']);
  });

  test('what was just written is what is read', async () => {
    await register('d1', { name: 'Boiler', labels: { floor: '3' } });
    const read = await api.call('GET', '/api/v1/devices/d1');
    expect(read.body).toMatchObject({ name: 'Boiler', labels: { floor: '3' }, version: 1 });
    expect(read.headers.get('etag')).toBe('"1"');
  });

  test('a device in service tells how it does and why', async () => {
    api.deps.directory.apply(deviceState('d1', { desired_version: 2 }));
    const presence = {
      tenant: 'default',
      device_id: 'd1',
      agent_id: 'edge-1',
      since: 0,
      last_seen: 0,
      interval_ms: 1_000,
    };
    api.deps.directory.applyPresence({ ...presence, status: 'stale', reason: 'silent' });
    const { body } = await api.call('GET', '/api/v1/devices/d1?fields=health');
    expect(body).toMatchObject({
      health: { score: 40, reasons: [{ code: 'late' }, { code: 'configuration-not-taken' }] },
    });
  });

  test('an illegal move is refused with the state and the moves allowed', async () => {
    await register();
    const refused = await api.call('POST', '/api/v1/devices/boiler-1/resume');
    expect(refused.status).toBe(409);
    expect(refused.headers.get('content-type')).toMatch('application/problem+json');
    expect(refused.body).toMatchObject({
      code: 'illegal-move',
      state: 'registered',
      allowed: ['provision', 'decommission'],
    });
    expect(refused.body['detail']).toMatch(/registered/);
  });

  test('If-Match with another version is refused', async () => {
    await register();
    const refused = await api.call('POST', '/api/v1/devices/boiler-1/provision', undefined, { 'if-match': '"7"' });
    expect([refused.status, refused.body['code']]).toEqual([412, 'version-conflict']);
  });

  test('the same Idempotency-Key is carried out once', async () => {
    const key = { 'idempotency-key': 'k1' };
    const body = { device_id: 'd9' };
    expect((await api.call('POST', '/api/v1/devices', body, key)).status).toBe(201);
    const again = await api.call('POST', '/api/v1/devices', body, key);
    expect([again.status, again.body['version'], again.headers.get('etag')]).toEqual([201, 1, '"1"']);
    // By another instance, or after a restart: the log knows it.
    const other = await startApi({ directory: api.deps.directory, registrar: api.deps.registrar });
    expect((await other.call('POST', '/api/v1/devices', body, key)).status).toBe(200);
    await other.close();
  });

  test('registering an id that is taken is a conflict', async () => {
    await register();
    expect((await register()).body).toMatchObject({ status: 409, code: 'already-registered' });
  });

  test('decommissioning starts the workflow and is answered 202', async () => {
    await register();
    const answer = await api.call('POST', '/api/v1/devices/boiler-1/decommission', { reason: 'scrapped' });
    expect(answer.status).toBe(202);
    expect(api.started.decommissions).toEqual([
      expect.objectContaining({ tenant: 'default', device_id: 'boiler-1', agent_id: 'edge-1', reason: 'scrapped' }),
    ]);
  });

  test('decommissioning as it is asked for, its progress, what waits for somebody, and their word', async () => {
    await register();
    const at = '/api/v1/devices/boiler-1/decommissioning';
    const wish = { reason: 'scrapped', when_silent: 'ask', export: true, personal_data: 'erase' };
    expect((await api.call('POST', at, wish)).status).toBe(202);
    const { reason, ...policy } = wish;
    const whole = { settle_ms: 300_000, flush_ms: 86_400_000, ...policy };
    expect(api.started.decommissions).toEqual([expect.objectContaining({ reason, policy: whole })]);
    expect((await api.call('POST', at, { flush_ms: 1 })).status).toBe(400);
    const shown = { outcome: 'running', task: { problem: 'the disk is full', since: '1970-01-01T00:00:02.000Z' } };
    expect((await api.call('GET', at)).body).toMatchObject(shown);
    expect((await api.call('GET', '/api/v1/devices/none/decommissioning')).status).toBe(404);
    expect((await api.call('GET', '/api/v1/decommissionings')).body).toMatchObject({
      items: [{ device_id: 'pump-1', ...shown }],
    });
    expect((await api.call('POST', `${at}/go-on`, { reason: 'no matter' })).status).toBe(202);
    const by = { decision: 'go-on', reason: 'no matter' };
    expect(api.started.decisions).toEqual([['default', 'boiler-1', expect.objectContaining(by)]]);
    expect((await api.call('POST', `${at}/burn`)).status).toBe(400);
  });

  describe('with commands in flight', () => {
    const [move, whole] = ['/api/v1/devices/boiler-1/decommission', '/api/v1/devices/boiler-1/decommissioning'];
    beforeEach(async () => {
      await register();
      jest.spyOn(api.deps.workflows, 'commandsInFlight').mockResolvedValue(['c-7']);
    });

    test.each([
      ['POST', move],
      ['POST', whole],
      ['DELETE', '/api/v1/devices/boiler-1'],
    ])('%s %s is refused, naming them', async (method, path) => {
      const answer = await api.call(method, path);
      expect(answer.body).toMatchObject({ status: 409, code: 'commands-in-flight', commands: ['c-7'] });
      expect(api.started.decommissions).toEqual([]);
    });

    test.each([
      ['POST', move, { force: true }],
      ['POST', whole, { force: true }],
      ['DELETE', '/api/v1/devices/boiler-1?force=true', undefined],
    ])('%s %s with force begins all the same', async (method, path, body) => {
      expect((await api.call(method, path, body)).status).toBe(202);
      expect(api.started.decommissions).toEqual([expect.objectContaining({ device_id: 'boiler-1' })]);
    });

    test('one that is being decommissioned is joined', async () => {
      api.deps.directory.apply(deviceState('boiler-1', { state: 'decommissioning', version: 9 }));
      expect((await api.call('POST', whole)).status).toBe(202);
    });
  });

  test('no device is 404', async () => {
    for (const [method, path] of [
      ['GET', '/api/v1/devices/none'],
      ['POST', '/api/v1/devices/none/provision'],
      ['POST', '/api/v1/devices/none/decommission'],
      ['GET', '/api/v1/devices/none/readings'],
      ['GET', '/api/v1/devices/none/history'],
    ] as const)
      expect((await api.call(method, path)).status).toBe(404);
  });
});

describe('lists', () => {
  beforeEach(() => {
    for (let i = 0; i < 25; i++)
      api.deps.directory.apply(
        deviceState(`d${String(i).padStart(2, '0')}`, {
          path: i < 10 ? 'acme/north' : 'acme/northern',
          labels: { parity: i % 2 ? 'odd' : 'even' },
        }),
      );
  });

  test('cursors walk every device once, in order', async () => {
    const seen: unknown[] = [];
    let cursor = '';
    do {
      const page = await api.call('GET', `/api/v1/devices?limit=10${cursor && `&cursor=${cursor}`}`);
      seen.push(...(page.body['items'] as { device_id: string }[]).map((d) => d.device_id));
      cursor = (page.body['next'] as string | undefined) ?? '';
    } while (cursor);
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => `d${String(i).padStart(2, '0')}`));
  });

  test.each([
    ['path=acme/north', 10],
    ['path=acme', 25],
    ['label=parity=odd', 12],
    ['label=parity=odd&label=parity=even', 0],
    ['state=active&q=D0', 10],
    ['state=suspended', 0],
    ['agent=edge-2', 0],
  ])('filter %s finds %d', async (query, n) => {
    const page = await api.call('GET', `/api/v1/devices?${query}`);
    expect(page.body['items']).toHaveLength(n);
  });
});

describe('what does not fit', () => {
  test.each([
    ['POST', '/api/v1/devices', {}, 400],
    ['POST', '/api/v1/devices', { device_id: '../../etc' }, 400],
    ['POST', '/api/v1/devices', { device_id: 'a', nonsense: 1 }, 400],
    ['POST', '/api/v1/devices', '{"device_id":', 400],
    ['POST', '/api/v1/devices/a/explode', {}, 400],
    ['GET', '/api/v1/devices?limit=0', undefined, 400],
    ['GET', '/api/v1/devices?limit=5000', undefined, 400],
    ['GET', '/api/v1/nothing', undefined, 404],
    ['PUT', '/api/v1/devices/a', {}, 405],
    ['POST', '/api/v1/devices', `{"device_id":"a","name":"${'x'.repeat(300_000)}"}`, 413],
  ])('%s %s %# is answered with a problem', async (method, path, body, status) => {
    const answer = await api.call(method, path, body);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch('application/problem+json');
    expect(answer.body['instance']).toBe(answer.headers.get('x-request-id'));
  });

  test('a method that a path does not have is answered with those that it has', async () => {
    const answer = await api.call('DELETE', '/api/v1/devices');
    expect([answer.status, answer.headers.get('allow')?.split(', ').sort()]).toEqual([405, ['GET', 'POST']]);
  });

  test('without the token nothing is answered but 401', async () => {
    for (const authorization of ['', 'Bearer wrong', 'Basic abc'])
      expect((await api.call('GET', '/api/v1/devices', undefined, { authorization })).status).toBe(401);
  });

  test('the OpenAPI document is served to anybody', async () => {
    const answer = await api.call('GET', '/openapi.json', undefined, { authorization: '' });
    expect(answer.body).toMatchObject({ openapi: '3.1.0' });
  });

  test('the description allows what the registry allows, no more and no less', () => {
    const { NewDevice, DeviceChange, PlantPath, Labels } = (openApiDocument().components?.schemas ?? {}) as Record<
      string,
      { readonly properties: object; readonly pattern: string }
    >;
    for (const schema of [NewDevice, DeviceChange])
      expect(schema?.properties).toMatchObject({
        ...{ agent_id: { pattern: AGENT_ID.source }, parent_id: { pattern: DEVICE_ID.source } },
        ...{ name: { maxLength: LIMITS.name_chars }, model: { maxLength: LIMITS.model_chars } },
      });
    expect(Labels).toMatchObject({
      ...{ maxProperties: LIMITS.labels, propertyNames: { pattern: LABEL_KEY.source } },
      additionalProperties: { maxLength: LIMITS.label_value_chars },
    });
    const pattern = new RegExp(PlantPath?.pattern ?? '', 'u');
    const long = 'l'.repeat(LIMITS.path_level_chars);
    for (const path of [
      '',
      'a',
      'a/b c/d',
      long,
      `${long}l`,
      'a//b',
      '/a',
      'a/',
      ' a',
      'a ',
      'a/b/c/d/e',
      'a/b/c/d/e/f',
    ])
      expect([path, pattern.test(path)]).toEqual([path, checkArguments('update', { path }).length === 0]);
  });
});

describe('pseudonyms', () => {
  const register = async (device_id: string) =>
    (await api.call('POST', '/api/v1/devices', { device_id, pseudonym: true }, { 'idempotency-key': 'k' })).body[
      'device_id'
    ];
  const find = (device_id: string) => api.call('POST', '/api/v1/pseudonyms:find', { device_id });

  test('the same for the same name, of which nothing is kept', async () => {
    const id = await register('alice-heatpump');
    expect(id).toMatch(/^px-[0-9a-f]{32}$/);
    expect([await register('alice-heatpump'), await register('bob-heatpump')]).toEqual([
      id,
      expect.not.stringMatching(`^${id as string}$`),
    ]);
    expect((await api.call('GET', `/api/v1/devices/${id as string}`)).body).toMatchObject({
      device_id: id,
      version: 1,
    });
    expect((await api.call('GET', '/api/v1/devices/alice-heatpump')).status).toBe(404);
    expect(JSON.stringify([api.audit, (await api.call('GET', '/api/v1/devices')).body])).not.toContain('heatpump');
  });

  test('whoever knows the name finds the device, until the key is erased; then names lead elsewhere', async () => {
    const id = await register('alice-heatpump');
    expect((await find('alice-heatpump')).body).toEqual({ device_id: id, registered: true });
    expect((await find('carol-heatpump')).body).toMatchObject({ registered: false });
    expect((await api.call('DELETE', '/api/v1/pseudonyms')).body).toEqual({ erased: true });
    expect([(await find('alice-heatpump')).status, (await api.call('DELETE', '/api/v1/pseudonyms')).body]).toEqual([
      ...[404, { erased: false }],
    ]);
    expect(api.deps.directory.get('default', String(id))).toBeDefined();
    expect(await register('alice-heatpump')).not.toBe(id);
  });

  test('a tenant’s are its own, and an installation without a folder for keys has none', async () => {
    const of = (tenant: string) => api.deps.pseudonyms.register(tenant)('alice-heatpump');
    expect(of('acme')).not.toBe(of('other'));
    const without = new Pseudonyms(undefined);
    expect(() => without.register('acme')).toThrow(/PSEUDONYM_KEY_DIR/);
    expect(() => api.deps.pseudonyms.register('../acme')).toThrow(/PSEUDONYM_KEY_DIR/);
  });
});
