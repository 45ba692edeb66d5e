/** What screens ask of many devices at once, the stream's health, dead letters and profiles. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Encoder, frame, schemas } from '../../../schemas/codec';
import { projectRoot } from '../../../schemas/root';
import { AgentTopics, subjectOf } from '../../../schemas/topics';
import { Probes } from '../../../services/api/probes';
import { healthOf } from '../../../services/api/stream-health';
import { encodeIntent } from '../../../services/domain/ingest/intent';
import { Overview } from '../../../services/api/overview';
import { deviceState, type Harness, NO_OVERVIEW, NOW, startApi } from './harness';

const presence = new Encoder('presence').encode({
  ...{ tenant: 'default', device_id: 'd1', agent_id: 'edge-1', status: 'online', since: 5, last_seen: 6 },
  ...{ interval_ms: 1_000, reason: '' },
});
const LETTER = {
  ...{ source_topic: 'm2m.presence', source_partition: 0, source_offset: '9', reason: 'a reason', code: 'refused' },
  ...{ key_hex: null, value_hex: frame(7, presence).toString('hex'), headers_hex: {} },
};

let api: Harness;
const asked: unknown[] = [];
beforeAll(async () => {
  api = await startApi({
    overview: {
      ...NO_OVERVIEW,
      alarms: (q) => Promise.resolve((asked.push(q), [])),
      positions: (q) => Promise.resolve([{ ...q }]),
      commands: () => Promise.resolve([{ command_id: 'c', args: '{"value":72}', result: '' }]),
      deadLetter: (_tenant, { offset }) =>
        Promise.resolve(
          offset === '9' ? LETTER : offset === '10' ? { ...LETTER, reason: 'x (value cut from 7 bytes)' } : undefined,
        ),
    },
    schemaOf: () => Promise.resolve(schemas.presence),
  });
  api.deps.directory.apply(deviceState('d1'));
});
afterAll(() => api.close());

test('alarms are those that stand, unless all are asked for', async () => {
  await api.call('GET', '/api/v1/alarms');
  await api.call('GET', '/api/v1/alarms?standing=false&device=d1&limit=7');
  expect(asked).toEqual([
    { tenant: 'default', scope: 'everywhere', limit: 500, standing: true },
    { tenant: 'default', scope: 'everywhere', limit: 7, standing: false, device: 'd1' },
  ]);
});

test('positions are asked for within what the principal may see', async () => {
  expect((await api.call('GET', '/api/v1/positions?limit=9')).body['items']).toEqual([
    { tenant: 'default', scope: 'everywhere', limit: 9 },
  ]);
  expect((await api.call('GET', '/api/v1/positions?limit=0')).status).toBe(400);
});

test('commands have their arguments as objects', async () => {
  const { body } = await api.call('GET', '/api/v1/commands?state=verified');
  expect(body['items']).toEqual([{ command_id: 'c', args: { value: 72 }, result: {} }]);
});

test('who sees a part only asks for the devices below its sites', async () => {
  const queries: { query: string; query_params: Record<string, unknown> }[] = [];
  const engine = {
    query: (q: (typeof queries)[number]) => (queries.push(q), Promise.resolve({ json: () => Promise.resolve([]) })),
  };
  const overview = new Overview(engine as unknown as ConstructorParameters<typeof Overview>[0]);
  await overview.alarmJournal({ tenant: 'acme', scope: ['acme/north'], limit: 5 });
  expect(queries[0]?.query).toMatch(/device_id IN \(SELECT device_id FROM devices/);
  expect(queries[0]?.query_params).toEqual({ tenant: 'acme', sites: ['acme/north'], limit: 5 });
  await overview.deadLetters({ tenant: 'acme', limit: 5 });
  expect(queries[1]?.query).toMatch(/startsWith\(ifNull\(key, ''\), concat\(\{tenant:String\}, '\/'\)\)/);
  await overview.deadLetters({ tenant: undefined, limit: 5 });
  expect(queries[2]?.query_params).toEqual({ limit: 5 });
});

test('a dead letter is decoded as far as that goes, and sent back', async () => {
  const shown = await api.call('GET', '/api/v1/dead-letters/m2m.presence:0:9');
  expect(shown.body['decoded']).toMatchObject({
    event: 'presence',
    schema_id: 7,
    record: { device_id: 'd1', since: 5 },
  });
  const sent = await api.call('POST', '/api/v1/dead-letters/m2m.presence:0:9/replay');
  expect([sent.status, sent.body]).toEqual([200, { sent: ['m2m.presence:0:9'], already: [] }]);
});

test('one that was cut is not sent back, and one that is none is not found', async () => {
  expect((await api.call('POST', '/api/v1/dead-letters/m2m.presence:0:10/replay')).status).toBe(409);
  expect((await api.call('GET', '/api/v1/dead-letters/m2m.presence:0:11')).status).toBe(404);
  expect((await api.call('GET', '/api/v1/dead-letters/nonsense')).status).toBe(400);
});

describe('lag', () => {
  const ends = [
    { partition: 0, low: '0', high: '100' },
    { partition: 1, low: '40', high: '50' },
  ];
  const intent = encodeIntent({ from: 80, to: 95, groups: [], poison: [], first: false, at: NOW, shape: 'series' });

  test.each([
    ['nothing committed', [], null],
    ['an intent counts to its end', [{ partition: 0, offset: '80', metadata: intent }], 5 + 10],
    [
      'a plain commit counts to itself',
      [
        { partition: 0, offset: '80', metadata: '' },
        { partition: 1, offset: '50' },
      ],
      20,
    ],
    [
      'metadata of somebody else’s is no intent',
      [
        { partition: 0, offset: '80', metadata: 'x' },
        { partition: 1, offset: '50' },
      ],
      20,
    ],
  ])('%s', (_, commits, lag) => expect(healthOf('t', ends, commits)).toMatchObject({ written: 150, kept: 110, lag }));
});

describe('profiles', () => {
  const demo = readFileSync(join(projectRoot(), 'deploy/local/profiles/demo.yaml'), 'utf8');
  const at = '/api/v1/agents/edge-1/profile';

  test('nothing is desired at first', async () => expect((await api.call('GET', at)).status).toBe(404));

  test('one that is not valid is told with its lines, and not put', async () => {
    const profile = demo.replace('type: int16', 'type: int17');
    const { body } = await api.call('POST', `${at}/check`, { profile });
    expect(body).toMatchObject({ valid: false, problems: [{ line: 28, suggestion: 'int16' }] });
    expect((await api.call('PUT', at, { profile })).status).toBe(400);
    expect((await api.call('GET', at)).status).toBe(404);
  });

  test('one that is valid is put, and replaces only the version that was looked at', async () => {
    const { body } = await api.call('POST', `${at}/check`, { profile: demo });
    expect(body).toEqual({
      valid: true,
      agent_id: 'edge-1',
      tenant: 'default',
      devices: ['boiler-1', 'pump-1', 'meter-1'],
      problems: [],
    });
    expect((await api.call('PUT', at, { profile: demo, version: 0 })).body).toEqual({ agent_id: 'edge-1', version: 1 });
    expect((await api.call('PUT', at, { profile: demo, version: 0 })).status).toBe(412);
    expect((await api.call('GET', at)).body).toMatchObject({ version: 1, profile: demo, by: 'user:operator' });
  });

  test('that of another agent is refused', async () => {
    expect((await api.call('PUT', '/api/v1/agents/edge-2/profile', { profile: demo })).status).toBe(400);
  });
});

test('geofences are those of what is desired, also from a file that came along; others are left out', async () => {
  const feature = (name: string, type = 'Polygon') => ({
    type: 'Feature',
    properties: { name, note: 'x' },
    geometry: {
      type,
      coordinates: [
        [
          [0, 0],
          [1, 0],
          [1, 1],
          [0, 0],
        ],
      ],
    },
  });
  const at = '/api/v1/agents/edge-5/geofences';
  expect((await api.call('GET', at)).body).toEqual({ items: [], cut: false, version: 0 });
  await api.deps.profiles.put({
    ...{ tenant: 'default', agent_id: 'edge-5', version: 2, by: 'user:eve', at: NOW },
    profile: `geofences: { file: f.json, features: [${JSON.stringify(feature('yard'))}, ${JSON.stringify(feature('x', 'Point'))}] }`,
    files: { 'f.json': JSON.stringify({ type: 'FeatureCollection', features: [feature('dock')] }) },
  });
  const { body } = await api.call('GET', at);
  expect(body).toMatchObject({
    cut: false,
    version: 2,
    items: [{ properties: { name: 'yard' } }, { properties: { name: 'dock' } }],
  });
});

describe('drafts', () => {
  const DRAFT = 'agent: { id: edge-1 }\nconnections: [{ name: plc, protocol: modbus-tcp, host: h }]\n';

  test('points come back in the text, and nothing is desired by that', async () => {
    const body = {
      profile: DRAFT,
      connection: 'plc',
      device: 'pump-1',
      source: { kind: 'csv', text: 'tag,address\nflow,30001\n' },
    };
    const answer = await api.call('POST', '/api/v1/agents/edge-9/profile/points', body);
    expect(answer.body).toMatchObject({ added: { devices: 1, points: 1 }, left_out: [] });
    expect(answer.body['profile']).toContain('metric: flow');
    expect((await api.call('GET', '/api/v1/agents/edge-9/profile')).status).toBe(404);
    const nameless = await api.call('POST', '/api/v1/agents/edge-9/profile/points', { ...body, device: '' });
    expect(nameless).toMatchObject({ status: 400, body: { detail: 'name the device that the points are of' } });
  });

  test.each([
    ['a source without what it brings', DRAFT, { kind: 'csv' }],
    ['a list with nothing in it', `${DRAFT}devices: [null]\n`, { kind: 'devices', devices: [{}] }],
    ['a list that leads nowhere', 'devices: [*none]\n', { kind: 'points', points: [{ metric: 'flow' }] }],
    ['text where a section belongs', 'connections: [{ name: plc, mqtt: text }]\n', subscribing()],
  ])('%s is refused', async (_, profile, source) => {
    const body = { profile, connection: 'plc', device: 'pump-1', source };
    const answer = await api.call('POST', '/api/v1/agents/edge-9/profile/points', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
  });

  function subscribing(): object {
    return { kind: 'points', points: [{ metric: 'flow', subscription: { topic: 'a/#' } }] };
  }

  test('an agent is asked, and that is on record', async () => {
    const answer = await api.call('POST', '/api/v1/agents/edge-1/probes', { kind: 'preview', profile: DRAFT });
    expect(answer).toMatchObject({ status: 200, body: { kind: 'preview', points: 0 } });
    expect(api.audit.at(-1)).toMatchObject({ action: 'profile.probe' });
    const current = await api.call('POST', '/api/v1/agents/edge-1/probes', { kind: 'current' });
    expect(current.body).toMatchObject({ source: 'file', profile: 'agent: { id: edge-1 }' });
    const tested = await api.call('POST', '/api/v1/agents/edge-1/probes', { kind: 'test', profile: DRAFT });
    expect(tested).toMatchObject({ status: 200, body: { kind: 'test', reached: false, reason: 'refused' } });
    expect((await api.call('POST', '/api/v1/agents/edge-1/probes', { kind: 'browse' })).status).toBe(400);
    const long = { kind: 'browse', profile: DRAFT, wait_s: 31 };
    expect((await api.call('POST', '/api/v1/agents/edge-1/probes', long)).status).toBe(400);
  });

  describe('over the stream', () => {
    const sent: { topic: string; value: Buffer }[] = [];
    const ids = { [subjectOf(AgentTopics.probes('any'))]: 1 };
    const probes = new Probes({
      ...{ ids, now: () => NOW, newSecret: () => `secret-${sent.length}`, around_ms: 1 },
      ensure: ({ name }) => (name.includes('gone') ? Promise.reject(new Error('no leader')) : Promise.resolve()),
      publisher: { send: ([message]) => Promise.resolve(void sent.push(message as (typeof sent)[number])) },
    });
    const asker = { tenant: 'default', actor: 'user:eve' };
    const ask = (agent: string) =>
      probes.ask(asker, agent, { kind: 'preview', profile: DRAFT, connection: '', node: '', wait_ms: 1 });
    const said = {
      tenant: 'default',
      agent_id: 'edge-1',
      answer: '{"kind":"preview"}',
      detail: 'no such host',
      at: NOW,
    };

    test('the answer is the one that carries the secret of the question', async () => {
      const asked = ask('edge-1');
      await new Promise(setImmediate);
      expect(sent.at(-1)?.topic).toBe('m2m.agents.edge-1.probes');
      probes.answer({ ...said, probe_id: 'guessed', outcome: 'refused' });
      probes.answer({ ...said, probe_id: 'secret-0', outcome: 'answered' });
      expect(await asked).toEqual({ kind: 'preview' });
    });

    test('a refusal is told in the agent’s words, silence as such, and a broker that is away as unavailable', async () => {
      const asked = ask('edge-1');
      await new Promise(setImmediate);
      probes.answer({ ...said, probe_id: 'secret-1', outcome: 'refused' });
      await expect(asked).rejects.toMatchObject({ code: 'refused', message: 'no such host' });
      await expect(ask('edge-2')).rejects.toMatchObject({
        code: 'refused',
        message: expect.stringMatching(/said nothing/) as string,
      });
      await expect(ask('gone')).rejects.toMatchObject({ code: 'unavailable' });
    });
  });
});
