import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../schemas/root';
import { deviceState, type Harness, startApi } from './harness';

let api: Harness;
beforeEach(async () => (api = await startApi()));
afterEach(() => api.close());

const MODEL = {
  description: 'A boiler',
  points: [{ metric: 'setpoint', type: 'number', unit: 'Cel' }],
  commands: [
    {
      name: 'set-setpoint',
      args: [{ name: 'value', type: 'number', unit: 'Cel', min: 20, max: 95 }],
      verified_by: 'setpoint',
    },
  ],
};
const put = (path: string, body: object, headers = {}) => api.call('PUT', `/api/v1/${path}`, body, headers);

describe('models', () => {
  test('defined, read back, changed under If-Match, deleted', async () => {
    const made = await put('models/b7', MODEL, { 'if-none-match': '*' });
    expect([made.status, made.headers.get('etag')]).toEqual([201, '"1"']);
    expect(made.body).toMatchObject({ name: 'b7', version: 1, ...MODEL, changed_by: 'user:operator' });
    expect((await put('models/b7', {}, { 'if-none-match': '*' })).status).toBe(412);
    expect((await put('models/b7', {}, { 'if-match': '"7"' })).body).toMatchObject({ code: 'version-conflict' });
    const changed = await put('models/b7', { ...MODEL, description: 'x' }, { 'if-match': '"1"' });
    expect([changed.status, changed.body['version']]).toEqual([200, 2]);
    expect((await api.call('GET', '/api/v1/models')).body['items']).toMatchObject([{ name: 'b7', description: 'x' }]);
    expect((await api.call('DELETE', '/api/v1/models/b7')).status).toBe(204);
    expect((await api.call('GET', '/api/v1/models/b7')).status).toBe(404);
    expect((await api.call('DELETE', '/api/v1/models/b7')).status).toBe(404);
  });

  test('one that contradicts itself is refused with where', async () => {
    const refused = await put('models/b7', { commands: [{ name: 'go', verified_by: 'nothing' }] });
    expect([refused.status, refused.body['code']]).toEqual([400, 'invalid-request']);
    expect(refused.body['detail']).toMatch(/commands\[0\].verified_by/);
  });

  test('a command for a device of a defined model is held against it', async () => {
    await put('models/b7', MODEL);
    api.deps.directory.apply(deviceState('boiler-1', { model: 'b7' }));
    api.deps.directory.apply(deviceState('other-1', { model: 'never-defined' }));
    const send = (device: string, name: string, args: object) =>
      api.call('POST', `/api/v1/devices/${device}/commands`, { name, args });
    expect((await send('boiler-1', 'set-setpoint', { value: 72 })).status).toBe(202);
    const high = await send('boiler-1', 'set-setpoint', { value: 200 });
    expect([high.status, high.body['code']]).toEqual([422, 'command-refused']);
    expect(high.body).toMatchObject({
      errors: [{ path: 'args.value', message: '200 is above 95; expected value: number in Cel, 20 to 95' }],
      allowed: ['value: number in Cel, 20 to 95'],
    });
    expect((await send('boiler-1', 'explode', {})).body).toMatchObject({ status: 422, allowed: ['set-setpoint'] });
    expect((await send('other-1', 'explode', {})).status).toBe(202);
    expect(api.started.commands).toHaveLength(2);
  });

  test.each(['batches', 'schedules'])('so is one for many, against the model of each that fits: %s', async (route) => {
    await put('models/b7', MODEL);
    api.deps.directory.apply(deviceState('boiler-1', { model: 'b7', path: 'plant/a' }));
    api.deps.directory.apply(deviceState('other-1', { model: 'never-defined', path: 'plant/a' }));
    api.deps.directory.apply(deviceState('other-2', { model: 'never-defined', path: 'plant/b' }));
    const send = (path: string, value: number) => {
      const batch = { filter: { path }, command: { name: 'set-setpoint', args: { value } } };
      const schedule = { schedule_id: `s${value}`, cron: '0 6 * * *', batch };
      return api.call('POST', `/api/v1/${route}`, route === 'batches' ? batch : schedule);
    };
    const refused = await send('plant/a', 200);
    expect(refused.body).toMatchObject({
      status: 422,
      code: 'command-refused',
      detail: expect.stringMatching(/^model b7: /),
    });
    expect((await send('plant/b', 200)).status).toBeLessThan(300);
    expect((await send('plant/a', 72)).status).toBeLessThan(300);
    expect(api.started.batches.length + api.schedules.size).toBe(2);
  });
});

describe('groups', () => {
  test('members follow from what devices are at the moment', async () => {
    api.deps.directory.apply(deviceState('a', { labels: { hall: '2' }, path: 'acme/north' }));
    api.deps.directory.apply(deviceState('b', { labels: { hall: '3' }, path: 'acme/north' }));
    expect((await put('groups/hall-2', { filter: { labels: { hall: '2' }, path: 'acme' } })).status).toBe(201);
    const members = async () =>
      ((await api.call('GET', '/api/v1/groups/hall-2/devices')).body['items'] as { device_id: string }[]).map(
        (d) => d.device_id,
      );
    expect(await members()).toEqual(['a']);
    api.deps.directory.apply(deviceState('b', { version: 2, labels: { hall: '2' }, path: 'acme/north' }));
    expect(await members()).toEqual(['a', 'b']);
    const page = await api.call('GET', '/api/v1/groups/hall-2/devices?limit=1');
    expect(page.body['items']).toHaveLength(1);
    const next = await api.call('GET', `/api/v1/groups/hall-2/devices?limit=1&cursor=${String(page.body['next'])}`);
    expect(next.body).toMatchObject({ items: [{ device_id: 'b' }] });
  });

  test('a group of nothing in particular is refused', async () => {
    expect((await put('groups/all', { filter: {} })).status).toBe(400);
    expect((await api.call('GET', '/api/v1/groups/all/devices')).status).toBe(404);
  });
});

describe('models of a profile', () => {
  const demo = readFileSync(join(projectRoot(), 'deploy/local/profiles/demo.yaml'), 'utf8');
  const define = async (profile: string) => (await api.call('POST', '/api/v1/models', { profile })).body;
  const model = async (name: string) => (await api.call('GET', `/api/v1/models/${name}`)).body;

  test('have its points, its commands with ranges, and what verifies them', async () => {
    const defined = ['boiler', 'pump', 'energy-meter'].map((name) => ({ name, version: 1 }));
    expect(await define(demo)).toEqual({ agent_id: 'edge-1', defined, left_out: [] });
    const { points, commands } = await model('boiler');
    expect(points).toContainEqual({ metric: 'serial_number', type: 'text' });
    expect(commands).toEqual([
      {
        ...{ name: 'set-setpoint', verified_by: 'setpoint' },
        description: 'Sets the wanted water temperature and reads it back',
        args: [{ name: 'value', type: 'number', unit: 'Cel', min: 20, max: 95 }],
      },
      { name: 'release-burner', verified_by: 'burner', args: [{ name: 'on', type: 'boolean' }] },
    ]);
    expect((await model('pump'))['commands']).toContainEqual({ name: 'start', verified_by: 'running' });
    expect((await model('energy-meter'))['points']).toContainEqual({ metric: 'energy', type: 'integer', unit: 'W.h' });
  });

  test('are kept like it when another is desired of the agent, and only those', async () => {
    const warmer = demo.replace('min: 20, max: 95', 'min: 20, max: 90, default: 60');
    await api.call('PUT', '/api/v1/agents/edge-1/profile', { profile: demo });
    expect((await model('boiler'))['status']).toBe(404);
    await define(demo);
    await api.call('DELETE', '/api/v1/models/pump');
    await api.call('PUT', '/api/v1/agents/edge-1/profile', { profile: warmer });
    const [first] = (await model('boiler'))['commands'] as { args: object[] }[];
    expect(first?.args).toEqual([{ name: 'value', type: 'number', unit: 'Cel', min: 20, max: 90, required: false }]);
    expect((await model('pump'))['status']).toBe(404);
  });

  test('are left alone where somebody defined them otherwise, or devices differ', async () => {
    await put('models/pump', { description: 'Ours' });
    const another = `  - { id: boiler-2, connection: plant, unit: 4, model: boiler, commands: [{ name: half, writes: [{ metric: setpoint, value: 50 }] }] }\n`;
    expect((await define(demo.replace('  - id: pump-1\n', `${another}$&`)))['left_out']).toEqual([
      { name: 'boiler', reason: 'its devices take different commands' },
      { name: 'pump', reason: 'it is defined otherwise, by user:operator' },
    ]);
    expect(await define('agent: {}')).toMatchObject({ status: 400, code: 'invalid-request' });
  });
});
