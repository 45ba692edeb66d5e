/**
 * Questions over HTTPS to a server whose authority this process was not started with: Node.js reads NODE_EXTRA_CA_CERTS once, and
 * a launcher makes the file when it runs already.
 */
import { readFileSync } from 'node:fs';
import { type IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { Readable } from 'node:stream';
import { type ReadableStream } from 'node:stream/web';
import { rootCertificates } from 'node:tls';

export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export type Fetch = (url: string, question: Question) => Promise<Response>;

/** The usual fetch, unless there is a PEM file of authorities to be trusted beside the usual ones. */
export function fetchTrusting(authorities: string | undefined): Fetch {
  if (authorities === undefined) return fetch;
  return (url, question) => (url.startsWith('https:') ? overTls(url, question, authorities) : fetch(url, question));
}

function overTls(url: string, { body, ...options }: Question, authorities: string): Promise<Response> {
  const ca = [...rootCertificates, readFileSync(authorities, 'utf8')];
  return new Promise((resolve, reject) => {
    const asked = request(url, { ...options, ca, minVersion: 'TLSv1.2' }, (answer) => resolve(responseOf(answer)));
    asked.once('error', reject);
    asked.end(body);
  });
}

function responseOf(answer: IncomingMessage): Response {
  const headers = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  );
  const body = Readable.toWeb(answer) as ReadableStream<Uint8Array>;
  return new Response(body as unknown as ConstructorParameters<typeof Response>[0], {
    status: answer.statusCode ?? 0,
    headers,
  });
}
