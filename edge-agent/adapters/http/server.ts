/** The socket: who calls, how often and how much is judged before a body is looked at. */
import { createServer as createHttp, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import { type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type Duplex } from 'node:stream';
import { readFileSync } from 'node:fs';
import { type HttpConnectionSettings } from './settings';

export interface Answer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a device calls for: to post a body, or to keep a socket open. */
type Purpose = 'readings' | 'stream' | 'claim';

export interface Call {
  readonly address: string;
  readonly token: string;
  readonly contentType: string | undefined;
}

export interface Service {
  /** A device that is who it says wants a WebSocket. */
  upgrade(call: Call, req: IncomingMessage, socket: Duplex, head: Buffer): void;
  identify(call: Call): Answer | undefined;
  /** Before the body is read; an answer refuses the call. */
  admit(call: Call): Answer | undefined;
  take(call: Call, body: Buffer): Promise<Answer>;
  /** A device that is not known shows a claim code as its token. */
  claim(call: Call): Promise<Answer>;
}

export const MAX_CONNECTIONS = 1_000;
const REQUEST_MS = 30_000;
/** How long a body that is not wanted is read on after the answer, ms. */
const LINGER_MS = 1_000;
/** Idle connections are closed by devices, not under a post that is on its way: longer than the minute many of them wait, ms. */
const IDLE_MS = 75_000;
const PATH = /^\/v1\/devices\/([^/?]{1,512})\/(readings|stream|claim)$/;
const BEARER = /^Bearer ([!-~]{1,512})$/;

export const problem = (status: number, title: string, headers?: Record<string, string>): Answer => ({
  status,
  body: { status, title },
  ...(headers && { headers }),
});

export function createServer(settings: HttpConnectionSettings, service: Service): Server {
  const { cert_file, key_file, max_body_bytes } = settings;
  const limits = {
    requestTimeout: REQUEST_MS,
    headersTimeout: REQUEST_MS,
    maxHeaderSize: 8_192,
    keepAliveTimeout: IDLE_MS,
  };
  const handle = (req: IncomingMessage, res: ServerResponse): void => {
    // The device went away: there is nobody to tell.
    res.on('error', () => req.destroy());
    answer(req, service, max_body_bytes).then(
      (found) => reply(req, res, found),
      (error: unknown) => reply(req, res, problem(500, (error as Error).message)),
    );
  };
  const server =
    cert_file !== undefined && key_file !== undefined
      ? createHttps({ ...limits, cert: readFileSync(cert_file), key: readFileSync(key_file) }, handle)
      : createHttp(limits, handle);
  server.maxConnections = MAX_CONNECTIONS;
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const call = callOf(req, 'stream');
    const refusal = call ? service.identify(call) : problem(404, 'WebSocket: /v1/devices/<device>/stream');
    if (refusal) return turnAway(socket, refusal);
    if (call) service.upgrade(call, req, socket, head);
  });
  return server;
}

async function answer(req: IncomingMessage, service: Service, maxBytes: number): Promise<Answer> {
  const newcomer = callOf(req, 'claim');
  if (newcomer) return req.method === 'POST' ? service.claim(newcomer) : problem(405, 'POST', { allow: 'POST' });
  const call = callOf(req, 'readings');
  if (!call) return problem(404, 'POST /v1/devices/<device>/readings');
  if (req.method !== 'POST') return problem(405, 'POST', { allow: 'POST' });
  const refusal = service.identify(call) ?? service.admit(call);
  if (refusal) return refusal;
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) return problem(413, `at most ${maxBytes} bytes`);
  const chunks: Buffer[] = [];
  let bytes = 0;
  // To leave the loop must not end the connection: the answer has yet to go out on it.
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return problem(413, `at most ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return service.take(call, Buffer.concat(chunks));
}

function callOf({ url = '', headers }: IncomingMessage, purpose: Purpose): Call | undefined {
  const [, segment, wanted] = PATH.exec(url) ?? [];
  const address = decoded(segment);
  if (address === undefined || wanted !== purpose) return undefined;
  const token = BEARER.exec(headers.authorization ?? '')?.[1] ?? '';
  return { address, token, contentType: headers['content-type'] };
}

function turnAway(socket: Duplex, { status, body }: Answer): void {
  const text = `${JSON.stringify(body)}\n`;
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: application/problem+json`;
  socket.end(`${head}\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`);
}

function decoded(segment: string | undefined): string | undefined {
  try {
    return segment && decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/**
 * A body that was not read ends the connection: it would be taken for the next request. What still comes of it is thrown away for
 * a moment first, for closing over it resets the connection, and whoever sends would not see the answer.
 */
function reply(req: IncomingMessage, res: ServerResponse, { status, body, headers }: Answer): void {
  if (res.headersSent || res.destroyed) return;
  const text = `${JSON.stringify(body)}\n`;
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  const close = req.complete ? {} : { connection: 'close' };
  const length = Buffer.byteLength(text);
  res.writeHead(status, { 'content-type': type, 'content-length': length, ...close, ...headers }).write(text);
  if (req.complete) return void res.end();
  const lingering = setTimeout(() => res.end(), LINGER_MS);
  req.once('close', () => clearTimeout(lingering));
  req.once('end', () => res.end()).resume();
}
