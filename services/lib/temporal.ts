/**
 * Where Temporal is and how to get through to it: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_TLS=1 (authorities of the
 * system) or TEMPORAL_TLS_*_FILE, TEMPORAL_API_KEY(_FILE), MILLRACE_PLAINTEXT.
 */
import { readFileSync } from 'node:fs';
import { ConfigurationError, encryptedAbroad, type Env, secret, text } from './environment';

export interface TemporalConfig {
  readonly namespace: string;
  /** What both the client's and the worker's connection take. */
  readonly connection: {
    readonly address: string;
    readonly apiKey?: string;
    readonly tls?: {
      readonly serverRootCACertificate?: Buffer;
      readonly clientCertPair?: { readonly crt: Buffer; readonly key: Buffer };
    };
  };
}

/** Throws ConfigurationError. A client certificate needs its key; a CA or an API key alone turns TLS on. */
export function temporalConfig(env: Env): TemporalConfig {
  const apiKey = secret(env, 'TEMPORAL_API_KEY');
  const tls = tlsOf(env) ?? (apiKey || env['TEMPORAL_TLS'] === '1' ? {} : undefined);
  const address = text(env, 'TEMPORAL_ADDRESS', 'host:port of Temporal');
  const connection = { remote: 'temporal', addresses: [address], encrypted: tls !== undefined } as const;
  encryptedAbroad(env, 'TEMPORAL_ADDRESS', connection);
  return {
    namespace: text(env, 'TEMPORAL_NAMESPACE', 'Temporal namespace', 'default'),
    connection: { address, ...(apiKey && { apiKey }), ...(tls && { tls }) },
  };
}

function tlsOf(env: Env): TemporalConfig['connection']['tls'] {
  const ca = file(env, 'TEMPORAL_TLS_CA_FILE');
  const crt = file(env, 'TEMPORAL_TLS_CERT_FILE');
  const key = file(env, 'TEMPORAL_TLS_KEY_FILE');
  if (Boolean(crt) !== Boolean(key)) {
    const missing = crt ? 'TEMPORAL_TLS_KEY_FILE' : 'TEMPORAL_TLS_CERT_FILE';
    throw new ConfigurationError(missing, 'is not set', 'a client certificate and its key go together');
  }
  if (!ca && !crt) return undefined;
  return { ...(ca && { serverRootCACertificate: ca }), ...(crt && key && { clientCertPair: { crt, key } }) };
}

function file(env: Env, variable: string): Buffer | undefined {
  const path = env[variable];
  if (!path) return undefined;
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ConfigurationError(variable, (cause as Error).message, 'does the file exist and is it readable?');
  }
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

export interface Patience {
  /** Told of every failure, so that waiting is visible. */
  failed(error: unknown, nextTry_ms: number): void;
  sleep(ms: number): Promise<void>;
}

/** Calls `connect` until it succeeds, with pauses from 250 ms doubling to 5 s. */
export async function connectPatiently<T>(connect: () => Promise<T>, { failed, sleep }: Patience): Promise<T> {
  for (let pause_ms = FIRST_PAUSE_MS; ; pause_ms = Math.min(LONGEST_PAUSE_MS, 2 * pause_ms)) {
    try {
      return await connect();
    } catch (error) {
      failed(error, pause_ms);
      await sleep(pause_ms);
    }
  }
}

/** Search attributes are made when the server is connected to; one whose database was lost has forgotten them since. */
export async function madeAnew<T>(question: () => Promise<T>, make: () => Promise<void>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    if (!isForgetful(error)) throw error;
    await make();
    return question();
  }
}

export function isForgetful(error: unknown): boolean {
  const { message = '', cause } = error as { message?: string; cause?: { message?: string } };
  return /no mapping defined for search attribute/.test(`${message} ${cause?.message ?? ''}`);
}
