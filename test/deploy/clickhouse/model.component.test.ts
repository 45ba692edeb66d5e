/**
 * What windows hold, against a reckoning of our own; a month of backfill; where devices are; alarms as they stand; how
 * long tiers are kept.
 */
import { createClient } from '@clickhouse/client';
import { analystStatements } from '../../../deploy/clickhouse/analysts';
import { sourceFiles } from '../../../deploy/clickhouse/files';
import { DASHBOARDS } from '../../../deploy/observability/dashboards';
import { type AlarmOrder } from '../../../edge-agent/core/alarms/alarm';
import { AlarmBook } from '../../../edge-agent/core/alarms/book';
import { Overview } from '../../../services/api/overview';
import { random } from '../../services/projector/support/virtual-time';
import { cli } from '../support/run-cli';
import { BASE, frame, Frames } from './frames';
import { type Front, PASSWORD, startFront } from './front-process';

jest.setTimeout(60_000);

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let front: Front;
let frames: Frames;
beforeAll(async () => {
  front = await startFront();
  frames = new Frames(front);
  await front.migrate();
});
afterAll(() => front.stop());

interface Reading {
  readonly at: number;
  readonly value: number;
  readonly quality: number;
}

/** What a window must say, by the plainest reckoning. */
function reckon(readings: readonly Reading[], start: number, length: number): Record<string, number | null> {
  const own = readings.filter((r) => r.at >= start && r.at < start + length).sort((a, b) => a.at - b.at);
  const used = own.filter((r) => r.quality < 64 && Number.isFinite(r.value));
  const values = used.map((r) => r.value).sort((a, b) => a - b);
  const middle = (values.length - 1) / 2;
  let [held, weighted] = [0, 0];
  own.forEach((r, i) => {
    const ms = (own[i + 1]?.at ?? start + length) - r.at;
    if (!used.includes(r)) return;
    held += ms;
    weighted += ms * r.value;
  });
  return {
    count: used.length,
    bad_count: own.filter((r) => r.quality >= 64).length,
    mean: used.length > 0 ? values.reduce((a, b) => a + b, 0) / values.length : null,
    median: used.length > 0 ? (values[Math.floor(middle)]! + values[Math.ceil(middle)]!) / 2 : null,
    first: used[0]?.value ?? null,
    last: used.at(-1)?.value ?? null,
    time_weighted_mean: held > 0 ? weighted / held : null,
  };
}

/** Irregular, with bad ones and impossible ones, over two days. */
function irregular(chance: () => number): Reading[] {
  const readings: Reading[] = [];
  for (let at = BASE; at < BASE + 2 * DAY; at += 1 + Math.floor(chance() ** 3 * 3 * HOUR)) {
    const kind = chance();
    const value = kind < 0.05 ? NaN : kind < 0.08 ? Infinity : Math.round(chance() * 1e6) / 1e3;
    readings.push({ at, value, quality: chance() < 0.1 ? 64 : chance() < 0.1 ? 1 : 0 });
  }
  return readings;
}

test.each([1, 2, 3])('windows agree with a plain reckoning, whatever the order of arrival (seed %i)', async (seed) => {
  await frames.clear();
  const chance = random(seed);
  const readings = irregular(chance);
  const shuffled = readings.map((r) => [chance(), r] as const).sort(([a], [b]) => a - b);
  for (let i = 0, seq = 1; i < shuffled.length; i += 40, seq++) {
    const some = shuffled.slice(i, i + 40).map(([, r]) => r);
    const series = [
      {
        metric: 'm',
        dt: some.map((r) => r.at - BASE),
        value: some.map((r) => r.value),
        quality: some.map((r) => r.quality),
      },
    ];
    await frames.send([frame({ seq, series })], `irregular-${seed}-${seq}`);
  }
  for (const [table, length] of [
    ['readings_1m', 60_000],
    ['readings_1h', HOUR],
    ['readings_1d', DAY],
  ] as const) {
    const text = await front.sql(
      `SELECT toUnixTimestamp(window_start) AS at, count, bad_count, mean, median, first, last, time_weighted_mean FROM ${table} ORDER BY at FORMAT JSONEachRow`,
    );
    const rows = text.split('\n').map((line) => JSON.parse(line) as Record<string, number | null>);
    expect(rows.length).toBe(new Set(readings.map((r) => Math.floor(r.at / length))).size);
    for (const { at, ...found } of rows)
      for (const [name, expected] of Object.entries(reckon(readings, Number(at) * 1000, length)))
        if (expected === null) expect([table, at, name, found[name]]).toEqual([table, at, name, null]);
        else expect(found[name]).toBeCloseTo(expected, 6);
  }
});

test('a month of backfill after the live data gives what ordered data gives', async () => {
  const start = Date.UTC(2026, 0, 1);
  const hours = Array.from({ length: 31 * 24 }, (_, hour) =>
    frame({
      seq: hour + 1,
      ts: start + hour * HOUR,
      series: ['flow', 'level'].map((metric) => ({
        metric,
        dt: Array.from({ length: 12 }, (_v, i) => i * 300_000),
        value: Array.from({ length: 12 }, (_v, i) => hour + i / 8),
        quality: hour % 9 === 0 ? Array.from({ length: 12 }, (_v, i) => (i === 3 ? 64 : 0)) : [],
      })),
    }),
  );
  await frames.clear();
  await frames.send(hours, 'ordered month');
  const expected = await frames.everything();
  await frames.clear();
  await frames.send(hours.slice(-24), 'live day');
  for (let day = 29; day >= 0; day--)
    await frames.send(hours.slice(day * 24, day * 24 + 24).reverse(), `backfill ${day}`);
  await frames.send(hours.slice(0, 24), 'backfill 0'); // an agent's lane is repeated after a crash
  expect(await frames.everything()).toEqual(expected);
});

test('sites and metrics are told from devices and points', async () => {
  const device = (id: string, path: string, state: string): string => `('acme', '${id}', 1, '${state}', '${path}')`;
  await front.sql(
    `INSERT INTO devices_state (tenant, device_id, version, state, path) VALUES ${device('a', 'acme/north/mill/line-1', 'active')}, ${device('b', 'acme/north/kiln', 'suspended')}, ${device('c', 'acme/south', 'decommissioned')}`,
  );
  await front.sql(
    "INSERT INTO points_state (tenant, device_id, metric, kind, unit) VALUES ('acme', 'a', 'flow', 'number', 'm3/h'), ('acme', 'b', 'flow', 'number', 'L/s')",
  );
  expect(await front.sql('SELECT site, devices, active, areas FROM sites ORDER BY site')).toBe(
    "acme/north\t2\t1\t['kiln','mill']\nacme/south\t0\t0\t[]",
  );
  expect(await front.sql('SELECT metric, units, devices FROM metrics')).toBe("flow\t['L/s','m3/h']\t2");
  await frames.send(
    [frame({ tenant: 'acme', device_id: 'b', series: [{ metric: 'flow', dt: [0], value: [1], quality: [] }] })],
    'sited',
  );
  await front.sql('SYSTEM RELOAD DICTIONARIES');
  for (const view of ['readings', 'readings_1h', 'latest_values'])
    expect(await front.sql(`SELECT site, unit FROM ${view} WHERE tenant = 'acme'`)).toBe('acme/north\tL/s');
});

test('a position is the latest of both metrics, good and in range', async () => {
  await frames.clear();
  const at = (device_id: string, latitude: number, longitude: number | undefined, quality: number[] = []) => {
    const series = [{ metric: 'latitude', dt: [0], value: [latitude], quality }];
    const more = longitude === undefined ? [] : [{ metric: 'longitude', dt: [0], value: [longitude], quality: [] }];
    return frame({ tenant: 'acme', device_id, series: [...series, ...more] });
  };
  const later = { ...at('truck', 64.1, -21.9), seq: 9, ts: BASE + HOUR };
  const sent = [at('truck', 1, 1), later, at('half', 1, undefined), at('bad', 1, 1, [64]), at('far', 91, 1)];
  await frames.send([...sent, at('nan', NaN, 1)], 'placed');
  const client = createClient({ url: front.url, username: 'millrace', password: PASSWORD, database: 'millrace' });
  const rows = await new Overview(client).positions({ tenant: 'acme', scope: 'everywhere', limit: 10 });
  await client.close();
  expect(rows).toEqual([{ device_id: 'truck', latitude: 64.1, longitude: -21.9, at: expect.any(String) as string }]);
});

const raise = (by: string, priority: number, value: number): AlarmOrder => {
  return { type: 'raise', by, priority, value, message: 'too high' };
};

test('alarms are shown as the agent’s book has them: raised, acknowledged, shelved and cleared alarms, told twice or not', async () => {
  const book = new AlarmBook({ tenant: 'acme', agent_id: 'a1', boot: 'b1' }, []);
  const start = Date.UTC(2026, 0, 1);
  const orders: [string, AlarmOrder][] = [
    ['over', raise('r1', 3, 11)],
    ['over', { type: 'acknowledge' }],
    ['over', raise('r2', 1, 15)],
    ['open', raise('r1', 2, 1)],
    ['open', { type: 'shelve', until: start + HOUR, comment: 'new sensor' }],
    ['over', { type: 'clear', by: 'r1', value: 8 }],
    ['over', { type: 'clear', by: 'r2', value: 7 }],
    ['over', { type: 'acknowledge' }],
    ['over', raise('r1', 4, 12)],
  ];
  const events = orders.flatMap(([alarm, order], i) => {
    const event = book.apply('s1', alarm, order, 'ann', start + 1_000 * i);
    return typeof event === 'object' ? [{ ...event, seq: i + 1 }] : [];
  });
  const rows = [...events, events.at(-1)].map((e) => JSON.stringify(e)).join('\n');
  await front.insert('millrace.in_alarms', 'JSONEachRow', rows);
  const shown = await front.sql(
    `SELECT alarm, priority, active, acknowledged, shelved_until IS NOT NULL, shelf_comment, value, message, toUnixTimestamp(raised_at) - ${start / 1_000}
     FROM millrace.alarms ORDER BY alarm, raised_at`,
  );
  expect(shown.split('\n')).toEqual([
    'open\t2\ttrue\tfalse\t1\tnew sensor\t1\ttoo high\t3',
    'over\t1\tfalse\ttrue\t0\t\t7\ttoo high\t0',
    'over\t4\ttrue\tfalse\t0\t\t12\ttoo high\t8',
  ]);
});

test('millrace retention keeps tiers so long, by tenant', async () => {
  const env = { CLICKHOUSE_URL: front.url, CLICKHOUSE_USER: 'millrace', CLICKHOUSE_PASSWORD: PASSWORD };
  const run = (...argv: string[]) => cli(['retention', ...argv], env);
  await frames.clear();
  const series = [{ metric: 'm', dt: [0], value: [1], quality: [] }];
  const aged = (days: number) =>
    frame({ tenant: 'abc'[days % 3]!, seq: days + 1, ts: Date.now() - days * DAY - HOUR, series });
  await frames.send(
    Array.from({ length: 60 }, (_, days) => aged(days)),
    'aged',
  );
  const asked = await run('set', 'readings', '20');
  expect([asked.code, asked.out]).toEqual([
    2,
    'ALTER TABLE millrace.readings_raw MODIFY TTL toDateTime(ts) + INTERVAL 20 DAY DELETE\n',
  ]);
  expect((await run('set', 'readings', 'forever', '--tenant', 'b')).code).toBe(0);
  expect((await run('set', 'readings', '20', '--confirm')).code).toBe(0);
  expect((await run('set', 'readings', '8', '--tenant', 'a', '--confirm')).code).toBe(0);
  expect((await run('show')).out).toMatch(/readings +\(others\) +20 days\nreadings +a +8 days\nreadings +b +for ever/);
  await front.sql('OPTIMIZE TABLE readings_raw FINAL');
  // Ages of a: 0, 3, 6, 9 …; of c: 2, 5, 8 …
  expect(await front.sql('SELECT tenant, count() FROM readings GROUP BY tenant ORDER BY tenant')).toBe(
    'a\t3\nb\t20\nc\t6',
  );
  expect(await front.sql('SELECT sum(count) FROM readings_1h')).toBe('60');
  expect((await run('set', 'weeks', '1')).code).toBe(2);
});

test('the engine reads the statements for analysts on a cluster', async () => {
  const target = { kind: 'cluster', database: 'millrace', cluster: '{cluster}', namedCollection: 'n' } as const;
  const options = { tenants: ['acme', 'globex'], serviceUser: 'millrace' };
  for (const statement of analystStatements(sourceFiles(), target, options))
    await front.sql('SELECT formatQuery({sql:String})', { param_sql: statement });
});

test.each(
  DASHBOARDS.flatMap((d) =>
    d.panels.flatMap((p) => p.queries.map((q) => ({ panel: `${d.title}: ${p.title}`, ...q }))),
  ).filter((q) => q.source === 'clickhouse'),
)('the engine answers the dashboard $panel', async ({ ask }) => {
  // As Grafana's plugin fills its macro in.
  await front.sql(ask.replaceAll(/\$__timeFilter\((\w+)\)/g, '$1 >= now() - INTERVAL 1 HOUR AND $1 <= now()'));
});
