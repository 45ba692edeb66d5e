/**
 * Readings of a fleet, made inside the engine. A tenth of the devices is one site; one device reports every second for
 * a day, as an analyst's favourite does; the others share the rest evenly over 30 days.
 */
import { sourceFiles } from '../../../deploy/clickhouse/files';
import { migrate } from '../../../deploy/clickhouse/migrate';
import { render } from '../../../deploy/clickhouse/render';
import { type Sql } from './sql';

export interface Sizes {
  readonly readings: number;
  readonly devices: number;
  /** Readings of each device. */
  readonly per_device: number;
  readonly minutes: number;
  /** Devices of the site that is asked for. */
  readonly site_devices: number;
}

export const START_S = Date.UTC(2026, 0, 1) / 1000;
/** The device whose day is asked for: one reading a second. */
export const FAVOURITE = 'device-favourite';
export const DAY_S = 86_400;
const DAYS = 30;
/** Rows of one insert: what a projector's largest batch holds. */
const CHUNK = 1_000_000;
const SITE_DEVICES = 20;

export function sizesOf(asked: number, devices: number): Sizes {
  const per_device = Math.max(1, Math.floor((asked - DAY_S) / devices));
  const readings = per_device * devices + DAY_S;
  return { readings, devices, per_device, minutes: DAYS * 1_440, site_devices: Math.min(SITE_DEVICES, devices) };
}

/** Seconds it took. The plain table gets the same rows. */
export async function fill(sql: Sql, sizes: Sizes, report: (line: string) => void): Promise<number> {
  const target = { kind: 'single', database: 'millrace' } as const;
  await migrate(sql, render(sourceFiles(), target), target);
  await sql(
    'CREATE TABLE millrace.plain (tenant String, device_id String, metric String, ts DateTime64(3), value Float64, quality UInt8) ENGINE = MergeTree ORDER BY (tenant, device_id, metric, ts)',
  );
  await devices(sql, sizes);
  const started = performance.now();
  const rows = sizes.per_device * sizes.devices;
  for (let from = 0; from < rows; from += CHUNK) {
    await into(sql, fleet(sizes, from, Math.min(CHUNK, rows - from)));
    if ((from / CHUNK) % 10 === 9)
      report(`${from + CHUNK} of ${rows}, ${Math.round((performance.now() - started) / 1000)} s`);
  }
  await into(sql, favourite());
  await settle(sql);
  return Math.round((performance.now() - started) / 1000);
}

/** Time order, all devices interleaved, as a stream brings them. Values drift, as those of machines do, to one decimal. */
function fleet({ devices: n, per_device, minutes }: Sizes, from: number, count: number): string {
  const step_ms = Math.floor((minutes * 60_000) / per_device);
  return `SELECT 'acme' AS tenant, concat('device-', toString(number % ${n})) AS device_id, 'temperature' AS metric,
    fromUnixTimestamp64Milli(toInt64(${START_S * 1000} + intDiv(number, ${n}) * ${step_ms} + cityHash64(number) % 50)) AS ts,
    round(60 + 20 * sin(intDiv(number, ${n}) / 50 + number % ${n}) + (cityHash64(number, 1) % 20) / 10, 1) AS value, 0 AS quality,
    intDiv(number, ${n}) + 1 AS seq FROM numbers(${from}, ${count})`;
}

function favourite(): string {
  return `SELECT 'acme' AS tenant, '${FAVOURITE}' AS device_id, 'temperature' AS metric,
    fromUnixTimestamp64Milli(toInt64(${START_S + DAY_S} + number) * 1000) AS ts,
    round(60 + 20 * sin(number / 500) + (cityHash64(number) % 20) / 10, 1) AS value, 0 AS quality,
    intDiv(number, 10) + 1 AS seq FROM numbers(${DAY_S})`;
}

async function into(sql: Sql, rows: string): Promise<void> {
  const settings =
    'SETTINGS max_insert_threads = 1, max_partitions_per_insert_block = 0, min_insert_block_size_rows = 1000000';
  await sql(
    `INSERT INTO millrace.readings_raw (tenant, device_id, metric, ts, value, quality, seq, agent_id, received_at) ${settings} SELECT *, 'agent-1', ts + 0.05 FROM (${rows})`,
  );
  await sql(
    `INSERT INTO millrace.plain ${settings} SELECT tenant, device_id, metric, ts, value, quality FROM (${rows})`,
  );
}

async function devices(sql: Sql, { devices: n, site_devices }: Sizes): Promise<void> {
  await sql(
    `INSERT INTO millrace.devices_state (tenant, device_id, version, state, path) SELECT 'acme', concat('device-', toString(number)), 1, 'active', if(number < ${site_devices}, 'acme/north/hall/line', concat('acme/site-', toString(number % 50), '/hall/line')) FROM numbers(${n})`,
  );
}

/** Merged as far as the engine merges by itself, so that neither side is asked in the middle of it. */
async function settle(sql: Sql): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if ((await sql("SELECT count() FROM system.merges WHERE database = 'millrace' FORMAT TSV")).trim() === '0') return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Of each tier and in all, and of the plain table. */
export async function bytesPerReading(sql: Sql, readings: number): Promise<Record<string, number>> {
  const text = await sql(
    "SELECT table, sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'millrace' AND (table LIKE 'readings%' OR table IN ('latest_state', 'plain')) GROUP BY table ORDER BY table FORMAT TSV",
  );
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
  const each = lines.map(([table = '', bytes]) => [table, Math.round((100 * Number(bytes)) / readings) / 100] as const);
  return Object.fromEntries(each);
}
