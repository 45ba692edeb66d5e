/** SQL and dead letters of a platform that a context names. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, FakeApi, type Seen } from '../support/fake-api';
import { cli } from '../support/run-cli';

const dir = mkdtempSync(join(tmpdir(), 'millrace-elsewhere-'));
const env = { MILLRACE_CONTEXTS: join(dir, 'contexts.yaml') };
const secret = join(dir, 'password');
writeFileSync(secret, 'a-only\n');
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('query', () => {
  const asked: { url: string; user: unknown; key: unknown; sql: string }[] = [];
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = createServer((req, res) => {
      let sql = '';
      req.on('data', (chunk) => (sql += String(chunk)));
      req.on('end', () => {
        const { 'x-clickhouse-user': user, 'x-clickhouse-key': key } = req.headers;
        asked.push({ url: req.url ?? '', user, key, sql });
        if (sql.startsWith('DROP')) res.writeHead(500).end('Code: 164. Cannot execute query in readonly mode');
        else res.end('{"n":1}\n');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((closed) => server.close(closed)));
  beforeEach(() => asked.splice(0));

  const add = (...more: string[]) => cli(['context', 'add', 'north', '--url', 'https://north.example', ...more], env);
  const analyst = () => [
    '--clickhouse-url',
    `${url}/`,
    '--clickhouse-user',
    'ann',
    '--clickhouse-password-file',
    secret,
  ];

  test('asks the ClickHouse of the context as its analyst, and hands on what that refuses', async () => {
    await add(...analyst());
    const { code, out } = await cli(['--context', 'north', 'query', '--json', 'SELECT 1 AS n'], env);
    expect([code, out]).toEqual([0, '{"n":1}\n']);
    const at = '/?database=millrace&default_format=JSONEachRow';
    expect(asked).toEqual([{ url: at, user: 'ann', key: 'a-only', sql: 'SELECT 1 AS n' }]);
    const refused = await cli(['--context', 'north', 'query', 'DROP TABLE readings_raw'], env);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('readonly mode')]);
  });

  test('takes CLICKHOUSE_URL before a context that is only in use, not before one that is named', async () => {
    await add(...analyst());
    await cli(['context', 'use', 'north'], env);
    const variables = { ...env, CLICKHOUSE_URL: url, CLICKHOUSE_USER: 'bob', CLICKHOUSE_DATABASE: 'd' };
    await cli(['query', '--csv', 'SELECT 1'], variables);
    await cli(['--context', 'north', 'query', '--csv', 'SELECT 1'], variables);
    await cli(['query', 'SELECT 1'], env);
    await cli(['context', 'use', 'local'], env);
    expect(asked.map((a) => [a.user, new URLSearchParams(a.url.slice(2)).get('default_format')])).toEqual([
      ['bob', 'CSVWithNames'],
      ['ann', 'CSVWithNames'],
      ['ann', 'TabSeparatedWithNames'],
    ]);
  });

  test('says what a context lacks', async () => {
    await add();
    const { code, err } = await cli(['--context', 'north', 'query', 'SELECT 1'], env);
    expect([code, asked]).toEqual([1, []]);
    expect(err).toContain(
      'the context north does not say where its ClickHouse is\n  add it anew with --clickhouse-url',
    );
  });

  test.each([
    [['--clickhouse-user', 'ann'], 'a user of ClickHouse without its address'],
    [['--clickhouse-url', 'https://ch.example'], 'an address of ClickHouse without a user'],
    [['--clickhouse-url', 'ch.example', '--clickhouse-user', 'ann'], 'ch.example is no address'],
  ])('context add %j is refused', async (more, why) => {
    const { code, err } = await add(...more);
    expect([code, err]).toEqual([2, expect.stringContaining(why)]);
  });
});

describe('dead letters', () => {
  const row = (offset: number, at: string, reason = 'a reason') => ({
    ...{ message: `m2m.telemetry:2:${offset}`, source_topic: 'm2m.telemetry', source_partition: 2 },
    ...{ source_offset: String(offset), source_timestamp: at, consumer: 'c', code: 'refused', reason, at },
  });
  const rows = [row(9, '2026-01-02T00:00:00.000Z'), row(8, '2026-01-01T00:00:00.000Z')];

  async function elsewhere(answer: (seen: Seen) => Answer, ...argv: string[]) {
    const api = new FakeApi(answer);
    const url = await api.start();
    await cli(['context', 'add', 'south', '--url', url], env);
    const ran = await cli(['--context', 'south', 'dead-letters', ...argv], env);
    await api.stop();
    return { ...ran, asked: api.seen.map((s) => `${s.method} ${s.path}`) };
  }
  const listed = (): Answer => ({ body: { items: rows } });

  test('are listed over the API, and cut at a time', async () => {
    const { code, out, asked } = await elsewhere(
      listed,
      'list',
      '--code',
      'refused',
      '--since',
      '2026-01-01T12:00:00Z',
    );
    expect([code, asked]).toEqual([0, ['GET /api/v1/dead-letters?limit=100&code=refused']]);
    expect(out.split('\n').slice(1)).toEqual(['m2m.telemetry:2:9  2026-01-02T00:00:00.000Z  refused  a reason', '']);
    const many = await elsewhere(listed, 'list', '--limit', '1001');
    expect([many.code, many.asked]).toEqual([2, []]);
  });

  test('are shown with their bytes', async () => {
    const whole = { ...rows[0], key_hex: '6163', value_hex: '4869', headers_hex: { h: '31' }, decoded: { error: 'x' } };
    const { out, asked } = await elsewhere(() => ({ body: whole }), 'show', 'm2m.telemetry:2:9');
    expect(asked).toEqual(['GET /api/v1/dead-letters/m2m.telemetry%3A2%3A9']);
    expect(out).toMatch(/key +ac\n/);
    expect(out).toMatch(/000000 {2}48 69 .*Hi/);
  });

  test('one that is none, or no name at all, is said to be', async () => {
    const none = await elsewhere(() => ({ status: 404, body: {} }), 'show', 'm2m.telemetry:2:7');
    expect([none.code, none.err]).toEqual([1, expect.stringContaining('m2m.telemetry:2:7 is no dead letter')]);
    const nonsense = await elsewhere(listed, 'show', 'nonsense');
    expect([nonsense.code, nonsense.asked]).toEqual([2, []]);
  });

  test('are sent back one by one, each told of; what the API refuses fails the whole', async () => {
    const answer = ({ method, path }: Seen): Answer => {
      if (method === 'GET') return { body: { items: [...rows, row(7, 'x', 'x (value cut from 9 bytes)')] } };
      if (path.includes('%3A8')) return { status: 409, body: { detail: 'too long' } };
      return { body: { sent: ['m2m.telemetry:2:9'], already: [] } };
    };
    const asked = await elsewhere(answer, 'replay', '--code', 'refused');
    expect([asked.code, asked.asked.length]).toEqual([2, 1]);
    const { code, out, asked: calls } = await elsewhere(answer, 'replay', '--code', 'refused', '--confirm', '--json');
    expect(calls.slice(1)).toEqual([9, 8].map((o) => `POST /api/v1/dead-letters/m2m.telemetry%3A2%3A${o}/replay`));
    expect([code, JSON.parse(out)]).toEqual([1, { sent: ['m2m.telemetry:2:9'], already: [] }]);
  });
});
