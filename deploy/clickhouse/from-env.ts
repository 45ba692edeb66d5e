/** Which server and database, from the environment: the same variables as the services'. */
import { readFileSync } from 'node:fs';
import { plaintextProblem } from '../../schemas/plaintext';
import { type Login } from './http';
import { MigrationError, type Target } from './render';

export type Env = Readonly<Record<string, string | undefined>>;

/** CLICKHOUSE_DATABASE, CLICKHOUSE_CLUSTER, CLICKHOUSE_NAMED_COLLECTION. */
export function targetOf(env: Env): Target {
  const database = env['CLICKHOUSE_DATABASE'] ?? 'millrace';
  const cluster = env['CLICKHOUSE_CLUSTER'];
  if (!cluster) return { kind: 'single', database };
  return {
    kind: 'cluster',
    database,
    cluster,
    namedCollection: env['CLICKHOUSE_NAMED_COLLECTION'] ?? 'millrace_dictionaries',
  };
}

export const userOf = (env: Env): string => env['CLICKHOUSE_USER'] ?? 'millrace';

/** CLICKHOUSE_URL, CLICKHOUSE_USER, CLICKHOUSE_PASSWORD(_FILE), MILLRACE_PLAINTEXT. Throws MigrationError. */
export function loginOf(env: Env): Login {
  const url = env['CLICKHOUSE_URL'];
  if (!url) throw refusal('CLICKHOUSE_URL is not set', 'give the HTTP address of ClickHouse');
  const connection = { remote: 'clickhouse', addresses: [url], encrypted: /^https:/i.test(url) } as const;
  const problem = plaintextProblem(env, connection);
  if (problem) throw refusal(problem.message, problem.hint);
  const file = env['CLICKHOUSE_PASSWORD_FILE'];
  const password = file ? readFileSync(file, 'utf8').trim() : (env['CLICKHOUSE_PASSWORD'] ?? '');
  return { url, user: userOf(env), password };
}

const refusal = (message: string, hint: string): MigrationError =>
  new MigrationError('unreachable', 'migrate', message, hint);
