/**
 * Connections that leave this machine are encrypted, or somebody has said which are not: MILLRACE_PLAINTEXT lists the
 * components, separated by commas (kafka, schema-registry, clickhouse, temporal, traces).
 */
import { isIPv4 } from 'node:net';

export type Remote = 'kafka' | 'schema-registry' | 'clickhouse' | 'temporal' | 'traces';

export interface Connection {
  readonly remote: Remote;
  /** host:port or URL, as they are configured. */
  readonly addresses: readonly string[];
  readonly encrypted: boolean;
}

/** What is wrong with a connection, and what to do; undefined when nothing is. Pure. */
export function plaintextProblem(
  env: Readonly<Record<string, string | undefined>>,
  { remote, addresses, encrypted }: Connection,
): { readonly message: string; readonly hint: string } | undefined {
  const abroad = encrypted ? undefined : addresses.find((a) => !isHere(a));
  const said = (env['MILLRACE_PLAINTEXT'] ?? '').split(',').map((s) => s.trim());
  if (abroad === undefined || said.includes(remote)) return undefined;
  return {
    message: `${abroad} is another machine and the connection to it would not be encrypted`,
    hint: `set up TLS, or MILLRACE_PLAINTEXT=${remote} if the network itself is trusted`,
  };
}

/** Whether an address (host:port or URL) is of this machine. */
export const isHere = (address: string): boolean => isLoopback(hostOf(address));

/** `[::1]:9092` and `https://host/path` too. */
function hostOf(address: string): string {
  const rest = address.trim().replace(/^[a-z+]+:\/\//i, '');
  const authority = rest.split(/[/?]/, 1)[0]?.replace(/^.*@/, '') ?? '';
  return /^\[([^\]]+)\]/.exec(authority)?.[1] ?? authority.replace(/:\d+$/, '');
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
