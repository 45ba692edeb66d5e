/** ClickHouse's HTTP interface: routes, headers, errors (https://clickhouse.com/docs/interfaces/http). */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { Answer } from './answer';
import { readStatement } from './body';
import { contentType } from './content-type';
import { type Engine } from './engine';
import { type Refusal, refusal } from './errors';
import { MAX_HEADER_BYTES, MAX_HTTP_CONNECTIONS } from './limits';
import { Metrics } from './metrics';
import { watchProgress } from './progress';
import { readRequest } from './request';
import { type Ended, Runner } from './runner';
import { type Users } from './users';

export interface FrontOptions {
  readonly engine: Engine;
  readonly users: Users;
  readonly newId: () => string;
  readonly clock: () => number;
  readonly timezone: string;
  /** PEM of key and certificates: HTTPS, and nothing in plain text. */
  readonly tls?: string;
}

/** Longer than the 2.5 s after which @clickhouse/client lets go of an idle connection. */
const KEEP_ALIVE_MS = 10_000;
const SERVER_NAME = 'millrace-embedded';

function listener(tls: string | undefined, route: RequestListener): Server {
  const limits = { maxHeaderSize: MAX_HEADER_BYTES };
  if (tls === undefined) return createServer(limits, route);
  return createTlsServer({ ...limits, key: tls, cert: tls, minVersion: 'TLSv1.2' }, route);
}

export class Front {
  readonly runner: Runner;
  readonly metrics: Metrics;
  readonly server: Server;
  private stopping = false;

  constructor(private readonly options: FrontOptions) {
    this.runner = new Runner(options.engine);
    this.metrics = new Metrics({
      lanes: this.runner.lanes,
      spool_bytes: () => this.runner.spool.bytes,
      sessions: () => this.runner.sessions.size,
      discarded: () => options.engine.discardedConnections,
    });
    this.server = listener(options.tls, (request, response) => void this.route(request, response));
    this.server.maxConnections = MAX_HTTP_CONNECTIONS;
    this.server.requestTimeout = 0;
    this.server.keepAliveTimeout = KEEP_ALIVE_MS;
  }

  /** No new queries; those under way go on. */
  stop(): void {
    this.stopping = true;
    this.runner.close();
    this.server.close();
    this.server.closeIdleConnections();
  }

  private async route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://front');
    response.setHeader('X-ClickHouse-Server-Display-Name', SERVER_NAME);
    response.on('error', () => response.destroy());
    const isQuery = url.pathname === '/' && (request.method === 'POST' || url.searchParams.has('query'));
    if (isQuery) return this.query(request, response, url.searchParams);
    if (!(url.pathname in this.pages)) return void response.writeHead(404, TEXT).end('There is no such page\n');
    await this.pages[url.pathname as keyof typeof this.pages](response);
  }

  private readonly pages = {
    '/': (r: ServerResponse) => r.writeHead(200, TEXT).end('Ok.\n'),
    '/ping': (r: ServerResponse) => r.writeHead(200, TEXT).end('Ok.\n'),
    '/replicas_status': (r: ServerResponse) => r.writeHead(200, TEXT).end('Ok.\n'),
    '/healthz': async (r: ServerResponse) => {
      const alive = !this.stopping && (await this.options.engine.ask('SELECT 1').catch(() => '')) === '1';
      r.writeHead(alive ? 200 : 503, TEXT).end(alive ? 'Ok.\n' : 'The engine does not answer\n');
    },
    '/metrics': async (r: ServerResponse) => {
      r.writeHead(200, { 'Content-Type': this.metrics.registry.contentType }).end(
        await this.metrics.registry.metrics(),
      );
    },
  };

  private async query(request: IncomingMessage, response: ServerResponse, url: URLSearchParams): Promise<void> {
    const queryId = url.get('query_id') ?? this.options.newId();
    const mark = this.options.newId();
    const started = this.options.clock();
    const gone = new AbortController();
    response.once('close', () => response.writableFinished || gone.abort());
    response.setHeader('X-ClickHouse-Query-Id', queryId);
    response.setHeader('X-ClickHouse-Timezone', this.options.timezone);
    let answer: Answer | undefined;
    let kind = 'refused';
    let unwatch = (): void => undefined;
    try {
      const user = this.options.users.identify(request, url);
      const asked = readRequest(request, url);
      const spillPath = asked.waitForEnd ? join(this.options.engine.temporary, `answer-${mark}`) : undefined;
      answer = new Answer(response, {
        encoding: asked.encoding,
        level: asked.level,
        spillPath,
        exceptionTag: mark.replaceAll('-', '').slice(0, 16),
      });
      response.setHeader('X-ClickHouse-Exception-Tag', mark.replaceAll('-', '').slice(0, 16));
      const read = await readStatement(request, asked.query);
      kind = read.statement.kind;
      if (read.statement.kind === 'output') {
        const format = read.statement.format ?? asked.format;
        response.setHeader('X-ClickHouse-Format', format);
        response.setHeader('Content-Type', contentType(format));
      }
      if (asked.progress_ms !== undefined)
        unwatch = watchProgress(this.options.engine, mark, asked.progress_ms, response);
      const ended = await this.runner.run({ user, request: asked, asked: read, answer, mark, gone: gone.signal });
      await answer.end({ 'X-ClickHouse-Summary': summary(ended) });
      this.count(kind, 'ok', ended, started);
    } catch (error) {
      this.count(kind, gone.signal.aborted ? 'cancelled' : 'error', undefined, started);
      await this.fail(response, answer, refusal(error, this.options.engine.version), gone.signal);
    } finally {
      unwatch();
      this.metrics.sent.inc(answer?.sent_bytes ?? 0);
      await answer?.discard();
      request.resume();
    }
  }

  private async fail(
    response: ServerResponse,
    answer: Answer | undefined,
    told: Refusal,
    gone: AbortSignal,
  ): Promise<void> {
    this.metrics.errors.inc({ code: String(told.code) });
    if (gone.aborted || response.destroyed) return this.metrics.cancelled.inc();
    if (answer?.begun) return answer.breakOff(told.text);
    response.setHeader('X-ClickHouse-Exception-Code', String(told.code));
    if (told.status === 401) response.setHeader('WWW-Authenticate', `Basic realm="${SERVER_NAME}"`);
    response.removeHeader('Content-Encoding');
    response.writeHead(told.status, TEXT).end(`${told.text}\n`);
  }

  private count(kind: string, result: string, ended: Ended | undefined, started: number): void {
    this.metrics.queries.inc({ kind, result });
    this.metrics.duration.observe({ kind }, (this.options.clock() - started) / 1000);
    this.metrics.received.inc(ended?.received_bytes ?? 0);
  }
}

const TEXT = { 'Content-Type': 'text/plain; charset=UTF-8' };

function summary({ read, written }: Ended): string {
  const counts = read ?? written;
  return JSON.stringify({
    read_rows: String(counts?.rows ?? 0),
    read_bytes: String(counts?.bytes ?? 0),
    written_rows: String(written?.rows ?? 0),
    written_bytes: String(written?.bytes ?? 0),
    total_rows_to_read: '0',
    result_rows: String(counts?.rows ?? 0),
    result_bytes: String(counts?.bytes ?? 0),
    elapsed_ns: String(counts?.elapsed_ns ?? 0),
  });
}
