/** The front as curl, Grafana's plugins and dashboards use it; and its memory, whatever flows through it. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { createClient } from '@clickhouse/client';
import { ANALYSTS, type Front, PASSWORD, startFront } from './front-process';

jest.setTimeout(60_000);

const MIB = 1024 * 1024;
const LOGIN = `millrace:${PASSWORD}`;

let front: Front;
beforeAll(async () => {
  front = await startFront();
  await front.sql('CREATE TABLE t (ts DateTime64(3), a UInt64, s String) ENGINE = MergeTree ORDER BY a');
});
afterAll(() => front.stop());

const curl = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)('curl', ['-sSg', '-u', LOGIN, ...args], { maxBuffer: 16 * MIB })).stdout;

describe('curl', () => {
  it('asks, with basic authentication, parameters and settings in the URL, compressed', async () => {
    expect(await curl(`${front.url}/?query=SELECT%20{x:UInt8}%2B1&param_x=4`)).toBe('5\n');
    expect(await curl('--data-binary', 'SELECT 1 AS one FORMAT JSONEachRow', front.url)).toBe('{"one":1}\n');
    const url = `${front.url}/?enable_http_compression=1&max_threads=1`;
    const text = await curl('--compressed', '-d', 'SELECT number FROM numbers(100000)', url);
    expect(text.length).toBe(588_890);
  });

  it('inserts a compressed file and reads it back', async () => {
    const file = join(front.dir, 'rows.csv.gz');
    writeFileSync(file, gzipSync('2026-01-01 00:00:00,1,"one"\n2026-01-01 00:00:01,2,"two"\n'));
    const url = `${front.url}/?query=INSERT%20INTO%20t%20FORMAT%20CSV`;
    expect(await curl('-H', 'Content-Encoding: gzip', '--data-binary', `@${file}`, url)).toBe('');
    expect(await curl('-d', 'SELECT a, s FROM t ORDER BY a', front.url)).toBe('1\tone\n2\ttwo\n');
  });

  it('is told the code and the words of an error, and -f fails', async () => {
    expect(await curl('-d', 'SELECT * FROM nothing', front.url)).toMatch(/^Code: 60\. DB::Exception: .*UNKNOWN_TABLE/);
    await expect(curl('-f', '-d', 'SELECT * FROM nothing', front.url)).rejects.toMatchObject({ code: 22 });
    await expect(curl('-f', '-u', 'millrace:wrong', front.url, '-d', 'SELECT 1')).rejects.toMatchObject({ code: 22 });
  });
});

describe('Grafana', () => {
  const basic = (user: string, password: string): Record<string, string> => ({
    Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
  });

  it('gets time series as JSON with meta by GET, as an analyst', async () => {
    const query =
      'SELECT (intDiv(toUInt32(ts), 60) * 60) * 1000 AS t, max(a) AS m FROM default.t WHERE ts >= toDateTime(1767225600) AND ts <= toDateTime(1767312000) GROUP BY t ORDER BY t FORMAT JSON';
    const headers = basic('auditor', ANALYSTS.auditor.password);
    const url = `${front.url}/?add_http_cors_header=1&max_execution_time=30&query=${encodeURIComponent(query)}`;
    const answer = await fetch(url, { headers });
    expect(answer.headers.get('content-type')).toMatch(/application\/json/);
    const { meta, data, rows } = (await answer.json()) as { meta: object[]; data: object[]; rows: number };
    expect(meta).toEqual([
      { name: 't', type: 'UInt64' },
      { name: 'm', type: 'UInt64' },
    ]);
    expect([rows, data]).toEqual([1, [{ t: 1767225600000, m: 2 }]]);
  });

  it('gets Native blocks, packed by gzip, as clickhouse-go asks for them', async () => {
    const url = `${front.url}/?default_format=Native&client_protocol_version=54460&enable_http_compression=1&database=default`;
    const headers = { ...basic('millrace', PASSWORD), 'Accept-Encoding': 'gzip' };
    const answer = await fetch(url, { method: 'POST', headers, body: "SELECT toUInt8(7) AS n, 'x' AS s" });
    expect([answer.headers.get('content-encoding'), answer.headers.get('x-clickhouse-format')]).toEqual([
      'gzip',
      'Native',
    ]);
    // Two columns, one row; then each column's name, type and values.
    const bytes = Buffer.from(await answer.arrayBuffer()).toString('latin1');
    expect(bytes).toBe('\x02\x01\x01n\x05UInt8\x07\x01s\x06String\x01x');
  });

  it('looks around: databases, tables, columns, and its health check', async () => {
    const headers = basic('auditor', ANALYSTS.auditor.password);
    const ask = async (query: string): Promise<{ data: Record<string, unknown>[] }> =>
      (await (await fetch(front.url, { method: 'POST', headers, body: `${query} FORMAT JSON` })).json()) as never;
    expect((await ask('SELECT 1 AS ok')).data).toEqual([{ ok: 1 }]);
    expect((await ask('SELECT name FROM system.databases')).data).toContainEqual({ name: 'default' });
    expect((await ask("SELECT name FROM system.tables WHERE database = 'default'")).data).toEqual([{ name: 't' }]);
    expect((await ask("SELECT name, type FROM system.columns WHERE table = 't'")).data).toHaveLength(3);
    expect((await ask('SELECT version() AS v, timezone() AS z')).data[0]).toMatchObject({ z: 'UTC' });
  });
});

describe('progress', () => {
  it('is told in headers when it is asked for', async () => {
    const url = `${front.url}/?send_progress_in_http_headers=1&http_headers_progress_interval_ms=100`;
    const sql = 'SELECT sum(sleepEachRow(0.1)) FROM numbers(10) SETTINGS max_block_size = 1';
    const text = await curl('-D', '-', '-o', '/dev/null', '-d', sql, url);
    const samples = [...text.matchAll(/^X-ClickHouse-Progress: (.*)\r$/gm)].map((m) => JSON.parse(m[1]!) as object);
    expect(samples.length).toBeGreaterThan(1);
    expect(samples.at(-1)).toMatchObject({
      read_rows: expect.any(String) as string,
      elapsed_ns: expect.any(String) as string,
    });
    expect(text).toMatch(/X-ClickHouse-Summary: /);
  });

  it('keeps @clickhouse/client content, and comes row by row in JSONEachRowWithProgress', async () => {
    const client = createClient({
      url: front.url,
      username: 'millrace',
      password: PASSWORD,
      clickhouse_settings: { send_progress_in_http_headers: 1, http_headers_progress_interval_ms: '200' },
      log: { level: 127 },
    });
    try {
      const query = 'SELECT number FROM numbers(3)';
      const result = await client.query({ query, format: 'JSONEachRowWithProgress' });
      const rows = (await result.text()).split('\n').filter((line) => line.includes('"row"'));
      expect(rows).toHaveLength(3);
    } finally {
      await client.close();
    }
  });
});

describe('memory', () => {
  const resident = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${front.process.pid}/status`, 'utf8'))?.[1]) * 1024;
  const AUTH = { 'X-ClickHouse-User': 'millrace', 'X-ClickHouse-Key': PASSWORD };
  /** What the engine itself takes for blocks on their way; far from the bytes that flow. */
  const SLACK = 400 * MIB;

  it('stays while a slow client takes a long answer', async () => {
    const before = resident();
    const call = request(front.url, { method: 'POST', headers: AUTH });
    call.end('SELECT number, number FROM numbers(100000000) FORMAT RowBinary');
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    answer.pause();
    await sleep(2_000); // the engine would be done long since
    expect(resident() - before).toBeLessThan(SLACK);
    call.destroy();
  });

  it('stays while a long body comes in', async () => {
    await front.sql('CREATE TABLE long (a UInt64, b UInt64) ENGINE = Null');
    const before = resident();
    const call = request(`${front.url}/?query=INSERT%20INTO%20long%20FORMAT%20RowBinary`, {
      method: 'POST',
      headers: AUTH,
    });
    const answered = once(call, 'response') as Promise<[IncomingMessage]>;
    const piece = Buffer.alloc(4 * MIB, 7);
    let most = 0;
    for (let sent = 0; sent < 600 * MIB; sent += piece.length) {
      if (!call.write(piece)) await once(call, 'drain');
      most = Math.max(most, resident() - before);
    }
    call.end();
    const [answer] = await answered;
    expect(answer.statusCode).toBe(200);
    expect(Math.max(most, resident() - before)).toBeLessThan(SLACK);
    answer.resume();
  });
});
