import { Readable } from 'node:stream';
import { loginFrom, queryResponse } from '../../local/clickhouse-query';
import { type Context, type Env, lastRun } from '../context';
import { CliError, EXIT } from '../errors';

export interface QueryOptions {
  readonly format?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** Asks ClickHouse. People get a table, programs tab-separated values with names, unless a format is named. */
export async function query(context: Context, sql: string, options: QueryOptions): Promise<number> {
  const { env, io } = context;
  const known: Env = env['CLICKHOUSE_URL'] ? env : { ...lastRun(context).facts, ...withoutEmpty(env) };
  const login = loginFrom(known);
  if (!login)
    throw new CliError('failed', 'query', 'no ClickHouse is known', 'set CLICKHOUSE_URL, or start with `millrace up`');
  const byDefault = io.outTty ? 'PrettyCompactMonoBlock' : 'TabSeparatedWithNames';
  const answer = await queryResponse(login, sql, options.format ?? formatOf(options, byDefault));
  const decoder = new TextDecoder();
  if (answer.body)
    for await (const chunk of Readable.fromWeb(answer.body))
      io.out(decoder.decode(chunk as Uint8Array, { stream: true }));
  return EXIT.ok;
}

const formatOf = ({ json, csv }: QueryOptions, byDefault: string): string =>
  csv ? 'CSVWithNames' : json ? 'JSONEachRow' : byDefault;

const withoutEmpty = (env: Env): Env => Object.fromEntries(Object.entries(env).filter(([, v]) => v));
