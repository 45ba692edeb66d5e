/** The socket: who calls, how often and how much is judged before a body is looked at. */
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { readFileSync } from 'node:fs';
import { type HttpConnectionSettings } from './settings';

export interface Answer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Call {
  readonly address: string;
  readonly token: string;
  readonly contentType: string | undefined;
}

export interface Service {
  /** Before the body is read; an answer refuses the call. */
  admit(call: Call): Answer | undefined;
  take(call: Call, body: Buffer): Promise<Answer>;
}

export const MAX_CONNECTIONS = 1_000;
const REQUEST_MS = 30_000;
const PATH = /^\/v1\/devices\/([^/?]{1,512})\/readings$/;
const BEARER = /^Bearer ([!-~]{1,512})$/;

export const problem = (status: number, title: string, headers?: Record<string, string>): Answer => ({
  status,
  body: { status, title },
  ...(headers && { headers }),
});

export function createServer(settings: HttpConnectionSettings, service: Service): Server {
  const { cert_file, key_file, max_body_bytes } = settings;
  const limits = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, maxHeaderSize: 8_192 };
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
  return server;
}

async function answer(req: IncomingMessage, service: Service, maxBytes: number): Promise<Answer> {
  const address = decoded(PATH.exec(req.url ?? '')?.[1]);
  if (address === undefined) return problem(404, 'POST /v1/devices/<device>/readings');
  if (req.method !== 'POST') return problem(405, 'POST', { allow: 'POST' });
  const token = BEARER.exec(req.headers.authorization ?? '')?.[1] ?? '';
  const call = { address, token, contentType: req.headers['content-type'] };
  const refusal = service.admit(call);
  if (refusal) return refusal;
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) return problem(413, `at most ${maxBytes} bytes`);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return problem(413, `at most ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return service.take(call, Buffer.concat(chunks));
}

function decoded(segment: string | undefined): string | undefined {
  try {
    return segment && decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** A body that was not read ends the connection: it would be taken for the next request. */
function reply(req: IncomingMessage, res: ServerResponse, { status, body, headers }: Answer): void {
  if (res.headersSent || res.destroyed) return;
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  const close = req.complete ? {} : { connection: 'close' };
  res.writeHead(status, { 'content-type': type, ...close, ...headers }).end(`${JSON.stringify(body)}\n`);
}
