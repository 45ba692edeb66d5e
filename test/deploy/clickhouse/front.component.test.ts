/** What clients of ClickHouse's HTTP interface rely on, against the real engine. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { brotliCompressSync, brotliDecompressSync, deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { type Front, PASSWORD, ready, secretFile, spawnFront, startFront } from './front-process';

jest.setTimeout(180_000);

let front: Front;
let client: ClickHouseClient;
const AUTH = { 'X-ClickHouse-User': 'millrace', 'X-ClickHouse-Key': PASSWORD };

beforeAll(async () => {
  front = await startFront();
  client = createClient({
    url: front.url,
    username: 'millrace',
    password: PASSWORD,
    compression: { request: true, response: true },
    log: { level: 127 },
  });
  await front.sql('CREATE TABLE t (a UInt32, s String) ENGINE = MergeTree ORDER BY a');
});

afterAll(async () => {
  await client.close();
  await front.stop();
});

const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${front.url}${path}`, { ...init, headers: { ...AUTH, ...init.headers } });

/** Raw bytes: fetch would decompress. */
async function raw(
  path: string,
  headers: Record<string, string>,
): Promise<{ encoding: string | undefined; body: Buffer }> {
  const call = request(`${front.url}${path}`, { method: 'POST', headers: { ...AUTH, ...headers } }).end();
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece as Buffer);
  return { encoding: answer.headers['content-encoding'], body: Buffer.concat(pieces) };
}

describe('pages', () => {
  it.each(['/', '/ping', '/replicas_status', '/healthz'])('%s', async (path) => {
    const answer = await fetch(front.url + path);
    expect([answer.status, await answer.text()]).toEqual([200, 'Ok.\n']);
  });

  it('/metrics', async () => {
    const text = await (await fetch(`${front.url}/metrics`)).text();
    expect(text).toMatch(/millrace_clickhouse_queries_total\{kind="command",result="ok"\} \d+/);
    expect(text).toMatch(/millrace_clickhouse_waiting\{lane="read"\} 0/);
  });

  it('nothing else', async () => expect((await fetch(`${front.url}/nothing`)).status).toBe(404));
});

describe('queries', () => {
  it('in the URL, in the body, or both', async () => {
    expect(await (await ask('/?query=SELECT%201')).text()).toBe('1\n');
    expect(await front.sql('SELECT 1')).toBe('1');
    expect(await (await ask('/?query=SELECT', { method: 'POST', body: '1 + 1' })).text()).toBe('2\n');
  });

  it('with settings, format, database and headers', async () => {
    const answer = await ask('/?max_threads=1&database=system&default_format=JSONEachRow&query_id=mine', {
      method: 'POST',
      body: "SELECT getSetting('max_threads') AS m, currentDatabase() AS d",
    });
    expect(JSON.parse(await answer.text())).toEqual({ m: 1, d: 'system' });
    expect(answer.headers.get('x-clickhouse-query-id')).toBe('mine');
    expect(answer.headers.get('x-clickhouse-format')).toBe('JSONEachRow');
    expect(JSON.parse(answer.headers.get('x-clickhouse-summary') ?? '{}')).toMatchObject({ read_rows: '1' });
    expect(await front.sql("SELECT getSetting('max_threads') = 1, currentDatabase()")).toBe('0\tdefault');
  });

  it('with parameters, each query its own, at the same time', async () => {
    const asked = Array.from({ length: 40 }, (_, i) =>
      front.sql('SELECT {x:String}, sleep(0.01)', { param_x: `value ${i}` }),
    );
    expect(await Promise.all(asked)).toEqual(asked.map((_, i) => `value ${i}\t0`));
  });

  it('refuses what it cannot do, with code and status', async () => {
    const failure = async (path: string, body?: string): Promise<[number, string | null]> => {
      const answer = await ask(path, body === undefined ? {} : { method: 'POST', body });
      await answer.text();
      return [answer.status, answer.headers.get('x-clickhouse-exception-code')];
    };
    expect(await failure('/', 'SELEC 1')).toEqual([400, '62']);
    expect(await failure('/', 'SELECT * FROM nothing')).toEqual([404, '60']);
    expect(await failure('/', 'SELECT 1; SELECT 2')).toEqual([400, '62']);
    expect(await failure('/?no_such_setting=1', 'SELECT 1')).toEqual([404, '115']);
    expect(await failure('/?query=DROP%20TABLE%20t')).toEqual([403, '164']);
    expect(await failure('/?compress=1', 'SELECT 1')).toEqual([501, '48']);
    expect(await failure('/?max_execution_time=1', 'SELECT count() FROM numbers(1000000000000)')).toEqual([408, '159']);
    expect((await fetch(`${front.url}/?query=SELECT%201`)).status).toBe(401);
    expect((await fetch(`${front.url}/?query=SELECT%201&user=millrace&password=x`)).status).toBe(403);
  });

  it('in any format, streamed', async () => {
    const answer = await ask('/', { method: 'POST', body: 'SELECT number FROM numbers(20000000) FORMAT RowBinary' });
    let bytes = 0;
    for await (const piece of answer.body as unknown as AsyncIterable<Uint8Array>) bytes += piece.length;
    expect(bytes).toBe(160_000_000);
    const parquet = Buffer.from(
      await (await ask('/', { method: 'POST', body: 'SELECT 1 FORMAT Parquet' })).arrayBuffer(),
    );
    expect(parquet.subarray(0, 4).toString()).toBe('PAR1');
  });

  it('waits for the end when asked to, so that a late error still has its status', async () => {
    const late = 'SELECT throwIf(number = 3000000) FROM numbers(4000000) SETTINGS max_block_size = 65536 FORMAT TSV';
    expect((await ask('/?wait_end_of_query=1', { method: 'POST', body: late })).status).toBe(500);
    const answer = await ask('/', { method: 'POST', body: late });
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
    const long = await ask('/?wait_end_of_query=1', { method: 'POST', body: 'SELECT number FROM numbers(1000000)' });
    expect((await long.text()).length).toBe(6_888_890);
  });

  it('stops when the client goes away', async () => {
    const gone = new AbortController();
    const query = ask('/', {
      method: 'POST',
      body: 'SELECT count() FROM numbers(10000000000000) WHERE NOT ignore(123454321)',
      signal: gone.signal,
    });
    await until(async () => (await running('123454321')) > 0);
    const before = await cancelled();
    gone.abort();
    await expect(query).rejects.toThrow();
    await until(async () => (await cancelled()) > before && (await running('123454321')) === 0);
  });
});

const cancelled = async (): Promise<number> =>
  Number(/millrace_clickhouse_cancelled_total (\d+)/.exec(await (await ask('/metrics')).text())?.[1]);

/** The engine lists a query that failed until its connection is used again, so those told to stop are not counted. */
const running = async (text: string): Promise<number> =>
  Number(
    await front.sql(
      `SELECT count() FROM system.processes WHERE query LIKE '%ignore(${text})%' AND query NOT LIKE '%processes%' AND NOT is_cancelled`,
    ),
  );

async function until(condition: () => Promise<boolean>, limit_ms = 30_000): Promise<void> {
  for (const deadline = Date.now() + limit_ms; Date.now() < deadline;) {
    if (await condition()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`did not happen within ${limit_ms} ms`);
}

describe('compression', () => {
  const path = '/?enable_http_compression=1&query=SELECT%20number%20FROM%20numbers(300000)';

  it.each([
    ['gzip', gunzipSync],
    ['deflate', inflateSync],
    ['br', brotliDecompressSync],
  ] as const)('of answers by %s', async (encoding, unpack) => {
    const { encoding: used, body } = await raw(path, { 'Accept-Encoding': encoding });
    expect(used).toBe(encoding);
    expect(unpack(body).length).toBe(1_988_890);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)('of bodies by %s', async (encoding, pack) => {
    const answer = await ask('/', {
      method: 'POST',
      body: pack('SELECT 5') as unknown as string,
      headers: { 'Content-Encoding': encoding },
    });
    expect(await answer.text()).toBe('5\n');
  });

  it('refuses an unknown or broken one', async () => {
    expect((await ask('/', { method: 'POST', body: 'x', headers: { 'Content-Encoding': 'zstd' } })).status).toBe(400);
    expect((await ask('/', { method: 'POST', body: 'not gzip', headers: { 'Content-Encoding': 'gzip' } })).status).toBe(
      400,
    );
  });
});

describe('inserts', () => {
  beforeEach(() => front.sql('TRUNCATE TABLE t'));
  const rows = (): Promise<string> => front.sql('SELECT count(), sum(a), max(s) FROM t');

  it('take data after the statement, or as the body', async () => {
    await front.sql("INSERT INTO t VALUES (1, 'it''s; \\n'), (2, 'b')");
    await front.sql('INSERT INTO t (s, a) FORMAT CSV\n"x",3\n"y",4');
    await front.insert('t', 'JSONEachRow', '{"a": 5, "s": "z"}');
    expect(await rows()).toBe('5\t15\tz');
  });

  it('take binary formats', async () => {
    const avro = Buffer.from(
      await (
        await ask('/', {
          method: 'POST',
          body: "SELECT toUInt32(number) AS a, 'é' AS s FROM numbers(10) FORMAT RowBinary",
        })
      ).arrayBuffer(),
    );
    await front.insert('t', 'RowBinary', avro);
    expect(await rows()).toBe('10\t45\té');
  });

  it('take nothing at all', async () => {
    await front.insert('t', 'Avro', '');
    expect(await rows()).toBe('0\t0');
  });

  it('leave nothing behind when the upload breaks', async () => {
    const call = request(`${front.url}/?query=INSERT%20INTO%20t%20FORMAT%20CSV`, { method: 'POST', headers: AUTH });
    call.on('error', () => undefined);
    call.write('1,"a"\n'.repeat(10_000));
    await new Promise((done) => setTimeout(done, 100));
    call.destroy();
    await new Promise((done) => setTimeout(done, 300));
    expect(await rows()).toBe('0\t0');
    expect(await (await fetch(`${front.url}/metrics`)).text()).toMatch(/millrace_clickhouse_spool_bytes 0/);
  });

  it('tell which row is wrong', async () => {
    await expect(front.insert('t', 'JSONEachRow', '{"a": 1}\n{"a": "x"}')).rejects.toThrow(/at row 2/);
    expect(await rows()).toBe('0\t0');
  });

  it('are not held up by long SELECTs', async () => {
    const gone = new AbortController();
    const slow = Array.from({ length: 8 }, () =>
      ask('/', {
        method: 'POST',
        body: 'SELECT count() FROM numbers(10000000000000) WHERE NOT ignore(987656789)',
        signal: gone.signal,
      }).catch(() => undefined),
    );
    await new Promise((done) => setTimeout(done, 300));
    await front.insert('t', 'CSV', '1,"a"');
    gone.abort();
    await Promise.all(slow);
    expect(await rows()).toBe('1\t1\ta');
  });
});

describe('@clickhouse/client', () => {
  it('pings, commands, inserts and reads', async () => {
    expect((await client.ping()).success).toBe(true);
    expect((await client.ping({ select: true })).success).toBe(true);
    await client.command({ query: 'CREATE OR REPLACE TABLE c (a UInt32, s String) ENGINE = MergeTree ORDER BY a' });
    const many = Readable.from(Array.from({ length: 20_000 }, (_, a) => ({ a, s: `s${a}` })));
    const { summary } = await client.insert({ table: 'c', values: many, format: 'JSONEachRow' });
    expect(summary?.written_rows).toBe('20000');
    const result = await client.query({
      query:
        'SELECT count() AS n, {s:String} AS s, {d:DateTime64(3)} AS d, {l:Array(String)} AS l, {o:Nullable(String)} AS o FROM c WHERE a < {a:UInt32}',
      query_params: { s: "it's\t\\", d: new Date(0), l: ["a'b", 'c\\d'], o: null, a: 10 },
      format: 'JSONEachRow',
    });
    expect(await result.json()).toEqual([
      { n: 10, s: "it's\t\\", d: '1970-01-01 00:00:00.000', l: ["a'b", 'c\\d'], o: null },
    ]);
  });

  it('sends long parameters as a form', async () => {
    const ids = Array.from({ length: 3000 }, (_, i) => `id ${i}`);
    const query = 'SELECT length({ids:Array(String)}) AS n';
    const result = await client.query({
      query,
      query_params: { ids },
      format: 'JSONEachRow',
      use_multipart_params_auto: true,
    });
    expect(await result.json()).toEqual([{ n: 3000 }]);
  });

  it('meets an error in the middle of a stream', async () => {
    const result = await client.query({
      query: "SELECT throwIf(number = 3000000, 'boom') AS x FROM numbers(10000000) SETTINGS max_block_size = 65536",
      format: 'JSONEachRow',
    });
    const read = async (): Promise<void> => {
      for await (const rows of result.stream()) void rows;
    };
    await expect(read()).rejects.toMatchObject({ code: '395' });
  });

  it('keeps a session', async () => {
    const one = createClient({ url: front.url, username: 'millrace', password: PASSWORD, session_id: 'one' });
    await one.command({ query: 'CREATE TEMPORARY TABLE mine (x UInt8)' });
    await one.insert({ table: 'mine', values: [{ x: 7 }], format: 'JSONEachRow' });
    await one.command({ query: 'SET max_threads = 1' });
    const result = await one.query({
      query: "SELECT x, getSetting('max_threads') AS m FROM mine",
      format: 'JSONEachRow',
    });
    expect(await result.json()).toEqual([{ x: 7, m: 1 }]);
    await one.close();
    await expect(front.sql('SELECT * FROM mine')).rejects.toThrow(/UNKNOWN_TABLE/);
    await expect(front.sql('SELECT 1', { session_id: 'other', session_check: '1' })).rejects.toThrow(
      /SESSION_NOT_FOUND/,
    );
    await front.sql('SET max_threads = 1');
    expect(await front.sql("SELECT getSetting('max_threads') = 1")).toBe('0');
  });
});

describe('the process', () => {
  it('refuses a second owner of its folder, and says who owns it', async () => {
    const second = spawnFront(front.env);
    await expect(ready(second)).rejects.toThrow(new RegExp(`is owned by .*${front.process.pid}`));
  });

  it('refuses to start without a password, or with one that others can read', async () => {
    await expect(ready(spawnFront({ ...front.env, CLICKHOUSE_PASSWORD_FILE: '' }))).rejects.toThrow(
      /there is no default password/,
    );
    const open = secretFile(front.dir, 'open', 'x');
    (await import('node:fs')).chmodSync(open, 0o644);
    await expect(ready(spawnFront({ ...front.env, CLICKHOUSE_PASSWORD_FILE: open }))).rejects.toThrow(/chmod 600/);
  });

  it('ends in order at SIGTERM, and takes its folder again after kill -9', async () => {
    await front.sql('TRUNCATE TABLE t');
    await front.insert('t', 'CSV', '1,"a"');
    expect(await front.kill('SIGTERM')).toBe(0);
    await front.start();
    await front.insert('t', 'CSV', '2,"b"');
    await front.crash();
    expect(await front.sql('SELECT count(), sum(a) FROM t')).toBe('2\t3');
  });
});
