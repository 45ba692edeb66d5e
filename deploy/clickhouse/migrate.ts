/** Brings a database to the state the numbered files describe, and remembers which it has had. */
import { type Migration, MigrationError, type Target } from './render';

/** Runs one statement and gives its answer as text. */
export type Execute = (sql: string) => Promise<string>;

export interface Applied {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

export interface Outcome {
  readonly applied: readonly string[];
  readonly already: number;
}

/** Files that only (re)make views may change freely: they are applied again when they did. */
const REPEATABLE = /^CREATE OR REPLACE /;

export const isRepeatable = (m: Migration): boolean => m.statements.every((s) => REPEATABLE.test(s));

/**
 * Which migrations are to be run. Throws MigrationError `changed-history` when a file that has been applied is another
 * now, `newer-database` when the database has had files that are not here.
 */
export function plan(migrations: readonly Migration[], applied: readonly Applied[]): Migration[] {
  const newest = Math.max(0, ...applied.map((a) => a.version));
  if (newest > migrations.length)
    throw new MigrationError(
      'newer-database',
      'migrate',
      `the database is at ${newest}, the files end at ${migrations.length}`,
      'run a release at least as new as the one that made the database',
    );
  const had = new Map(applied.map((a) => [a.version, a]));
  return migrations.filter((m) => {
    const before = had.get(m.version);
    if (!before) return true;
    if (before.checksum === m.checksum) return false;
    if (isRepeatable(m)) return true;
    throw new MigrationError(
      'changed-history',
      'migrate',
      `${m.name} was applied with checksum ${before.checksum.slice(0, 12)} and is ${m.checksum.slice(0, 12)} now`,
      'restore the file and put the change into a new one with the next number',
    );
  });
}

/** Files that the database has had; none when there is no database yet. */
export async function applied(execute: Execute, target: Target): Promise<Applied[]> {
  try {
    return parseApplied(await execute(historyQuery(target)));
  } catch (error) {
    if (/UNKNOWN_(TABLE|DATABASE)/.test((error as Error).message)) return [];
    throw error;
  }
}

/** Applies what is missing, in order. Every statement may be run again, so a crash half way is mended by the next run. */
export async function migrate(execute: Execute, migrations: readonly Migration[], target: Target): Promise<Outcome> {
  await execute(`CREATE DATABASE IF NOT EXISTS ${target.database} ${onCluster(target)}`.trim());
  await execute(historyTable(target));
  const missing = plan(migrations, parseApplied(await execute(historyQuery(target))));
  for (const m of missing) {
    for (const statement of m.statements) await run(execute, m, statement);
    await execute(
      `INSERT INTO ${target.database}.schema_migrations (version, name, checksum) VALUES (${m.version}, '${m.name}', '${m.checksum}')`,
    );
  }
  return { applied: missing.map((m) => m.name), already: migrations.length - missing.length };
}

async function run(execute: Execute, m: Migration, statement: string): Promise<void> {
  try {
    await execute(statement);
  } catch (cause) {
    const line = statement.split('\n', 1)[0] ?? '';
    throw new MigrationError('refused', m.name, `${line}: ${(cause as Error).message}`, 'see the words of ClickHouse', {
      cause,
    });
  }
}

const onCluster = (t: Target): string => (t.kind === 'cluster' ? `ON CLUSTER '${t.cluster}'` : '');

/** On a cluster every node of every shard has the whole history. */
function historyTable(target: Target): string {
  const engine =
    target.kind === 'cluster'
      ? "ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/history', '{shard}-{replica}', applied_at)"
      : 'ReplacingMergeTree(applied_at)';
  return `CREATE TABLE IF NOT EXISTS ${target.database}.schema_migrations ${onCluster(target)}
(
    version UInt32 COMMENT 'Number of the file',
    name String COMMENT 'Its name',
    checksum String COMMENT 'SHA-256 of the file',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When, UTC'
)
ENGINE = ${engine} ORDER BY version SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Numbered files of deploy/clickhouse that this database has had'`;
}

const historyQuery = (t: Target): string =>
  `SELECT version, name, checksum FROM ${t.database}.schema_migrations FINAL ORDER BY version FORMAT TSV`;

function parseApplied(text: string): Applied[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [version = '', name = '', checksum = ''] = line.split('\t');
      return { version: Number(version), name, checksum };
    });
}
