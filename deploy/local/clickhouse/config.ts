/** Configuration from the environment, checked once. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type EngineLimits } from './engine-config';
import { MAX_QUERY_MEMORY_BYTES, MAX_SERVER_MEMORY_BYTES } from './limits';
import { type Credential } from './users';

export class ConfigError extends Error {
  readonly code = 'configuration';
  readonly operation = 'start';

  constructor(
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ConfigError';
  }
}

export interface FrontConfig {
  readonly dir: string;
  readonly host: string;
  readonly port: number;
  /** PEM of key and certificates; without it the front speaks plain HTTP. */
  readonly tls?: string;
  readonly database: string;
  readonly credentials: readonly Credential[];
  readonly limits: EngineLimits;
}

type Env = Readonly<Record<string, string | undefined>>;

const TENANT = /^[a-z0-9][a-z0-9-]{0,62}$/;
const OTHERS_MAY = 0o077;

/** Throws ConfigError. */
export function configFrom(env: Env): FrontConfig {
  const dir = env['CLICKHOUSE_DATA_DIR'];
  if (!dir) throw new ConfigError('CLICKHOUSE_DATA_DIR is not set', 'name a folder for the data');
  return {
    dir: resolve(dir),
    host: env['CLICKHOUSE_HTTP_HOST'] ?? '127.0.0.1',
    port: integer(env, 'CLICKHOUSE_HTTP_PORT', 8123, 0, 65_535),
    ...(env['CLICKHOUSE_TLS_FILE'] && { tls: secret(env['CLICKHOUSE_TLS_FILE']) }),
    database: env['CLICKHOUSE_DATABASE'] ?? 'millrace',
    credentials: credentialsFrom(env),
    limits: {
      maxServerMemory_bytes: integer(env, 'CLICKHOUSE_MAX_SERVER_MEMORY_BYTES', MAX_SERVER_MEMORY_BYTES),
      maxQueryMemory_bytes: integer(env, 'CLICKHOUSE_MAX_QUERY_MEMORY_BYTES', MAX_QUERY_MEMORY_BYTES),
    },
  };
}

function credentialsFrom(env: Env): Credential[] {
  const file = env['CLICKHOUSE_PASSWORD_FILE'];
  if (!file)
    throw new ConfigError(
      'CLICKHOUSE_PASSWORD_FILE is not set',
      'there is no default password: name a file that holds one',
    );
  const all: Credential[] = [{ name: env['CLICKHOUSE_USER'] ?? 'millrace', role: 'full', password: secret(file) }];
  const analyst = env['CLICKHOUSE_ANALYST_PASSWORD_FILE'];
  if (analyst) all.push(analystOf('analyst', secret(analyst), env['CLICKHOUSE_ANALYST_TENANT']));
  const analysts = env['CLICKHOUSE_ANALYSTS_FILE'];
  if (analysts) all.push(...analystsIn(analysts));
  return all;
}

/** `{"name": {"password": "…", "tenant": "…"}}`; without a tenant the analyst sees every tenant. */
function analystsIn(file: string): Credential[] {
  const text = secret(file);
  try {
    const users = JSON.parse(text) as Record<string, { password: string; tenant?: string }>;
    return Object.entries(users).map(([name, { password, tenant }]) => analystOf(name, password, tenant));
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`${file} is not JSON`, 'expected {"name": {"password": "…", "tenant": "…"}}', { cause });
  }
}

function analystOf(name: string, password: string, tenant: string | undefined): Credential {
  if (!password) throw new ConfigError(`the analyst ${name} has no password`, 'give one');
  if (tenant === undefined || tenant === '') return { name, role: 'analyst', password };
  if (!TENANT.test(tenant))
    throw new ConfigError(`${JSON.stringify(tenant)} is no tenant`, `expected ${TENANT.source}`);
  return { name, role: 'analyst', password, tenant };
}

/** Contents of a secret file, which only its owner may read. */
function secret(file: string): string {
  let text: string;
  try {
    if ((statSync(file).mode & OTHERS_MAY) !== 0)
      throw new ConfigError(`${file} can be read by others`, `chmod 600 ${file}`);
    text = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`${file} cannot be read: ${(cause as Error).message}`, 'create it with mode 0600', { cause });
  }
  if (!text) throw new ConfigError(`${file} is empty`, 'put a password into it');
  return text;
}

function integer(env: Env, name: string, fallback: number, low = 1, high = Number.MAX_SAFE_INTEGER): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw new ConfigError(`${name} is ${JSON.stringify(text)}`, `expected a whole number from ${low} to ${high}`);
}
