import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backup, restore } from '../../../deploy/cli/commands/backup';
import { jestCounts } from '../../../deploy/cli/commands/test';
import { type Context, known } from '../../../deploy/cli/context';
import { CliError, explain } from '../../../deploy/cli/errors';
import { duration, styled, table, wantsColor } from '../../../deploy/cli/io';
import { lagIn, linksIn } from '../../../deploy/cli/status';
import { argumentsOf } from '../../../deploy/cli/up/detach';
import { fieldEnv, summarise } from '../../../deploy/cli/up/profile';
import { type Ports } from '../../../deploy/local/port-plan';
import { seedDevices, seedModels } from '../../../deploy/cli/up/seed';
import { ApiClient } from '../../../deploy/cli/api-client';
import { externalComponents, toInstall } from '../../../deploy/local/backends';
import { dataDir } from '../../../deploy/local/data-dir';
import { without } from '../../../deploy/local/stack';
import { FakeApi } from '../support/fake-api';

describe('words for people', () => {
  test('errors say what to do, one indented line each; a bug shows its stack', () => {
    expect(explain(new CliError('usage', 'op', 'it is wrong', 'do this\nor that'))).toBe(
      'millrace: it is wrong\n  do this\n  or that\n',
    );
    expect(explain(new TypeError('oops'))).toMatch(/TypeError: oops\n\s+at /);
  });
  test('a table is as wide as it must be, numbers to the right, no trailing blanks', () => {
    const text = table(
      ['NAME', 'N'],
      [
        ['a', 1],
        ['long-name', 100],
        ['c', null],
      ],
    );
    expect(text).toBe('NAME         N\na            1\nlong-name  100\nc            -\n');
  });
  test.each([
    [850, '850 ms'],
    [2_400, '2.4 s'],
    [185_000, '3 min 05 s'],
    [7_500_000, '2 h 05 min'],
    [356_400_000, '4 d 3 h'],
  ])('%d ms is %s', (ms, text) => expect(duration(ms)).toBe(text));
  test('colour is for terminals that want it', () => {
    expect(wantsColor({}, true)).toBe(true);
    expect(wantsColor({}, false)).toBe(false);
    expect(wantsColor({ NO_COLOR: '1', FORCE_COLOR: '1' }, true)).toBe(false);
    expect(wantsColor({ TERM: 'dumb' }, true)).toBe(false);
    expect(styled('x', 'red', false)).toBe('x');
    expect(styled('x', 'red', true)).toBe('\u001b[31mx\u001b[39m');
  });
});

test('lag is the sum of the gauges that mean it, or unknown', () => {
  const metrics =
    'millrace_consumer_lag{partition="0"} 3\nmillrace_consumer_lag{partition="1"} 4\nmillrace_consumer_lag_max 9\n';
  expect(lagIn(metrics)).toBe(7);
  expect(lagIn('millrace_outbox_depth 12\n')).toBe(12);
  expect(lagIn('other 1\n')).toBeNull();
});

test('a link is told with how many of its devices are there', () => {
  const devices = [{ connected: true }, { connected: false }];
  const connections = [{ connection: 'bus', connected: true, last_error: 'garbage', devices }];
  expect(linksIn({ connections })).toEqual([
    { connection: 'bus', connected: true, last_error: 'garbage', devices: 2, devices_connected: 1 },
  ]);
  expect(linksIn({})).toEqual([]);
});

describe('profile', () => {
  const text =
    'agent: { id: "${AGENT:-edge-9}" }\nconnections: [{ port: ${PLANT_PORT:-5020} }]\ndevices:\n  - { id: b, model: boiler, labels: { x: y } }\n';
  test('gives the agent, its devices, and the variables it needs as far as they are set', () => {
    const { agentId, devices, env } = summarise(text, 'p.yaml', { PLANT_PORT: '7', OTHER: 'x' });
    expect({ agentId, devices, env }).toEqual({
      agentId: 'edge-9',
      devices: [{ id: 'b', model: 'boiler', labels: { x: 'y' } }],
      env: { PLANT_PORT: '7' },
    });
  });
  test('agent and plant are told the ports and the token that the profile refers to, and no others', () => {
    const ports = { 'plant-mqtt': 20_001, 'plant-can-agent': 20_002, 'plant-http': 20_003, api: 8_080 } as Ports;
    const of = (refers: string, env = {}): object =>
      fieldEnv(summarise(`agent: { id: e }\nx: "${refers}"`, 'p.yaml', env), ports, 'secret');
    expect(of('${PLANT_PORT:-5020}')).toEqual({});
    expect(of('${PLANT_MQTT_PORT} ${PLANT_CAN_AGENT_PORT:-1} ${PLANT_TOKEN} ${API_URL} ${PLANT_PERIOD_MS:-9}')).toEqual(
      {
        PLANT_MQTT_PORT: '20001',
        PLANT_CAN_AGENT_PORT: '20002',
        PLANT_TOKEN: 'secret',
        API_URL: 'http://127.0.0.1:8080',
      },
    );
    expect(of('${PLANT_HTTP_PORT} ${PLANT_PERIOD_MS:-9}', { PLANT_HTTP_PORT: '7', PLANT_PERIOD_MS: '50' })).toEqual({
      PLANT_HTTP_PORT: '7',
      PLANT_PERIOD_MS: '50',
    });
  });
  test.each(['a: [', 'agent: {}', ''])('%j is refused with the way to learn more', (bad) => {
    expect(() => summarise(bad, 'p.yaml', {})).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('agent validate') as string }),
    );
  });
});

describe('components of the user’s own', () => {
  test('are those whose address is set and is not ours', () => {
    expect([...externalComponents({ KAFKA_BROKERS: 'a:9092,b:9092', CLICKHOUSE_URL: '' }, {})]).toEqual(['kafka']);
    const ours = { CLICKHOUSE_URL: 'http://127.0.0.1:20123', TEMPORAL_ADDRESS: 'localhost:7233' };
    expect([...externalComponents(ours, { clickhouse: 20_123, temporal: 7233 })]).toEqual([]);
    expect([...externalComponents(ours, { clickhouse: 8123 })]).toEqual(['clickhouse', 'temporal']);
  });
  test('need not be installed', () => {
    expect([...toInstall(new Set(['kafka', 'clickhouse']))]).toEqual(['schema-registry', 'temporal']);
  });
});

test('the environment wins over what is recorded, but not with its authorities, which are among those of the instance', () => {
  const facts = { CLICKHOUSE_URL: 'https://127.0.0.1:1', KAFKA_BROKERS: 'a:1', NODE_EXTRA_CA_CERTS: '/ours' };
  const found = known(facts, { KAFKA_BROKERS: 'b:1', CLICKHOUSE_URL: '', NODE_EXTRA_CA_CERTS: '/etc/all' });
  expect(found).toEqual({ ...facts, KAFKA_BROKERS: 'b:1' });
  expect(known({}, { NODE_EXTRA_CA_CERTS: '/etc/all' })).toEqual({ NODE_EXTRA_CA_CERTS: '/etc/all' });
});

test('what is left out is needed by nobody', () => {
  const task = (name: string, needs: string[]) => ({
    kind: 'task' as const,
    name,
    needs,
    run: () => Promise.resolve(),
  });
  const left = without([task('a', []), task('b', ['a'])], new Set(['a']));
  expect(left.map(({ name, needs }) => ({ name, needs }))).toEqual([{ name: 'b', needs: [] }]);
});

test('the background half of --detach gets the same options', () => {
  expect(argumentsOf({ plant: true, detach: true })).toEqual([]);
  const all = {
    plant: false,
    profile: 'p.yaml',
    ports: 'auto',
    apiPort: '1',
    schemaRegistryPort: '2',
    without: ['x', 'y'],
  };
  expect(argumentsOf(all).join(' ')).toBe(
    '--no-plant --profile p.yaml --ports auto --without x --without y --api-port 1 --schema-registry-port 2',
  );
});

test('devices are brought up from wherever they are, and only forward', async () => {
  const states: Record<string, string> = { reg: 'registered', prov: 'provisioned', act: 'active', susp: 'suspended' };
  const after: Record<string, string> = { provision: 'provisioned', activate: 'active' };
  const view = (device_id: string): object => ({ device_id, state: states[device_id] });
  const api = new FakeApi(({ method, path, body }) => {
    if (path.includes('?')) return { body: { items: Object.keys(states).map(view) } };
    const [, , , , id = (body as { device_id: string }).device_id, step = ''] = path.split('/');
    if (method === 'GET') return states[id] ? { body: view(id) } : { status: 404, body: { detail: 'none' } };
    states[id] = after[step] ?? 'registered';
    return { body: view(id) };
  });
  const url = await api.start();
  const devices = [...Object.keys(states), 'new'].map((id) => ({ id }));
  await seedDevices(new ApiClient({ url, token: undefined }), { agentId: 'e', devices });
  await api.stop();
  const posts = api.seen.flatMap((s) => (s.method === 'POST' ? [s.path.replace('/api/v1/devices', '')] : [])).sort();
  expect(posts).toEqual(['', '/new/activate', '/new/provision', '/prov/activate', '/reg/activate', '/reg/provision']);
  expect(states['susp']).toBe('suspended');
});

test('models that the profile cannot define are said, and hinder nothing', async () => {
  const answers = [
    { body: { defined: [], left_out: [{ name: 'pump', reason: 'it is defined otherwise, by ann' }] } },
    { status: 413, body: { detail: 'it is too large' } },
    { status: 400, body: { detail: 'the profile is not valid', errors: [{ message: 'tags.csv is not here' }] } },
    { status: 500, body: { detail: 'broken' } },
  ];
  const api = new FakeApi((_, n) => answers[n - 1] ?? { body: {} });
  const client = new ApiClient({ url: await api.start(), token: undefined });
  const said: string[] = [];
  const seed = (): Promise<void> => seedModels(client, 'agent: { id: e }', (text) => said.push(text));
  for (let n = 0; n < 3; n++) await seed();
  await expect(seed()).rejects.toThrow('broken');
  await api.stop();
  expect(api.seen[0]).toMatchObject({ path: '/api/v1/models', body: { profile: 'agent: { id: e }' } });
  expect(said).toEqual([
    'model pump is not defined by the profile: it is defined otherwise, by ann',
    "the profile's models are not defined: it is too large",
    expect.stringMatching(/not defined: the profile is not valid; .*tags\.csv is not here/),
  ]);
});

describe('verdict of jest', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'millrace-verdict-'))));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const counts = (report: object | string, code: number): object => {
    writeFileSync(join(dir, 'r.json'), typeof report === 'string' ? report : JSON.stringify(report));
    return jestCounts(join(dir, 'r.json'), code);
  };
  const good = {
    numPassedTests: 5,
    numFailedTests: 0,
    numPendingTests: 1,
    numTodoTests: 1,
    numRuntimeErrorTestSuites: 0,
  };
  test('counts tests, and files that did not load as failures', () => {
    expect(counts(good, 0)).toEqual({ passed: 5, failed: 0, skipped: 2 });
    expect(counts({ ...good, numFailedTests: 1, numRuntimeErrorTestSuites: 2 }, 1)).toEqual({
      passed: 5,
      failed: 3,
      skipped: 2,
    });
  });
  test('a jest that fails without a failed test, or leaves no report, is one failure', () => {
    expect(counts(good, 1)).toMatchObject({ failed: 1 });
    expect(counts('{', 0)).toMatchObject({ failed: 1 });
    expect(jestCounts(join(dir, 'none'), 0)).toMatchObject({ failed: 1 });
  });
});

describe('backup', () => {
  let path: string;
  beforeEach(() => (path = mkdtempSync(join(tmpdir(), 'millrace-backup-'))));
  afterEach(() => rmSync(path, { recursive: true, force: true }));
  const said: string[] = [];
  const io = { out: (t: string) => said.push(t), err: (t: string) => said.push(t) } as unknown as Context['io'];
  const context = (name: string): Context => {
    return { projectRoot: path, env: {}, io, dir: () => dataDir(join(path, name)) };
  };
  const write = (file: string, text: string): void => {
    mkdirSync(join(path, file, '..'), { recursive: true });
    writeFileSync(join(path, file), text);
  };

  test('holds what the components keep; put back, what was there stays beside it, and what agents have as it is', async () => {
    write('data/kafka/log/0.log', 'old');
    write('data/secrets/key', 'secret');
    write('data/agent/outbox', 'old');
    const folder = join(path, 'copy');
    expect(await backup(context('data'), folder, {})).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(['backup.json', 'kafka', 'secrets']);
    await expect(backup(context('data'), folder, {})).rejects.toThrow(/there already/);
    write('data/kafka/log/0.log', 'new');
    write('data/temporal/db', 'new');
    write('data/agent/outbox', 'new');
    expect(await restore(context('data'), folder, {})).toBe(2);
    expect(await restore(context('data'), folder, { confirm: true })).toBe(0);
    const text = (file: string): string => readFileSync(join(path, 'data', file), 'utf8');
    expect([text('kafka/log/0.log'), text('secrets/key'), text('agent/outbox')]).toEqual(['old', 'secret', 'new']);
    const aside = readdirSync(join(path, 'data')).find((name) => name.startsWith('replaced-')) ?? '';
    expect([text(`${aside}/kafka/log/0.log`), text(`${aside}/temporal/db`)]).toEqual(['new', 'new']);
  });

  test('a folder that is none, or lacks a part, changes nothing; nor is there one without a broker', async () => {
    write('data/kafka/log/0.log', 'new');
    write('copy/backup.json', JSON.stringify({ version: 1, taken_at: 0, parts: ['kafka'] }));
    await expect(restore(context('data'), join(path, 'copy'), { confirm: true })).rejects.toThrow(/is no backup/);
    await expect(restore(context('data'), path, { confirm: true })).rejects.toThrow(/is no backup/);
    expect(readdirSync(join(path, 'data'))).toEqual(['kafka']);
    await expect(backup(context('other'), join(path, 'b'), {})).rejects.toThrow(/no broker of ours/);
  });
});
