import { readFileSync } from 'node:fs';
import { type DataDir, defaultDataDir } from '../local/data-dir';
import { readRunFile, type RunFile } from '../local/supervisor/run-file';
import { contextsFile, LOCAL, NO_CONTEXTS, readContexts, remoteOf } from './contexts';
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
  if (context.remote !== undefined && context.remote !== LOCAL) return endpointOf(context, context.remote);
  if (env['API_URL']) return { url: env['API_URL'].replace(/\/$/, ''), token: tokenFrom(env) };
  const local = context.remote === LOCAL || context.dataOption !== undefined || env['MILLRACE_DATA'] !== undefined;
  const { current } = local ? NO_CONTEXTS : readContexts(contextsFile(env));
  if (current !== undefined) return endpointOf(context, current);
  const { facts } = lastRun(context);
  return { url: fact(facts, 'API_URL'), token: tokenFrom({ ...facts, ...env }) };
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
