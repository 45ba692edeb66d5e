/** Makes the tables anew from the log and exchanges them; readers notice nothing. */
import { join } from 'node:path';
import { loginFrom, queryText } from '../../local/clickhouse-query';
import { Brood } from '../children';
import { type Context, type Env, ofStreamAndSql } from '../context';
import { CliError, EXIT } from '../errors';
import { copyRetention } from './retention';

export interface RebuildOptions {
  readonly from?: string;
  /** Continues a run that died. */
  readonly run?: string;
  readonly keep?: boolean;
  readonly acceptDifferences?: boolean;
}

/** topic:partition:offset, as dead letters are named. */
const MESSAGE = /^m2m\.[a-z.-]+:\d+:\d+$/;

export async function rebuild(context: Context, options: RebuildOptions): Promise<number> {
  if (options.from !== undefined && !MESSAGE.test(options.from) && Number.isNaN(Date.parse(options.from))) {
    const hint = 'such as 2026-01-31T08:00:00Z, or m2m.telemetry:0:123456 for a message';
    throw new CliError('usage', 'rebuild', `--from ${options.from} is neither a time nor a message`, hint);
  }
  const env = ofStreamAndSql(context);
  const run = options.run ?? Date.now().toString(36);
  const live = env['CLICKHOUSE_DATABASE'] ?? 'millrace';
  const next = `${live}_rebuild_${run}`;
  context.io.err(`millrace: new tables in ${next}; if this is interrupted, go on with --run ${run}\n`);
  const node = (module: string, args: readonly string[], change: Env = {}): Promise<number> =>
    child({ ...env, ...change }, [join(context.projectRoot, 'dist', ...module.split('/')), ...args]);
  const made = await node('deploy/clickhouse/main.js', [], { CLICKHOUSE_DATABASE: next });
  if (made !== 0) return EXIT.failed;
  const login = loginFrom(env);
  if (login) await copyRetention(login, next, env['CLICKHOUSE_CLUSTER']);
  const code = await node('services/projector/rebuild/main.js', [
    ...['--next', next, '--run', run],
    ...(options.from === undefined ? [] : ['--from', options.from]),
    ...(options.acceptDifferences ? ['--accept-differences'] : []),
  ]);
  if (code !== 0) {
    context.io.err(`millrace: nothing was exchanged; both copies are there: ${live} (in use) and ${next}\n`);
    return EXIT.failed;
  }
  if (!options.keep) await drop(env, next);
  context.io.err(`millrace: rebuilt${options.keep ? `; the old tables are in ${next}` : ''}\n`);
  return EXIT.ok;
}

async function child(env: Env, args: readonly string[]): Promise<number> {
  const brood = new Brood('rebuild', env);
  try {
    return (await brood.run(process.execPath, args, { data: true })).code;
  } finally {
    await brood.sweep();
  }
}

async function drop(env: Env, database: string): Promise<void> {
  const login = loginFrom(env);
  if (login) await queryText({ ...login, database: 'default' }, `DROP DATABASE ${database} SYNC`);
}
