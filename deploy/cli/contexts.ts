/** Remote platforms by name, in a file that only its owner can read: address, and the token or where it is kept. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { type Env } from './context';
import { CliError } from './errors';

export interface Remote {
  readonly name: string;
  readonly url: string;
  /** Either the token itself, or the file it is in; neither: none is sent. */
  readonly token?: string;
  readonly token_file?: string;
  readonly clickhouse?: RemoteClickHouse;
}

/** Where SQL is asked, as an analyst of that database (decision 0307), not with rights of the platform's. */
export interface RemoteClickHouse {
  readonly url: string;
  readonly user: string;
  readonly password_file?: string;
  /** millrace when absent. */
  readonly database?: string;
}

export interface Contexts {
  /** Absent: the data directory's own instance. */
  readonly current?: string;
  readonly contexts: readonly Remote[];
}

export const NO_CONTEXTS: Contexts = { contexts: [] };
export const MAX_CONTEXTS = 1_000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Name of the instance in the data directory. */
export const LOCAL = 'local';

/** MILLRACE_CONTEXTS, or contexts.yaml in the user's configuration. */
export function contextsFile(env: Env): string {
  const folder = env['XDG_CONFIG_HOME'] ?? join(env['HOME'] ?? homedir(), '.config');
  return env['MILLRACE_CONTEXTS'] ?? join(folder, 'millrace', 'contexts.yaml');
}

export function readContexts(file: string): Contexts {
  if (!existsSync(file)) return NO_CONTEXTS;
  const read = parse(readFileSync(file, 'utf8')) as Partial<Contexts> | null;
  if (read && Array.isArray(read.contexts)) return { ...NO_CONTEXTS, ...read };
  throw new CliError(
    'failed',
    'contexts',
    `${file} is no list of contexts`,
    'mend it, or remove it and add them again',
  );
}

/** Written beside and moved into place: a crash leaves the old one. */
export function writeContexts(file: string, contexts: Contexts): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const beside = `${file}.${process.pid}`;
  writeFileSync(beside, stringify(contexts), { mode: 0o600 });
  chmodSync(beside, 0o600);
  renameSync(beside, file);
}

/** Pure. Throws CliError `usage` for a name or an address that is none. */
export function withRemote(before: Contexts, remote: Remote): Contexts {
  if (!NAME.test(remote.name) || remote.name === LOCAL)
    throw new CliError('usage', 'context add', `${remote.name} is no name`, `letters, digits, . _ -; not ${LOCAL}`);
  if (!/^https?:\/\//.test(remote.url) || !URL.canParse(remote.url))
    throw new CliError('usage', 'context add', `${remote.url} is no address`, 'such as https://millrace.example.org');
  if (remote.clickhouse && (!/^https?:\/\//.test(remote.clickhouse.url) || !URL.canParse(remote.clickhouse.url)))
    throw new CliError(
      'usage',
      'context add',
      `${remote.clickhouse.url} is no address`,
      'of ClickHouse over HTTP, such as https://clickhouse.example.org:8443',
    );
  const others = before.contexts.filter((c) => c.name !== remote.name);
  if (others.length >= MAX_CONTEXTS)
    throw new CliError('failed', 'context add', `there are ${MAX_CONTEXTS} already`, 'remove one first');
  return { ...before, contexts: [...others, { ...remote, url: remote.url.replace(/\/$/, '') }] };
}

/** Pure. Throws CliError `usage` when there is none of that name. */
export function remoteOf({ contexts }: Contexts, name: string): Remote {
  const found = contexts.find((c) => c.name === name);
  if (found) return found;
  const known = contexts.map((c) => c.name).join(', ') || 'none';
  throw new CliError('usage', 'context', `there is no context ${name}`, `there are: ${LOCAL}, ${known}`);
}
