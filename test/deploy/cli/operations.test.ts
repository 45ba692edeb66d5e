/** Alarms, sessions, profiles, what happens, and which platform is meant. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withRemote, NO_CONTEXTS } from '../../../deploy/cli/contexts';
import { type Answer, FakeApi, type Seen } from '../support/fake-api';
import { cli, type Ran } from '../support/run-cli';

const dir = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function against(
  answer: (seen: Seen, n: number) => Answer,
  argv: readonly string[],
): Promise<Ran & { seen: Seen[]; url: string }> {
  const api = new FakeApi(answer);
  const url = await api.start();
  try {
    return { ...(await cli(argv, { API_URL: url })), seen: api.seen, url };
  } finally {
    await api.stop();
  }
}

const ALARM = {
  ...{
    device_id: 'boiler-1',
    alarm: 'overheated',
    priority: 1,
    active: true,
    acknowledged: false,
    shelved_until: null,
  },
  ...{ raised_at: '2026-01-01T00:00:00.000Z', message: '93 Cel', actor: 'agent:edge-1' },
};

describe('alarm', () => {
  test('list shows those that stand', async () => {
    const { out, seen } = await against(
      () => ({ body: { items: [ALARM] } }),
      ['alarm', 'list', '--device', 'boiler-1'],
    );
    expect(seen[0]?.path).toBe('/api/v1/alarms?device=boiler-1');
    expect(out.split('\n')[1]).toMatch(/^critical {2}boiler-1 {2}overheated {2}active, unacknowledged/);
  });

  test('shelve sends a command with the minutes and the comment, and waits for it', async () => {
    const done = { command_id: 'c', device_id: 'boiler-1', state: 'executed', settled: true, transitions: [] };
    const argv = ['alarm', 'shelve', 'boiler-1', 'overheated', '--for', '2h', '--comment', 'sensor is 12 years old'];
    const { code, seen } = await against(() => ({ status: 202, body: done }), argv);
    expect(code).toBe(0);
    expect(seen[0]).toMatchObject({
      path: '/api/v1/devices/boiler-1/commands',
      body: { name: 'alarm-shelve', args: { alarm: 'overheated', minutes: 120, comment: 'sensor is 12 years old' } },
    });
  });
});

describe('profile', () => {
  const file = join(dir, 'plant.yaml');
  writeFileSync(file, 'agent:\n  id: edge-1\nport: 5021\n');
  const desired = { version: 4, profile: 'agent:\n  id: edge-1\nport: 5020\n', by: 'user:alice', at: '2026-01-01' };
  const platform =
    (found: object | undefined) =>
    ({ method, path }: Seen): Answer => {
      if (path.endsWith('/check')) return { body: { valid: true, agent_id: 'edge-1', problems: [] } };
      if (method === 'PUT') return { status: 202, body: { agent_id: 'edge-1', version: 5 } };
      return found ? { body: found } : { status: 404, body: { detail: 'nothing is desired' } };
    };

  test('plan shows the difference, with exit 2', async () => {
    const { code, out, err } = await against(platform(desired), ['profile', 'plan', file]);
    expect({ code, out, err }).toEqual({
      code: 2,
      out: '  agent:\n    id: edge-1\n- port: 5020\n+ port: 5021\n  \n',
      err: 'against version 4 of agent edge-1\n',
    });
  });

  test('plan of what is so already is exit 0', async () => {
    const same = { ...desired, profile: readFileSync(file, 'utf8') };
    expect((await against(platform(same), ['profile', 'plan', file])).code).toBe(0);
  });

  test('apply replaces the version it was planned against', async () => {
    const { code, out, seen } = await against(platform(desired), ['profile', 'apply', file, '--json']);
    expect([code, JSON.parse(out)]).toEqual([0, { agent_id: 'edge-1', version: 5, changed: true }]);
    expect(seen.at(-1)).toMatchObject({ method: 'PUT', path: '/api/v1/agents/edge-1/profile', body: { version: 4 } });
  });

  test('the first is planned against nothing', async () => {
    const { code, out } = await against(platform(undefined), ['profile', 'plan', file, '--json']);
    expect([code, JSON.parse(out)]).toEqual([2, { agent_id: 'edge-1', version: 0, changed: true }]);
  });

  test('one that is not valid is told by its own name and lines', async () => {
    const problems = [{ message: 'profile.yaml:3:7: port, expected a number' }];
    const { code, err } = await against(() => ({ body: { valid: false, problems } }), ['profile', 'plan', file]);
    expect(code).toBe(1);
    expect(err).toContain(`${file}:3:7: port, expected a number`);
  });

  describe('that is being written', () => {
    const draft = join(dir, 'draft.yaml');
    writeFileSync(draft, 'agent: { id: edge-1 }\nconnections: [{ name: plc, protocol: opcua }]\n');
    const value = {
      device: 'd',
      metric: 'm',
      value: 1.5,
      unit: 'bar',
      quality: 'good',
      time: '2026-01-01T00:00:00.000Z',
    };
    const seen = {
      kind: 'preview',
      values: [value],
      unread: ['d/n'],
      complaints: [{ connection: 'x', reason: 'down' }],
      points: 2,
    };
    const found = {
      kind: 'browse',
      protocol: 'opcua',
      points: [{ metric: 'p', node: 's=P' }],
      devices: [],
      topics: [],
      left_out: ['q: an array'],
      cut: true,
    };
    const put = {
      profile: 'agent: {}\n',
      added: { devices: 0, points: 1 },
      left_out: ['d/m: the device has it already'],
    };

    test('preview shows what the agent reads, with exit 1 when some points are silent', async () => {
      const {
        code,
        out,
        err,
        seen: asked,
      } = await against(() => ({ body: seen }), ['profile', 'preview', draft, '--wait', '9']);
      expect(asked[0]).toMatchObject({ path: '/api/v1/agents/edge-1/probes', body: { kind: 'preview', wait_s: 9 } });
      expect(code).toBe(1);
      expect(out).toMatch(/^DEVICE.*\nd +m +1\.5 {2}bar {3}good/);
      expect(err).toBe('connection x: down\nsilent: d/n\n1 of 2 points read; nothing was stored, shipped or written\n');
    });

    test('browse prints points of a profile, or the profile with them', async () => {
      const listed = await against(
        () => ({ body: found }),
        ['profile', 'browse', draft, '--connection', 'plc', '--node', 's=A'],
      );
      expect(listed).toMatchObject({ code: 0, out: 'points:\n  - metric: p\n    node: s=P\n' });
      expect(listed.err).toBe('left out: q: an array\n1 found, and more is there: begin further down with --node\n');
      const into = await against(
        ({ path }) => ({ body: path.endsWith('/probes') ? found : put }),
        ['profile', 'browse', draft, '--into', 'd'],
      );
      expect(into.out).toBe(put.profile);
      expect(into.seen[1]).toMatchObject({ body: { connection: 'plc', device: 'd', source: { kind: 'points' } } });
    });

    test('test says whether the agent can have a connection, with exit 1 when it cannot', async () => {
      const tested = { kind: 'test', connection: 'plc', protocol: 'opcua', reached: true, reason: '', took_ms: 7 };
      const had = await against(() => ({ body: tested }), ['profile', 'test', draft, '--connection', 'plc']);
      expect(had).toMatchObject({ code: 0, out: 'plc (opcua) answers, after 7 ms\n' });
      expect(had.seen[0]).toMatchObject({ body: { kind: 'test', connection: 'plc' } });
      const away = { ...tested, reached: false, reason: 'connect ECONNREFUSED' };
      const refused = await against(() => ({ body: away }), ['profile', 'test', draft]);
      expect(refused).toMatchObject({ code: 1, out: 'plc (opcua) does not: connect ECONNREFUSED\n' });
    });

    test('import prints the profile with the points, or keeps it in its file', async () => {
      const csv = join(dir, 'tags.csv');
      writeFileSync(csv, 'tag,address\n');
      const argv = ['profile', 'import', draft, '--connection', 'plc', '--device', 'd', '--csv', csv];
      const { out, err, seen: asked } = await against(() => ({ body: put }), argv);
      expect(asked[0]).toMatchObject({
        path: '/api/v1/agents/edge-1/profile/points',
        body: { source: { kind: 'csv', text: 'tag,address\n' } },
      });
      expect([out, err]).toEqual([
        put.profile,
        'left out: d/m: the device has it already\nput in: points 1, new devices 0; what would change: millrace profile plan\n',
      ]);
      expect((await against(() => ({ body: put }), [...argv, '--write'])).out).toBe('');
      expect(readFileSync(draft, 'utf8')).toBe(put.profile);
      expect((await against(() => ({ body: put }), [...argv, '--dbc', csv])).code).toBe(2);
    });

    test('show --running is what the agent works by', async () => {
      const current = { kind: 'current', source: 'file', profile: 'agent: {}\n' };
      const {
        out,
        err,
        seen: asked,
      } = await against(() => ({ body: current }), ['profile', 'show', 'edge-1', '--running']);
      expect([out, err]).toEqual([current.profile, 'a file of its own\n']);
      expect(asked[0]).toMatchObject({ path: '/api/v1/agents/edge-1/probes', body: { kind: 'current' } });
    });

    test('a draft that names no agent needs one', async () => {
      writeFileSync(draft, 'connections: []\n');
      const { code, err } = await against(() => ({ body: seen }), ['profile', 'preview', draft]);
      expect([code, err]).toEqual([2, expect.stringMatching(/names no agent/)]);
    });
  });
});

test('commands and campaigns of all devices, and sessions', async () => {
  const command = { command_id: 'c1', device_id: 'd1', name: 'stop', state: 'failed', issued_at: 't', actor: 'user:a' };
  const commands = await against(() => ({ body: { items: [command] } }), ['command', 'list', '--state', 'failed']);
  expect(commands.seen[0]?.path).toBe('/api/v1/commands?state=failed');
  expect(commands.out.split('\n')[1]).toBe('c1       d1      stop  failed  t       user:a');
  const campaigns = await against(() => ({ body: { items: [] } }), ['campaign', 'list', '--json']);
  expect([campaigns.seen[0]?.path, campaigns.out]).toEqual(['/api/v1/campaigns', '[]\n']);
  const presence = { status: 'stale', since: 's', last_seen: 'l' };
  const device = { device_id: 'd1', agent_id: 'edge-1', presence, health: { score: 60, reasons: [] } };
  const sessions = await against(() => ({ body: { items: [device] } }), ['session', 'list', '--agent', 'edge-1']);
  expect(sessions.out.split('\n')[1]).toBe('d1      edge-1  stale       60  s      l               -');
});

test('the end of devices’ lives: begun, followed, decided', async () => {
  const step = { step: 'export', state: 'running', detail: '' };
  const task = { step: 'export', problem: 'the disk is full', choices: ['retry', 'go-on'] };
  const progress = { outcome: 'running', detail: '', steps: [step], task };
  const answer = () => ({ body: { device_id: 'd1', items: [{ device_id: 'd1', ...progress }], ...progress } });
  const begun = await against(answer, [
    'decommission',
    'start',
    'd1',
    '--flush',
    '1h',
    '--when-silent',
    'ask',
    '--erase',
    '--force',
  ]);
  expect(begun.seen[0]).toMatchObject({
    path: '/api/v1/devices/d1/decommissioning',
    body: { flush_ms: 3_600_000, when_silent: 'ask', personal_data: 'erase', force: true },
  });
  const listed = await against(answer, ['decommission', 'list']);
  expect(listed.out.split('\n')[1]).toBe('d1      running  export  retry | go-on: the disk is full');
  const decided = await against(answer, ['decommission', 'go-on', 'd1', '--reason', 'no matter']);
  expect(decided.seen[0]).toMatchObject({ path: '/api/v1/devices/d1/decommissioning/go-on', method: 'POST' });
  expect(decided.out).toContain('waits for somebody: retry | go-on: the disk is full');
});

describe('context', () => {
  const file = join(dir, 'contexts.yaml');
  const env = { MILLRACE_CONTEXTS: file };

  test('is kept for its owner alone, used by name, and spoken to', async () => {
    const api = new FakeApi(() => ({ body: { items: [] } }));
    const url = await api.start();
    const token = join(dir, 'token');
    writeFileSync(token, 'a-key\n');
    await cli(['context', 'add', 'north', '--url', `${url}/`, '--token-file', token], env);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await cli(['device', 'list', '--json'], { ...env, MILLRACE_CONTEXT: 'north' })).code).toBe(0);
    expect((await cli(['context', 'use', 'north'], env)).code).toBe(0);
    expect((await cli(['device', 'list', '--json'], env)).code).toBe(0);
    expect(api.seen.map((s) => s.token)).toEqual(['Bearer a-key', 'Bearer a-key']);
    const { out } = await cli(['context', 'list', '--json'], env);
    expect((JSON.parse(out) as { name: string; current: boolean }[]).map((c) => [c.name, c.current])).toEqual([
      ['local', false],
      ['north', true],
    ]);
    expect(out).not.toContain('a-key');
    const elsewhere = await cli(['--data', '/nonexistent/millrace', 'device', 'list'], env);
    expect(elsewhere.err).toContain('nothing has run in /nonexistent/millrace yet');
    await cli(['context', 'remove', 'north'], env);
    const gone = await cli(['--context', 'north', 'device', 'list'], env);
    expect([gone.code, gone.err]).toEqual([2, 'millrace: there is no context north\n  there are: local, none\n']);
    await api.stop();
  });

  test.each([
    ['local', 'https://a.example.org'],
    ['a b', 'https://a.example.org'],
    ['a', 'ftp://a.example.org'],
    ['a', 'a.example.org'],
  ])('%s at %s is refused', (name, url) => expect(() => withRemote(NO_CONTEXTS, { name, url })).toThrow(/is no/));
});
