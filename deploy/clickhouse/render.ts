/**
 * The numbered .sql files, for one node or for a replicated cluster. Pure. The files hold these marks:
 *
 *   {{database}}            name of the database
 *   {{on_cluster}}          `ON CLUSTER …` or nothing
 *   {{local T}}             table that holds the rows of this node: T, or T_local beside the Distributed T
 *   {{distributed T key}}   a statement of its own: makes the Distributed T over every T_local; left out on one node. The
 *                           key is for tables that are inserted into by that name
 *   {{engine E(args)}}      the engine, or its Replicated kind
 *   {{durable}}             settings every table with rows has: deduplication windows and fsync
 *   {{credentials}}         how a dictionary reaches its own server: nothing, or a named collection
 */
import { createHash } from 'node:crypto';

export type Target =
  | { readonly kind: 'single'; readonly database: string }
  | {
      readonly kind: 'cluster';
      readonly database: string;
      /** Name of the cluster in the servers' configuration, or a macro such as '{cluster}'. */
      readonly cluster: string;
      /** Named collection with which dictionaries log in (deploy/clickhouse/cluster/README.md). */
      readonly namedCollection: string;
    };

/** A file as it is in the repository. */
export interface SourceFile {
  /** NNN-name.sql */
  readonly name: string;
  readonly text: string;
}

export interface Migration {
  readonly version: number;
  readonly name: string;
  /** SHA-256 of the file, not of its rendering: the same history for one node and for a cluster. */
  readonly checksum: string;
  readonly statements: readonly string[];
}

export type MigrationErrorCode = 'bad-file' | 'changed-history' | 'newer-database' | 'refused' | 'unreachable';

export class MigrationError extends Error {
  constructor(
    readonly code: MigrationErrorCode,
    readonly operation: string,
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(`${operation}: ${message}`, options);
    this.name = 'MigrationError';
  }
}

/**
 * How many inserts a table remembers the tokens of. A replay of an older batch is the projector's to refuse, by the ledger.
 * Both kinds are set on every table; each engine reads its own.
 */
const DEDUPLICATION_WINDOW = 10_000;
const DEDUPLICATION_SECONDS = 30 * 24 * 3600;
const DURABLE = [
  `non_replicated_deduplication_window = ${DEDUPLICATION_WINDOW}`,
  `replicated_deduplication_window = ${DEDUPLICATION_WINDOW}`,
  `replicated_deduplication_window_seconds = ${DEDUPLICATION_SECONDS}`,
  'fsync_after_insert = 1',
  'fsync_part_directory = 1',
  'min_rows_to_fsync_after_merge = 1',
  'min_compressed_bytes_to_fsync_after_merge = 1',
  "auto_statistics_types = ''",
].join(', ');

const FILE_NAME = /^(\d{3})-[a-z0-9-]+\.sql$/;
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Migrations in order. Throws MigrationError `bad-file` for a gap, a double number or an unknown mark. */
export function render(files: readonly SourceFile[], target: Target): Migration[] {
  if (!IDENTIFIER.test(target.database)) throw bad('render', `${target.database} is no name of a database`);
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.map((file, i) => {
    const version = Number(FILE_NAME.exec(file.name)?.[1]);
    if (version !== i + 1) throw bad(file.name, `expected a file numbered ${String(i + 1).padStart(3, '0')}`);
    return {
      version,
      name: file.name,
      checksum: createHash('sha256').update(file.text).digest('hex'),
      statements: statementsOf(file.text)
        .map((s) => fill(s, target, file.name))
        .filter((s) => s !== ''),
    };
  });
}

/** A statement ends with a semicolon at the end of a line; lines that begin with `--` are for the reader. */
function statementsOf(text: string): string[] {
  const code = text
    .split('\n')
    .filter((line) => !line.startsWith('--'))
    .join('\n');
  return code
    .split(/;\s*(?:\n|$)/)
    .map((s) => s.trim())
    .filter((s) => s !== '');
}

function fill(statement: string, target: Target, file: string): string {
  const filled = statement.replaceAll(
    /( ?)\{\{(\w+)(?: ([^}]+))?\}\}/g,
    (_, space: string, mark: string, argument = '') => {
      const text = markText(mark, String(argument), target, file);
      return text === '' ? '' : space + text;
    },
  );
  return filled.trim();
}

function markText(mark: string, argument: string, target: Target, file: string): string {
  const { database } = target;
  const clustered = target.kind === 'cluster';
  switch (mark) {
    case 'database':
      return database;
    case 'on_cluster':
      return clustered ? `ON CLUSTER '${target.cluster}'` : '';
    case 'local':
      return `${database}.${argument}${clustered ? '_local' : ''}`;
    case 'distributed':
      return clustered ? distributed(argument, target) : '';
    case 'engine':
      return clustered ? replicated(argument) : argument;
    case 'durable':
      return DURABLE;
    case 'credentials':
      return clustered ? `NAME '${target.namedCollection}' ` : '';
    default:
      throw bad(file, `unknown mark {{${mark}}}`);
  }
}

/** Rows of one key lie on one shard, because the projector sends a partition of the stream to one shard: reads need no more. */
function distributed(argument: string, { database, cluster }: Extract<Target, { kind: 'cluster' }>): string {
  const [table = '', ...key] = argument.split(' ');
  const sharding = key.length > 0 ? `, ${key.join(' ')}` : '';
  return `CREATE TABLE IF NOT EXISTS ${database}.${table} ON CLUSTER '${cluster}' AS ${database}.${table}_local
ENGINE = Distributed('${cluster}', '${database}', '${table}_local'${sharding})`;
}

/** `ReplacingMergeTree(version)` becomes `ReplicatedReplacingMergeTree('/path', '{replica}', version)`. */
function replicated(engine: string): string {
  const [, kind = '', args = ''] = /^(\w+)(?:\((.*)\))?$/.exec(engine) ?? [];
  const rest = args === '' ? '' : `, ${args}`;
  return `Replicated${kind}('/clickhouse/tables/{uuid}/{shard}', '{replica}'${rest})`;
}

const bad = (operation: string, message: string): MigrationError =>
  new MigrationError('bad-file', operation, message, 'correct the files in deploy/clickhouse');
