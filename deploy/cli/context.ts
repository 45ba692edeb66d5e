import { readFileSync } from 'node:fs';
import { type ClickHouseLogin } from '../local/clickhouse-query';
import { type DataDir, defaultDataDir } from '../local/data-dir';
import { readRunFile, type RunFile } from '../local/supervisor/run-file';
import { contextsFile, LOCAL, readContexts, remoteOf } from './contexts';
import { CliError } from './errors';
import { type Io } from './io';

export type Env = Readonly<Record<string, string | undefined>>;

/** What every command gets. */
export interface Context {
  readonly projectRoot: string;
  readonly env: Env;
  readonly io: Io;
  /** The data directory that --data, MILLRACE_DATA or the default names. */
  readonly dir: () => DataDir;
  /** --data as given, for programs that understand it themselves. */
  readonly dataOption?: string;
  /** --context or MILLRACE_CONTEXT: a platform by its name. */
  readonly remote?: string;
}

/** What runs, or ran last, in the data directory. */
export function lastRun(context: Context): RunFile {
  const run = readRunFile(context.dir().runFile);
  if (run) return run;
  const hint = 'start it with `millrace up`, or name its directory with --data DIR';
  throw new CliError('not-running', 'read run.json', `nothing has run in ${context.dir().path} yet`, hint);
}

/**
 * What is recorded of an instance here, unless the environment says otherwise; of authorities the instance's own, which hold those of the
 * environment, too. Variables that are empty say nothing.
 */
export function known(facts: Readonly<Record<string, string>>, env: Env): Env {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value));
  const authorities = facts['NODE_EXTRA_CA_CERTS'];
  return { ...facts, ...given, ...(authorities && { NODE_EXTRA_CA_CERTS: authorities }) };
}

/** For programs that meet both: an instance here, unless the environment names both. */
export function ofStreamAndSql(context: Context): Env {
  const { env } = context;
  return known(env['CLICKHOUSE_URL'] && env['KAFKA_BROKERS'] ? {} : lastRun(context).facts, env);
}

/** How to address this instance in another terminal. */
export function addressed(context: Context): string {
  const path = context.dir().path;
  return path === defaultDataDir(context.projectRoot) ? './millrace' : `./millrace --data ${path}`;
}

export interface Endpoint {
  readonly url: string;
  readonly token: string | undefined;
}

/**
 * --context when given; API_URL and MILLRACE_API_TOKEN(_FILE) when set; the data directory that --data names; the context
 * in use; the default data directory's own.
 */
export function apiEndpoint(context: Context): Endpoint {
  const { env } = context;
  const name = contextInUse(context);
  if (name !== undefined) return endpointOf(context, name);
  if (env['API_URL']) return { url: env['API_URL'].replace(/\/$/, ''), token: tokenFrom(env) };
  const { facts } = lastRun(context);
  return { url: fact(facts, 'API_URL'), token: tokenFrom({ ...facts, ...env }) };
}

/** Name of the context that the verbs speak to; undefined for the variables, or an instance here. */
function contextInUse({ env, remote, dataOption }: Context): string | undefined {
  if (remote !== undefined) return remote === LOCAL ? undefined : remote;
  const otherwise = env['API_URL'] || dataOption !== undefined || env['MILLRACE_DATA'] !== undefined;
  return otherwise ? undefined : readContexts(contextsFile(env)).current;
}

/** The same for verbs that ask SQL: a context that is only in use gives way to CLICKHOUSE_URL. */
export const contextForSql = (context: Context): string | undefined =>
  context.remote === undefined && context.env['CLICKHOUSE_URL'] ? undefined : contextInUse(context);

/** ClickHouse of a context, with the analyst's own name and password. */
export function clickHouseOf({ env }: Context, name: string): ClickHouseLogin {
  const { clickhouse } = remoteOf(readContexts(contextsFile(env)), name);
  if (clickhouse) {
    const { url, user, password_file, database = 'millrace' } = clickhouse;
    return { url, user, password: password_file === undefined ? '' : readSecret(password_file), database };
  }
  const hint = `add it anew with --clickhouse-url, --clickhouse-user and --clickhouse-password-file, or set CLICKHOUSE_URL`;
  throw new CliError('failed', 'query', `the context ${name} does not say where its ClickHouse is`, hint);
}

function endpointOf({ env }: Context, name: string): Endpoint {
  const { url, token, token_file } = remoteOf(readContexts(contextsFile(env)), name);
  return { url, token: token ?? (token_file === undefined ? undefined : readSecret(token_file)) };
}

function tokenFrom(env: Env): string | undefined {
  const file = env['MILLRACE_API_TOKEN_FILE'];
  return env['MILLRACE_API_TOKEN'] ?? (file ? readSecret(file) : undefined);
}

export function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const hint = 'is it the right directory (--data), and are you its owner?';
    throw new CliError('failed', 'read secret', `cannot read ${file}`, hint, { cause });
  }
}

export function fact(facts: Readonly<Record<string, string>>, name: string): string {
  const value = facts[name];
  if (value !== undefined) return value;
  throw new CliError(
    'failed',
    'read run.json',
    `run.json does not say ${name}`,
    'start again: millrace down; millrace up',
  );
}
