/** The REST API as the verbs need it: JSON in and out, problem+json (RFC 9457) as an error that says what to do. */
import { randomUUID } from 'node:crypto';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { createInterface } from 'node:readline';
import { type Readable } from 'node:stream';
import { dataOf, millraceClient, type MillraceClient } from '../client';
import { type Endpoint } from './context';
import { CliError } from './errors';

const REQUEST_TIMEOUT_MS = 60_000;
const UNAVAILABLE_PATIENCE_MS = 45_000;
const RETRY_MS = 1_000;

interface Problem {
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly state?: string;
  readonly allowed?: readonly string[];
  readonly errors?: readonly { readonly path?: string; readonly message?: string }[];
}

export class ApiClient {
  constructor(private readonly endpoint: Endpoint) {}

  get<T>(path: string): Promise<T> {
    return this.request<T>('GET', path);
  }

  post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.write<T>('POST', path, body);
  }

  /** Asks again with the same Idempotency-Key while the platform is not available: carried out once, however often asked. */
  async write<T>(method: string, path: string, body?: unknown, headers: object = {}): Promise<T> {
    const key = randomUUID();
    return patiently(() => this.request<T>(method, path, body, { 'idempotency-key': key, ...headers }));
  }

  remove(path: string): Promise<unknown> {
    return this.request<unknown>('DELETE', path);
  }

  /** Sends a file as it is. */
  async putFile(path: string, content: ReadableStream, bytes: number): Promise<void> {
    const { url, token } = this.endpoint;
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(bytes) };
    const request = { method: 'PUT', body: content, duplex: 'half' } as RequestInit;
    const answer = await fetch(`${url}/api/v1${path}`, {
      ...request,
      headers: { ...headers, ...(token && { authorization: `Bearer ${token}` }) },
    });
    if (!answer.ok) throw new ApiRefusal(answer.status, `PUT ${path}`, parse(await answer.text()) as Problem);
  }

  /** Undefined when there is no such thing. */
  async find<T>(path: string): Promise<T | undefined> {
    try {
      return await this.get<T>(path);
    } catch (e) {
      if (e instanceof ApiRefusal && e.status === 404) return undefined;
      throw e;
    }
  }

  /** Sends NDJSON of any length and yields the lines of the answer as they come. */
  async upload(path: string, body: Readable, key: string): Promise<AsyncIterable<string>> {
    const { url, token } = this.endpoint;
    const request = url.startsWith('https:') ? requestHttps : requestHttp;
    const headers = {
      'content-type': 'application/x-ndjson',
      ...(key && { 'idempotency-key': key }),
      ...(token && { authorization: `Bearer ${token}` }),
    };
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = request(`${url}/api/v1${path}`, { method: 'POST', headers }, resolve);
      outgoing.on('error', (cause) => reject(unreachable(`POST ${path}`, url, cause)));
      body.on('error', (cause) => outgoing.destroy(cause)).pipe(outgoing);
    });
    if (answer.statusCode === 200) return createInterface({ input: answer, crlfDelay: Infinity });
    let text = '';
    for await (const piece of answer) text += String(piece);
    throw new ApiRefusal(answer.statusCode ?? 0, `POST ${path}`, parse(text) as Problem);
  }

  private async request<T>(method: string, path: string, body?: unknown, more: object = {}): Promise<T> {
    const { url, token } = this.endpoint;
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(token && { authorization: `Bearer ${token}` }),
          ...more,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      text = await answer.text();
    } catch (cause) {
      throw unreachable(`${method} ${path}`, url, cause);
    }
    const value: unknown = parse(text);
    if (!answer.ok) throw new ApiRefusal(answer.status, `${method} ${path}`, value as Problem);
    return value as T;
  }
}

/** Only for what is carried out once however often it is asked. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  const end = Date.now() + UNAVAILABLE_PATIENCE_MS;
  for (;;)
    try {
      return await ask();
    } catch (e) {
      if (!(e instanceof ApiRefusal) || e.status !== 503 || Date.now() > end) throw e;
      await new Promise((r) => setTimeout(r, RETRY_MS));
    }
}

/** The typed client, as patient as the above; what is refused is thrown as ApiRefusal, so that `bodyOf` always has a body. */
export function typedClient({ url, token }: Endpoint): MillraceClient {
  return millraceClient({ url, token, fetch: (request) => send(url, request) });
}

export const bodyOf = async <T>(answer: Promise<Parameters<typeof dataOf<T>>[0]>): Promise<T> => dataOf(await answer);

function send(url: string, request: Request): Promise<Response> {
  const operation = `${request.method} ${new URL(request.url).pathname.replace('/api/v1', '')}`;
  const once = async (): Promise<Response> => {
    let answer: Response;
    try {
      answer = await fetch(request.clone(), { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    } catch (cause) {
      throw unreachable(operation, url, cause);
    }
    if (!answer.ok) throw new ApiRefusal(answer.status, operation, parse(await answer.text()) as Problem);
    return answer;
  };
  if (request.method === 'GET') return once();
  request.headers.set('idempotency-key', randomUUID());
  return patiently(once);
}

function unreachable(operation: string, url: string, cause: unknown): CliError {
  const hint = 'is it running (`millrace status`)? For another instance set API_URL or --data';
  return new CliError('unreachable', operation, `the API at ${url} does not answer`, hint, { cause });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { detail: text.slice(0, 200) };
  }
}

/** What the API refused, and why. */
export class ApiRefusal extends CliError {
  constructor(
    readonly status: number,
    operation: string,
    readonly problem: Problem,
  ) {
    super('refused', operation, problem.detail ?? problem.title ?? `HTTP ${status}`, hintOf(status, problem));
  }
}

function hintOf(status: number, problem: Problem): string {
  const allowed = problem.allowed?.join(', ') || 'nothing';
  if (problem.allowed && problem.state) return `its state is ${problem.state}; allowed now: ${allowed}`;
  if (problem.allowed) return `allowed: ${allowed}`;
  if (problem.errors) return problem.errors.map((e) => `${e.path ?? ''}: ${e.message ?? ''}`).join('\n');
  if (status === 401 || status === 403) return 'set MILLRACE_API_TOKEN, or name the data directory with --data';
  if (status === 404) return 'see what there is: millrace device list';
  if (status >= 500) return 'see why: millrace status; millrace logs api';
  return '';
}
