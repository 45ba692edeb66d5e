import { Readable } from 'node:stream';
import { type ClickHouseLogin, loginFrom, queryResponse } from '../../local/clickhouse-query';
import { clickHouseOf, type Context, contextForSql, known, lastRun } from '../context';
import { CliError, EXIT } from '../errors';

export interface QueryOptions {
  readonly format?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** Asks ClickHouse. People get a table, programs tab-separated values with names, unless a format is named. */
export async function query(context: Context, sql: string, options: QueryOptions): Promise<number> {
  const { io } = context;
  const name = contextForSql(context);
  const login = name === undefined ? ownLogin(context) : clickHouseOf(context, name);
  const byDefault = io.outTty ? 'PrettyCompactMonoBlock' : 'TabSeparatedWithNames';
  const answer = await queryResponse(login, sql, options.format ?? formatOf(options, byDefault));
  const decoder = new TextDecoder();
  if (answer.body)
    for await (const chunk of Readable.fromWeb(answer.body))
      io.out(decoder.decode(chunk as Uint8Array, { stream: true }));
  return EXIT.ok;
}

function ownLogin(context: Context): ClickHouseLogin {
  const { env } = context;
  const login = loginFrom(env['CLICKHOUSE_URL'] ? env : known(lastRun(context).facts, env));
  if (login) return login;
  throw new CliError('failed', 'query', 'no ClickHouse is known', 'set CLICKHOUSE_URL, or start with `millrace up`');
}

const formatOf = ({ json, csv }: QueryOptions, byDefault: string): string =>
  csv ? 'CSVWithNames' : json ? 'JSONEachRow' : byDefault;
