/** A request's URL and headers, sorted: what is the query's, what is the engine's setting, what is HTTP's own. */
import { type IncomingMessage } from 'node:http';
import { type Encoding } from './answer';
import { FrontError } from './errors';
import { MAX_SESSION_TIMEOUT_S, SESSION_TIMEOUT_S } from './limits';

export interface QueryRequest {
  readonly query: string;
  readonly params: ReadonlyMap<string, string>;
  readonly settings: ReadonlyMap<string, string>;
  readonly database: string | undefined;
  readonly format: string;
  readonly queryId: string | undefined;
  readonly session: { id: string; timeout_ms: number; mustExist: boolean } | undefined;
  readonly waitForEnd: boolean;
  /** Interval of the progress headers, ms; undefined when they are not asked for. */
  readonly progress_ms: number | undefined;
  readonly encoding: Encoding | undefined;
  readonly level: number;
  /** GET and HEAD may not change anything. */
  readonly safe: boolean;
}

/** Settings of ClickHouse's HTTP layer, which an engine without one does not take; and those that would weaken a promise. */
const IGNORED = new Set([
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'http_response_buffer_size',
  'http_native_compression_disable_checksumming_on_decompress',
  'http_write_exception_in_output_format',
  'http_wait_end_of_query',
  'add_http_cors_header',
  'cancel_http_readonly_queries_on_client_close',
  'log_comment',
  'async_insert',
  'wait_for_async_insert',
]);
const OWN = new Set([
  'query',
  'database',
  'default_format',
  'user',
  'password',
  'query_id',
  'quota_key',
  'session_id',
  'session_timeout',
  'session_check',
  'compress',
  'decompress',
  'stacktrace',
  'role',
  'buffer_size',
  'wait_end_of_query',
  'enable_http_compression',
  'http_zlib_compression_level',
  'client_protocol_version',
]);
const FORMAT = /^[A-Za-z0-9_]+$/;
const DEFAULT_LEVEL = 3;
const LEAST_PROGRESS_MS = 100;
const MAX_PROGRESS_MS = 60_000;

export function readRequest(request: Pick<IncomingMessage, 'headers' | 'method'>, url: URLSearchParams): QueryRequest {
  refuseUnsupported(url);
  const header = (name: string): string | undefined => request.headers[name] as string | undefined;
  const format = header('x-clickhouse-format') ?? url.get('default_format') ?? 'TabSeparated';
  if (!FORMAT.test(format)) throw new FrontError('BAD_ARGUMENTS', `${JSON.stringify(format)} is no name of a format`);
  return {
    query: url.get('query') ?? '',
    params: new Map([...url].filter(([k]) => k.startsWith('param_')).map(([k, v]) => [k.slice(6), v])),
    settings: settingsOf(url),
    database: header('x-clickhouse-database') ?? url.get('database') ?? undefined,
    format,
    queryId: url.get('query_id') ?? header('x-clickhouse-query-id') ?? undefined,
    session: sessionOf(url),
    waitForEnd: flag(url.get('wait_end_of_query')),
    progress_ms: progressOf(url),
    encoding: flag(url.get('enable_http_compression')) ? chooseEncoding(header('accept-encoding')) : undefined,
    level: clamp(Number(url.get('http_zlib_compression_level') ?? DEFAULT_LEVEL), 1, 9),
    safe: request.method === 'GET' || request.method === 'HEAD',
  };
}

function settingsOf(url: URLSearchParams): Map<string, string> {
  const own = (name: string): boolean => OWN.has(name) || IGNORED.has(name) || name.startsWith('param_');
  return new Map([...url].filter(([name]) => !own(name)));
}

function refuseUnsupported(url: URLSearchParams): void {
  const no = (what: string, hint: string): never => {
    throw new FrontError('NOT_IMPLEMENTED', `${what} is not available in the embedded ClickHouse: ${hint}`);
  };
  if (flag(url.get('compress')) || flag(url.get('decompress')))
    no(
      "ClickHouse's native compression (compress=1, decompress=1)",
      'use Accept-Encoding and Content-Encoding with gzip, deflate or br',
    );
  if (url.has('role')) no('Choosing roles', 'leave role out');
}

function progressOf(url: URLSearchParams): number | undefined {
  if (!flag(url.get('send_progress_in_http_headers'))) return undefined;
  const asked = Number(url.get('http_headers_progress_interval_ms') ?? LEAST_PROGRESS_MS);
  return clamp(asked, LEAST_PROGRESS_MS, MAX_PROGRESS_MS);
}

function sessionOf(url: URLSearchParams): QueryRequest['session'] {
  const id = url.get('session_id');
  if (id === null || id === '') return undefined;
  const seconds = Number(url.get('session_timeout') ?? SESSION_TIMEOUT_S);
  if (!(seconds > 0 && seconds <= MAX_SESSION_TIMEOUT_S))
    throw new FrontError('BAD_ARGUMENTS', `session_timeout must be 1 to ${MAX_SESSION_TIMEOUT_S} seconds`);
  return { id, timeout_ms: seconds * 1000, mustExist: flag(url.get('session_check')) };
}

/** The first of br, gzip, deflate that the client takes, in its own order. */
export function chooseEncoding(header: string | undefined): Encoding | undefined {
  for (const part of (header ?? '').split(',')) {
    const [name = '', ...rest] = part.trim().toLowerCase().split(';');
    if (rest.some((r) => /^\s*q=0(\.0*)?$/.test(r))) continue;
    if (name === 'gzip' || name === 'deflate' || name === 'br') return name;
  }
  return undefined;
}

const flag = (value: string | null): boolean => value !== null && value !== '' && value !== '0' && value !== 'false';
const clamp = (n: number, low: number, high: number): number =>
  Number.isFinite(n) ? Math.min(high, Math.max(low, n)) : low;
