import { createClient, type ClickHouseClient } from '@clickhouse/client';
import { encryptedAbroad, type Env, secret, text } from './environment';

export const REQUEST_TIMEOUT_MS = 120_000;

/** Client from CLICKHOUSE_URL, CLICKHOUSE_USER, CLICKHOUSE_PASSWORD(_FILE), CLICKHOUSE_DATABASE, MILLRACE_PLAINTEXT. */
export function clickHouseFromEnv(env: Env, application: string): ClickHouseClient {
  const url = text(env, 'CLICKHOUSE_URL', 'HTTP address of ClickHouse');
  encryptedAbroad(env, 'CLICKHOUSE_URL', { remote: 'clickhouse', addresses: [url], encrypted: /^https:/i.test(url) });
  return createClient({
    url,
    username: text(env, 'CLICKHOUSE_USER', 'user name', 'millrace'),
    password: secret(env, 'CLICKHOUSE_PASSWORD') ?? '',
    database: text(env, 'CLICKHOUSE_DATABASE', 'database', 'millrace'),
    application,
    request_timeout: REQUEST_TIMEOUT_MS,
    max_open_connections: 10,
    keep_alive: { enabled: true },
  });
}
