/** Where the stream is and how to get through to it, from the environment. */
import { readFileSync } from 'node:fs';
import { type SASLOptions } from 'kafkajs';
import { plaintextProblem } from './plaintext';
import { type TlsMaterial, tlsOf } from './tls';

export type Env = Readonly<Record<string, string | undefined>>;

export interface StreamConfig {
  readonly clientId: string;
  readonly brokers: readonly string[];
  readonly ssl?: TlsMaterial;
  readonly sasl?: SASLOptions;
  readonly registryUrl: string;
  readonly registryLogin?: { readonly username: string; readonly password: string };
}

export type StreamErrorCode = 'configuration' | 'unknown-schema' | 'registry-unavailable';

export class StreamError extends Error {
  constructor(
    readonly code: StreamErrorCode,
    readonly operation: string,
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(`${operation}: ${message}`, options);
    this.name = 'StreamError';
  }
}

/**
 * Reads KAFKA_BROKERS, KAFKA_SSL=1 (authorities of the system) or KAFKA_SSL_*_FILE, KAFKA_SASL_MECHANISM, _USERNAME and
 * _PASSWORD_FILE, SCHEMA_REGISTRY_URL, _USERNAME and _PASSWORD_FILE, MILLRACE_PLAINTEXT. Throws StreamError `configuration`.
 */
export function streamConfig(env: Env, clientId: string): StreamConfig {
  const ssl = sslOf(env);
  const sasl = saslOf(env);
  const brokers = required(env, 'KAFKA_BROKERS', 'host:port of the brokers, separated by commas').split(',');
  const registryUrl = required(env, 'SCHEMA_REGISTRY_URL', 'address of a registry that speaks the Confluent API');
  encryptedAbroad(env, 'kafka', brokers, ssl !== undefined);
  encryptedAbroad(env, 'schema-registry', [registryUrl], registryUrl.startsWith('https:'));
  const registryLogin = registryLoginOf(env);
  return {
    ...{ clientId, brokers, registryUrl },
    ...(ssl && { ssl }),
    ...(sasl && { sasl }),
    ...(registryLogin && { registryLogin }),
  };
}

function encryptedAbroad(env: Env, remote: 'kafka' | 'schema-registry', to: readonly string[], yes: boolean): void {
  const problem = plaintextProblem(env, { remote, addresses: to, encrypted: yes });
  if (problem) throw new StreamError('configuration', `connect to ${remote}`, problem.message, problem.hint);
}

function registryLoginOf(env: Env): StreamConfig['registryLogin'] {
  const username = env['SCHEMA_REGISTRY_USERNAME'];
  if (!username) return undefined;
  return { username, password: passwordIn(env, 'SCHEMA_REGISTRY_PASSWORD_FILE') };
}

/** What a registry that wants a password is asked with. */
export function registryHeaders({ registryLogin: login }: Pick<StreamConfig, 'registryLogin'>): Record<string, string> {
  if (!login) return {};
  return { authorization: `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}` };
}

function required(env: Env, name: string, what: string): string {
  const value = env[name];
  if (!value) throw new StreamError('configuration', 'read environment', `${name} is not set`, `set it to the ${what}`);
  return value;
}

function sslOf(env: Env): StreamConfig['ssl'] | undefined {
  const { KAFKA_SSL_CA_FILE: ca, KAFKA_SSL_CERT_FILE: cert, KAFKA_SSL_KEY_FILE: key } = env;
  return tlsOf({ ca, cert, key }) ?? (env['KAFKA_SSL'] === '1' ? {} : undefined);
}

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'];

function saslOf(env: Env): SASLOptions | undefined {
  const mechanism = env['KAFKA_SASL_MECHANISM']?.toLowerCase();
  if (!mechanism) return undefined;
  if (!MECHANISMS.includes(mechanism))
    throw new StreamError(
      'configuration',
      'read environment',
      `KAFKA_SASL_MECHANISM is ${mechanism}`,
      `set it to one of ${MECHANISMS.join(', ')}`,
    );
  const username = required(env, 'KAFKA_SASL_USERNAME', 'user name of this process');
  return { mechanism, username, password: passwordIn(env, 'KAFKA_SASL_PASSWORD_FILE') } as SASLOptions;
}

function passwordIn(env: Env, variable: string): string {
  return readFileSync(required(env, variable, 'file holding the password'), 'utf8').trim();
}
