/**
 * Readings of a fleet, made inside the engine: devices that report every 10 s, as long as the number asked for lasts; a
 * site of 20 devices that report every minute for a month; and one device that reports every second for a day.
 */
import { sourceFiles } from '../../../deploy/clickhouse/files';
import { migrate } from '../../../deploy/clickhouse/migrate';
import { render } from '../../../deploy/clickhouse/render';
import { type Sql } from './sql';

export interface Sizes {
  /** All of them. */
  readonly readings: number;
  /** Of the fleet, without the site's. */
  readonly devices: number;
  /** Readings of each device of the fleet. */
  readonly per_device: number;
}

export const START_S = Date.UTC(2026, 0, 1) / 1000;
/** The device whose day is asked for: one reading a second. */
export const FAVOURITE = 'favourite-0';
export const DAY_S = 86_400;
const FLEET_STEP_S = 10;
export const SITE_DEVICES = 20;
const SITE_STEP_S = 60;
const SITE_READINGS = SITE_DEVICES * ((30 * DAY_S) / SITE_STEP_S);
/** Rows of one insert: what a projector's largest batch holds. */
const CHUNK = 1_000_000;

export function sizesOf(asked: number, devices: number): Sizes {
  const per_device = Math.max(10, 10 * Math.floor((asked - DAY_S - SITE_READINGS) / devices / 10));
  return { readings: per_device * devices + DAY_S + SITE_READINGS, devices, per_device };
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
  const kinds: readonly Kind[] = [
    { name: 'north', devices: SITE_DEVICES, rows: SITE_READINGS, start_s: START_S, step_s: SITE_STEP_S },
    {
      name: 'device',
      devices: sizes.devices,
      rows: sizes.per_device * sizes.devices,
      start_s: START_S,
      step_s: FLEET_STEP_S,
    },
    { name: 'favourite', devices: 1, rows: DAY_S, start_s: START_S + DAY_S, step_s: 1 },
  ];
  for (const kind of kinds)
    for (let from = 0; from < kind.rows; from += CHUNK) {
      await into(sql, framesOf(kind, from, Math.min(CHUNK, kind.rows - from)));
      if ((from / CHUNK) % 10 === 9)
        report(`${from + CHUNK} of ${kind.rows}, ${Math.round((performance.now() - started) / 1000)} s`);
    }
  await settle(sql);
  return Math.round((performance.now() - started) / 1000);
}

interface Kind {
  readonly name: string;
  readonly devices: number;
  readonly rows: number;
  readonly start_s: number;
  readonly step_s: number;
}

/** Readings of one frame. */
const PER_FRAME = 10;

/** Frames in time order, all devices interleaved, as a stream brings them. Values drift, as those of machines do, to one decimal. */
function framesOf({ name, devices: n, start_s, step_s }: Kind, from: number, count: number): string {
  const nth = `intDiv(number, ${n}) * ${PER_FRAME} + i`;
  return `SELECT 'acme' AS tenant, concat('${name}-', toString(number % ${n})) AS device_id, 'agent-1' AS agent_id,
    toUInt64(intDiv(number, ${n}) + 1) AS seq, toInt64(${start_s * 1000} + intDiv(number, ${n}) * ${PER_FRAME * step_s * 1000}) AS ts,
    arrayMap(i -> toInt64(i * ${step_s * 1000} + cityHash64(number, i) % 50), range(${PER_FRAME})) AS dt,
    arrayMap(i -> round(60 + 20 * sin((${nth}) / 50 + number % ${n}) + (cityHash64(number, i, 1) % 20) / 10, 1), range(${PER_FRAME})) AS value
    FROM numbers(${Math.floor(from / PER_FRAME)}, ${Math.floor(count / PER_FRAME)})`;
}

async function into(sql: Sql, frames: string): Promise<void> {
  const settings = 'SETTINGS max_insert_threads = 1, max_partitions_per_insert_block = 0, insert_deduplicate = 0';
  const series = "[('temperature', dt, value, CAST([], 'Array(Int32)'))]";
  await sql(
    `INSERT INTO millrace.in_telemetry (tenant, device_id, agent_id, seq, ts, received_at, series) ${settings} SELECT tenant, device_id, agent_id, seq, ts, ts + 50, ${series} FROM (${frames})`,
  );
  await sql(
    `INSERT INTO millrace.plain ${settings} SELECT tenant, device_id, 'temperature', fromUnixTimestamp64Milli(ts + d), v, 0 FROM (${frames}) ARRAY JOIN dt AS d, value AS v`,
  );
}

async function devices(sql: Sql, { devices: n }: Sizes): Promise<void> {
  const device = (name: string, site: string, count: number): string =>
    `SELECT 'acme', concat('${name}-', toString(number)), 1, 'active', ${site} FROM numbers(${count})`;
  await sql(
    `INSERT INTO millrace.devices_state (tenant, device_id, version, state, path) ${device('north', "'acme/north/hall/line'", SITE_DEVICES)} UNION ALL ${device('device', "concat('acme/site-', toString(number % 50), '/hall/line')", n)}`,
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
