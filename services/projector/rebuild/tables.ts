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
  { table: 'outbox_gaps', topic: Topics.outboxGaps.name, time: 'at', compare: 'rows' },
  { table: 'dead_letters_state', topic: Topics.deadLetters.name, time: 'at', compare: 'newest' },
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

/** Rows that are older than what is replayed come from the tables as they are. */
export function copySql(live: string, next: string, { table, time }: Rebuilt, since_ms: number): string | undefined {
  if (!time || since_ms === -Infinity) return undefined;
  return `INSERT INTO ${next}.${table} SELECT * FROM ${live}.${table} WHERE ${time} < fromUnixTimestamp64Milli(${since_ms}, 'UTC')`;
}

/** Tables that nobody has said anything about: a rebuild would forget them. */
export function unknownTables(found: readonly string[]): string[] {
  const known = new Set([...REBUILT.map((r) => r.table), ...KEPT]);
  return found.filter((table) => !known.has(table));
}
