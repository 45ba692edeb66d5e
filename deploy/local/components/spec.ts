import { type ComponentName as InstalledName } from '../install/lock-file';

export type ComponentName = InstalledName | 'clickhouse';

/** TLS of a component that answers HTTP. Files are PEM. */
export interface HttpSecurity {
  /** What its clients trust: Node.js reads it at the start of a process (NODE_EXTRA_CA_CERTS). */
  readonly authorities: string;
  /** Key and certificates. */
  readonly certificate: string;
}

/** Whether something answers as it should, by its own protocol; when not, why not. */
export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string };

/** Longest that one probe takes, so that a supervisor can look often. */
export const PROBE_TIMEOUT_ms = 2_000;

/**
 * How to run one component: plain data and two functions, for a supervisor to act on. All state lives under the data
 * folder it was made for, and survives kill -9.
 */
export interface ComponentSpec {
  readonly name: ComponentName;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment of the supervisor. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Before every start: makes folders, writes configuration, formats storage once. Throws when it cannot. */
  readonly prepare: () => Promise<void>;
  /** One try, bounded by PROBE_TIMEOUT_ms; never throws. */
  readonly ready: () => Promise<Readiness>;
  /** Where clients find it: host:port, or a URL where clients want one. */
  readonly address: string;
  /** The variables that lead our processes to it. */
  readonly clientEnv: Readonly<Record<string, string>>;
  /** TCP ports it takes on 127.0.0.1. */
  readonly ports: readonly number[];
  readonly stopSignal: NodeJS.Signals;
  /** After the stop signal; then SIGKILL. */
  readonly stopTimeout_ms: number;
  /** Longest start seen on a slow machine, after a crash. */
  readonly startTimeout_ms: number;
}

export const LOOPBACK = '127.0.0.1';

export const READY: Readiness = { ready: true };

export function notReady(reason: string): Readiness {
  return { ready: false, reason };
}

/** The innermost reason of an error: fetch and gRPC hide it in causes. */
export function reasonOf(error: unknown): string {
  const { message, cause, errors } = error as { message?: unknown; cause?: unknown; errors?: unknown[] };
  const inner = cause ?? errors?.[0];
  if (inner !== undefined) return reasonOf(inner);
  return typeof message === 'string' ? message : String(error);
}
