/** Frames into tables: unfolded exactly, once however often they are sent, the same in any order, whatever dies. */
import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { type TelemetryFrame } from '../../../schemas/generated';
import { BASE, frame, Frames, TABLES } from './frames';
import { ANALYSTS, type Front, startFront } from './front-process';

jest.setTimeout(240_000);

let front: Front;
let frames: Frames;

beforeAll(async () => {
  front = await startFront();
  frames = new Frames(front);
  await front.migrate();
});
afterAll(() => front.stop());

/** Two minutes of one device: numbers with bad and impossible ones, a text, an exact integer. */
const mixed = (seq: number, over: Partial<TelemetryFrame> = {}): TelemetryFrame =>
  frame({
    seq,
    ts: BASE + seq * 30_000,
    series: [
      { metric: 'temperature', dt: [0, 1000, 2000, 3000], value: [seq, seq + 0.5, NaN, 1000], quality: [0, 1, 0, 64] },
      { metric: 'pressure', dt: [0, 90_000], value: [5, 7], quality: [] },
    ],
    text_series: [{ metric: 'state', dt: [0], value: [`run ${seq}`], quality: [] }],
    int_series: [{ metric: 'energy', dt: [0], value: [9_007_199_254_740_993n], quality: [] }],
    ...over,
  });

const send = (list: readonly TelemetryFrame[], token: string): Promise<void> => frames.send(list, token);
const everything = (): Promise<string[]> => frames.everything();
const clear = (): Promise<void> => frames.clear();
beforeEach(clear);

it('unfolds numbers, text and exact integers, and computes windows by rule', async () => {
  await send([mixed(1)], 'unfold');
  const rows = await front.sql(
    "SELECT metric, ts, value, value_int, value_text, kind, quality FROM readings WHERE metric IN ('state', 'energy') ORDER BY metric",
  );
  expect(rows.split('\n')).toEqual([
    'energy\t2026-01-15 10:00:30.000\t9007199254740992\t9007199254740993\t\\N\tint64\tgood',
    'state\t2026-01-15 10:00:30.000\t\\N\t\\N\trun 1\ttext\tgood',
  ]);
  const window =
    "SELECT count, sum, mean, min, max, median, first, last, bad_count, uncertain_count FROM readings_1m WHERE metric = 'temperature'";
  expect(await front.sql(window)).toBe('2\t2.5\t1.25\t1\t1.5\t1.25\t1\t1.5\t1\t1');
  expect(await front.sql("SELECT ts, quality_code, value FROM latest_values WHERE metric = 'temperature'")).toBe(
    '2026-01-15 10:00:33.000\t64\t1000',
  );
});

it('is the same in any order, in one insert or many', async () => {
  const list = Array.from({ length: 12 }, (_, i) => mixed(i + 1));
  await send(list, 'ordered');
  const expected = await everything();
  await clear();
  const shuffled = [...list].sort((a, b) => ((a.seq * 7) % 12) - ((b.seq * 7) % 12));
  for (const f of shuffled) await send([f], `late-${f.seq}`);
  expect(await everything()).toEqual(expected);
});

it('is the same sorted into series, whatever the order, and once when it comes again', async () => {
  const list = Array.from({ length: 12 }, (_, i) => mixed(i + 1));
  await send(list, 'whole');
  const expected = await everything();
  await clear();
  const shuffled = [...list].sort((a, b) => ((a.seq * 5) % 12) - ((b.seq * 5) % 12));
  for (let again = 0; again < 2; again++) {
    await frames.sendSorted(shuffled.slice(0, 5), 'some');
    await frames.sendSorted(shuffled.slice(5), 'others');
  }
  expect(await everything()).toEqual(expected);
});

it('changes nothing when a token comes again, and inserts equal rows under another', async () => {
  await send([mixed(1), mixed(2)], 'first');
  const once = await everything();
  await send([mixed(1), mixed(2)], 'first');
  await front.crash();
  await send([mixed(1), mixed(2)], 'first');
  expect(await everything()).toEqual(once);
  await send([mixed(1), mixed(2)], 'second');
  expect(await front.sql('SELECT count() FROM readings')).toBe('32');
  expect(await front.sql("SELECT sum(count) FROM readings_1h WHERE metric = 'temperature'")).toBe('8');
});

it('loses nothing acknowledged and doubles nothing replayed, killed in the middle of inserts', async () => {
  const list = Array.from({ length: 16 }, (_, i) => mixed(i + 1, { device_id: `device-${i % 7}` }));
  await Promise.all(list.map((f) => send([f], `calm-${f.seq}`)));
  const expected = await everything();
  await clear();
  for (let round = 0; round < 2; round++) {
    const sending = Promise.allSettled(list.map((f) => send([f], `storm-${f.seq}`)));
    await new Promise((done) => setTimeout(done, 150 * (round + 1)));
    await front.crash();
    await sending;
  }
  for (const f of list) await send([f], `storm-${f.seq}`);
  expect(await everything()).toEqual(expected);
});

it('mends a token that was written before its part, in whichever table', async () => {
  await front.sql('SYSTEM STOP MERGES');
  await send([mixed(1)], 'kept');
  await send([mixed(2)], 'cut');
  const expected = await everything();
  const parts = await front.sql(
    "SELECT argMax(path, max_block_number), table FROM system.parts WHERE active AND table IN ('readings_raw', 'readings_1h_state') GROUP BY table",
  );
  await front.kill('SIGKILL');
  for (const line of parts.split('\n')) {
    const path = (line.split('\t')[0] ?? '').replace(/\/$/, '');
    if (existsSync(path)) renameSync(path, join(front.dir, `lost-${line.split('\t')[1]}`));
  }
  await front.start();
  expect(readdirSync(front.dir).filter((f) => f.startsWith('lost-'))).toHaveLength(2);
  expect(await everything()).not.toEqual(expected);
  await send([mixed(2)], 'cut');
  expect(await everything()).toEqual(expected);
});

it.each([
  ['lengths that differ', { series: [{ metric: 'm', dt: [0, 1], value: [1], quality: [] }] }],
  ['qualities that are too few', { series: [{ metric: 'm', dt: [0, 1], value: [1, 2], quality: [0] }] }],
  ['a time before 2000', { series: [{ metric: 'm', dt: [-BASE], value: [1], quality: [] }] }],
  ['a time after 2099', { ts: Date.UTC(2300, 0, 1) }],
  ['no device', { device_id: '' }],
])('refuses a frame with %s, and nothing of its batch is left anywhere', async (what, over) => {
  await expect(send([mixed(1), frame(over)], `bad ${what}`)).rejects.toThrow(/VIOLATED_CONSTRAINT/);
  expect(await everything()).toEqual(TABLES.map(() => ''));
});

describe('analysts', () => {
  const as = async (user: keyof typeof ANALYSTS, query: string): Promise<unknown[]> => {
    const client = createClient({
      url: front.url,
      username: user,
      password: ANALYSTS[user].password,
      database: 'millrace',
      log: { level: 127 },
    });
    try {
      return await (await client.query({ query, format: 'JSONCompactEachRow' })).json();
    } finally {
      await client.close();
    }
  };
  beforeEach(() => send([mixed(1), mixed(2, { tenant: 'tenant-b' })], `analysts-${Math.floor(performance.now())}`));

  it.each([...TABLES, 'readings_raw', 'readings_1m_state'])('see their own tenant in %s', async (table) => {
    const query = `SELECT DISTINCT tenant FROM ${table} ORDER BY tenant`;
    expect(await as('analyst-a', query)).toEqual([['tenant-a']]);
    expect(await as('analyst-b', query)).toEqual([['tenant-b']]);
    expect(await as('auditor', query)).toEqual([['tenant-a'], ['tenant-b']]);
  });

  it.each([
    'SELECT * FROM (SELECT * FROM readings SETTINGS additional_table_filters = {})',
    "SELECT * FROM merge('millrace', 'readings')",
    "SELECT * FROM `merge`('millrace', 'readings')",
    "SELECT dictGet('points_by_metric', 'unit', ('tenant-b', 'x', 'y'))",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1/', 'LineAsString')",
    "INSERT INTO readings_raw (tenant) VALUES ('tenant-a')",
    'DROP TABLE readings_raw',
    'SET readonly = 0',
  ])('may not %s', async (query) => {
    await expect(as('analyst-a', query)).rejects.toMatchObject({ code: '164' });
  });

  it('learn nothing of others from joins, the ledger or the system tables', async () => {
    expect(
      await as(
        'analyst-a',
        "SELECT count() FROM readings AS a JOIN readings_raw AS b ON 1 WHERE b.tenant = 'tenant-b'",
      ),
    ).toEqual([[0]]);
    expect(await as('analyst-a', 'SELECT count() FROM system.processes')).toEqual([[0]]);
    expect(await as('analyst-a', 'SELECT count() FROM schema_migrations')).toEqual([[0]]);
  });
});
