/** Tables that are made of the log, and how two copies of one are compared. Pure. */
import { Topics } from '../../../schemas/topics';

export interface Rebuilt {
  readonly table: string;
  /** Topic whose records it holds. */
  readonly topic: string;
  /** Column that holds the record's own time; undefined where the topic is compacted, or the rows are made of another table's. */
  readonly time?: string;
  /** Tier whose retention it has, and the column that this goes by. */
  readonly kept?: { readonly tier: string; readonly by: string };
  /** What is compared: the table itself, its newest versions, or the view that finishes its states. */
  readonly compare: 'rows' | 'newest' | { readonly view: string };
}

const WINDOW_VIEWS = ['readings_1m', 'readings_1h'] as const;

export const REBUILT: readonly Rebuilt[] = [
  {
    table: 'readings_raw',
    topic: Topics.telemetry.name,
    time: 'received_at',
    kept: { tier: 'readings', by: 'ts' },
    compare: 'rows',
  },
  ...WINDOW_VIEWS.map((view) => ({
    ...{ table: `${view}_state`, topic: Topics.telemetry.name, compare: { view } },
    kept: { tier: view, by: 'window_start' },
  })),
  { table: 'latest_state', topic: Topics.telemetry.name, compare: 'newest' },
  { table: 'device_events', topic: Topics.lifecycle.name, time: 'at', compare: 'rows' },
  { table: 'devices_state', topic: Topics.devices.name, compare: 'newest' },
  { table: 'points_state', topic: Topics.points.name, compare: 'newest' },
  { table: 'command_events', topic: Topics.commandEvents.name, time: 'at', compare: 'rows' },
  { table: 'session_events', topic: Topics.sessions.name, time: 'at', compare: 'rows' },
  { table: 'presence_state', topic: Topics.presence.name, compare: 'newest' },
  { table: 'alarm_events', topic: Topics.alarms.name, time: 'at', compare: 'rows' },
  { table: 'campaign_events', topic: Topics.campaigns.name, time: 'at', compare: 'rows' },
  { table: 'outbox_gaps', topic: Topics.outboxGaps.name, time: 'at', compare: 'rows' },
  { table: 'dead_letters_state', topic: Topics.deadLetters.name, time: 'at', compare: 'newest' },
  { table: 'audit_events', topic: Topics.audit.name, time: 'at', compare: 'rows' },
];

/** Tables of rows that are not made of the log: they stay. */
export const KEPT: readonly string[] = ['ingest_ledger', 'schema_migrations', 'retention'];

/** What says whether two copies are the same. `total` is a sum of floats: it depends on the order in its last digits. */
export interface Summary {
  readonly rows: string;
  readonly hash: string;
  readonly total: number;
}

/** Every column as the bytes it is stored as. */
const HASH = (columns: string): string => `toString(sum(cityHash64(formatRowNoNewline('RowBinary', ${columns}))))`;
/** All but `sum` and `mean`, which are floats summed up. */
const EXACT =
  'tenant, device_id, metric, window_start, count, bad_count, uncertain_count, min, max, median, first, last, time_weighted_mean';

/** A row of the table retention. Tenant empty: every tenant without one of its own. */
export interface Retention {
  readonly tier: string;
  readonly tenant: string;
  readonly days: number;
}

const DAY_S = 86_400;

/** Rows that the engine may have deleted in one copy and not yet in the other are not compared; nor those it will within a day. */
export function staying({ kept }: Rebuilt, rules: readonly Retention[], now_ms: number): string {
  const own = rules.filter((r) => r.tier === kept?.tier);
  if (!kept || own.length === 0) return '1';
  const since = (days: number): string =>
    days === 0 ? '1' : `${kept.by} >= toDateTime(${Math.floor(now_ms / 1000) - (days - 1) * DAY_S}, 'UTC')`;
  const others = since(own.find((r) => r.tenant === '')?.days ?? 0);
  const named = own.filter((r) => r.tenant !== '').map((r) => `tenant = '${r.tenant}', ${since(r.days)}`);
  return named.length > 0 ? `multiIf(${named.join(', ')}, ${others})` : others;
}

export function summarySql(database: string, { table, compare }: Rebuilt, where = '1'): string {
  if (typeof compare === 'object')
    return `SELECT toString(count()) AS rows, ${HASH(EXACT)} AS hash, sum(sum) AS total FROM ${database}.${compare.view} WHERE ${where}`;
  const final = compare === 'newest' ? ' FINAL' : '';
  return `SELECT toString(count()) AS rows, ${HASH('*')} AS hash, 0 AS total FROM ${database}.${table}${final} WHERE ${where}`;
}

const TOLERANCE = 1e-9;

export function isSame(a: Summary, b: Summary): boolean {
  const scale = Math.max(Math.abs(a.total), Math.abs(b.total), 1);
  return a.rows === b.rows && a.hash === b.hash && Math.abs(a.total - b.total) <= TOLERANCE * scale;
}

export interface Copy {
  /** By which it is remembered as done. */
  readonly name: string;
  readonly sql: string;
}

/** A copy is remembered beside the tables, and two blocks that happen to be equal are two: the engine must not drop one. */
const COPY_SETTINGS = 'SETTINGS insert_deduplicate = 0, max_partitions_per_insert_block = 0';

/** Rows that are older than what is replayed come from the tables as they are. Readings go by readingsCopies. */
export function copyOf(live: string, next: string, { table, time }: Rebuilt, since_ms: number): Copy | undefined {
  if (!time || since_ms === -Infinity || table === READINGS) return undefined;
  const older = `${time} < fromUnixTimestamp64Milli(${since_ms}, 'UTC')`;
  return {
    name: table,
    sql: `INSERT INTO ${next}.${table} ${COPY_SETTINGS} SELECT * FROM ${live}.${table} WHERE ${older}`,
  };
}

const READINGS = 'readings_raw';

/** Days on which readings older than that were received. */
export const olderDaysSql = (live: string, since_ms: number): string =>
  `SELECT DISTINCT toString(toDate(received_at)) AS day FROM ${live}.${READINGS} WHERE received_at < fromUnixTimestamp64Milli(${since_ms}, 'UTC') ORDER BY day`;

/**
 * Readings of one day of receipt, as frames again: windows and latest values are made of frames. One frame for each
 * metric of a frame there was, which makes the same windows.
 */
export function readingsCopy(live: string, next: string, day: string, since_ms: number): Copy {
  const series = (kind: string, value: string): string => `if(kind = '${kind}', [(metric, dt, ${value}, quality)], [])`;
  return {
    name: `${READINGS} ${day}`,
    sql: `INSERT INTO ${next}.in_telemetry (tenant, device_id, agent_id, seq, ts, received_at, clock_offset_ms, series, int_series, text_series) ${COPY_SETTINGS}
SELECT tenant, device_id, agent_id, seq, base, received, clock_offset_ms, ${series('number', 'number')}, ${series('int64', 'whole')}, ${series('text', 'words')}
FROM
(
    SELECT tenant, device_id, agent_id, seq, toUnixTimestamp64Milli(received_at) AS received, clock_offset_ms, metric, kind,
        toUnixTimestamp64Milli(min(r.ts)) AS base, arraySort(groupArray((toUnixTimestamp64Milli(r.ts), value, value_int, value_text, toInt32(r.quality)))) AS rows,
        arrayMap(t -> t - base, rows.1) AS dt, rows.2 AS number, rows.3 AS whole, rows.4 AS words, rows.5 AS quality
    FROM ${live}.${READINGS} AS r
    WHERE toDate(received_at) = '${day}' AND received_at < fromUnixTimestamp64Milli(${since_ms}, 'UTC')
    GROUP BY tenant, device_id, agent_id, seq, received_at, clock_offset_ms, metric, kind
)`,
  };
}

/** Tables that nobody has said anything about: a rebuild would forget them. */
export function unknownTables(found: readonly string[]): string[] {
  const known = new Set([...REBUILT.map((r) => r.table), ...KEPT]);
  return found.filter((table) => !known.has(table));
}
