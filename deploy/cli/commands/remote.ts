/** `millrace context`: which platform the verbs speak to. */
import { readFileSync } from 'node:fs';
import { type Context } from '../context';
import {
  contextsFile,
  LOCAL,
  readContexts,
  type RemoteClickHouse,
  remoteOf,
  withRemote,
  writeContexts,
} from '../contexts';
import { CliError, EXIT } from '../errors';
import { json, table } from '../io';

export interface AddOptions {
  readonly url: string;
  readonly tokenFile?: string;
  readonly tokenStdin?: boolean;
  readonly clickhouseUrl?: string;
  readonly clickhouseUser?: string;
  readonly clickhousePasswordFile?: string;
  readonly clickhouseDatabase?: string;
}

export function add(context: Context, name: string, options: AddOptions): Promise<number> {
  const { url, tokenFile, tokenStdin } = options;
  if (tokenFile !== undefined && tokenStdin)
    throw new CliError('usage', 'context add', '--token-file and --token-stdin', 'give one of them');
  const token = tokenStdin ? readFileSync(0, 'utf8').trim() : undefined;
  const file = contextsFile(context.env);
  const given = {
    ...{ name, url, ...(tokenFile !== undefined && { token_file: tokenFile }), ...(token && { token }) },
    ...clickHouseOf(options),
  };
  writeContexts(file, withRemote(readContexts(file), given));
  context.io.err(`kept in ${file}, which only you can read; use it: millrace context use ${name}\n`);
  return Promise.resolve(EXIT.ok);
}

function clickHouseOf(o: AddOptions): { clickhouse?: RemoteClickHouse } {
  if (o.clickhouseUrl === undefined) {
    if (o.clickhouseUser === undefined && o.clickhousePasswordFile === undefined) return {};
    throw new CliError('usage', 'context add', 'a user of ClickHouse without its address', 'give --clickhouse-url');
  }
  if (o.clickhouseUser === undefined)
    throw new CliError('usage', 'context add', 'an address of ClickHouse without a user', 'give --clickhouse-user');
  return {
    clickhouse: {
      ...{ url: o.clickhouseUrl.replace(/\/$/, ''), user: o.clickhouseUser },
      ...(o.clickhousePasswordFile !== undefined && { password_file: o.clickhousePasswordFile }),
      ...(o.clickhouseDatabase !== undefined && { database: o.clickhouseDatabase }),
    },
  };
}

export function use(context: Context, name: string): Promise<number> {
  const file = contextsFile(context.env);
  const { current: _, ...contexts } = readContexts(file);
  if (name === LOCAL) writeContexts(file, contexts);
  else writeContexts(file, { ...contexts, current: remoteOf(contexts, name).name });
  context.io.err(`the verbs speak to ${name} now\n`);
  return Promise.resolve(EXIT.ok);
}

/** Without the tokens themselves. */
export function list(context: Context, options: { json?: boolean }): Promise<number> {
  const { current = LOCAL, contexts } = readContexts(contextsFile(context.env));
  const views = [{ name: LOCAL, url: 'the data directory’s own', token: 'its own' }].concat(
    contexts.map((c) => ({
      name: c.name,
      url: c.url,
      token: c.token_file ?? (c.token === undefined ? 'none' : 'kept'),
    })),
  );
  if (options.json) context.io.out(json(views.map((v) => ({ ...v, current: v.name === current }))));
  else {
    const rows = views.map((v) => [v.name === current ? '*' : ' ', v.name, v.url, v.token]);
    context.io.out(table([' ', 'CONTEXT', 'ADDRESS', 'TOKEN'], rows));
  }
  return Promise.resolve(EXIT.ok);
}

export function remove(context: Context, name: string): Promise<number> {
  const file = contextsFile(context.env);
  const before = readContexts(file);
  const { name: gone } = remoteOf(before, name);
  const { current, contexts } = before;
  const rest = contexts.filter((c) => c.name !== gone);
  writeContexts(file, { ...(current !== undefined && current !== gone && { current }), contexts: rest });
  return Promise.resolve(EXIT.ok);
}
