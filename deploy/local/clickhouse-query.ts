/** One question to ClickHouse over HTTP, the answer as text or a stream. */
import { readFileSync } from 'node:fs';
import { fetchTrusting } from './secure/fetch';
import { LauncherError } from './supervisor/errors';

export interface ClickHouseLogin {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly database?: string;
  /** PEM file of authorities to be trusted beside the usual ones. */
  readonly authorities?: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** From CLICKHOUSE_URL, CLICKHOUSE_USER, CLICKHOUSE_PASSWORD(_FILE), CLICKHOUSE_DATABASE, NODE_EXTRA_CA_CERTS. Undefined without a URL. */
export function loginFrom(env: Env): ClickHouseLogin | undefined {
  const url = env['CLICKHOUSE_URL'];
  if (!url) return undefined;
  const file = env['CLICKHOUSE_PASSWORD_FILE'];
  const password = file ? readFileSync(file, 'utf8').trim() : (env['CLICKHOUSE_PASSWORD'] ?? '');
  return {
    url: url.replace(/\/$/, ''),
    user: env['CLICKHOUSE_USER'] ?? 'millrace',
    password,
    database: env['CLICKHOUSE_DATABASE'] ?? 'millrace',
    ...(env['NODE_EXTRA_CA_CERTS'] && { authorities: env['NODE_EXTRA_CA_CERTS'] }),
  };
}

const QUERY_TIMEOUT_MS = 120_000;

/** The answer, once its status is known to be 200. Throws LauncherError with ClickHouse's own words otherwise. */
export async function queryResponse(login: ClickHouseLogin, sql: string, format?: string): Promise<Response> {
  const parameters = new URLSearchParams({
    ...(login.database && { database: login.database }),
    ...(format && { default_format: format }),
  });
  let answer: Response;
  try {
    answer = await fetchTrusting(login.authorities)(`${login.url}/?${parameters}`, {
      method: 'POST',
      headers: { 'X-ClickHouse-User': login.user, 'X-ClickHouse-Key': login.password },
      body: sql,
      signal: AbortSignal.timeout(QUERY_TIMEOUT_MS),
    });
  } catch (cause) {
    const hint = 'is it running (`millrace status`), and is CLICKHOUSE_URL right?';
    throw new LauncherError('external-unreachable', 'query', `ClickHouse at ${login.url} does not answer`, hint, {
      cause,
    });
  }
  if (answer.ok) return answer;
  const words = (await answer.text()).trim();
  throw new LauncherError(
    'configuration',
    'query',
    words || `HTTP ${answer.status}`,
    'correct the query, or the user and password',
  );
}

export async function queryText(login: ClickHouseLogin, sql: string, format?: string): Promise<string> {
  return (await queryResponse(login, sql, format)).text();
}
