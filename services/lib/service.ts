/** What every process does the same way: log, count, answer probes, stop in order. */
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import closeWithGrace from 'close-with-grace';
import pino, { type Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { REDACTED } from '../../schemas/redaction';
import { type Tracing, tracingFromEnv } from '../../schemas/tracing/from-env';
import { type Tracer } from '../../schemas/tracing/tracer';
import { type Env, integer, text } from './environment';

const SHUTDOWN_TIMEOUT_MS = 15_000;

export interface ServiceContext {
  readonly log: Logger;
  readonly metrics: Registry;
  readonly tracer: Tracer;
  readonly env: Env;
}

export interface RunningService {
  /** Undefined when ready, otherwise the reason why not. */
  notReady(): string | undefined;
  /** Stops taking work, finishes what is under way, closes connections. */
  stop(): Promise<void>;
}

/**
 * Starts a service and its health server (HEALTH_HOST, HEALTH_PORT: /healthz, /readyz, /metrics), stops it on SIGTERM,
 * SIGINT or an uncaught error. `start` may take long: /healthz answers meanwhile and /readyz says "starting".
 */
export async function runService(
  name: string,
  env: Env,
  start: (context: ServiceContext) => Promise<RunningService>,
): Promise<void> {
  const log = pino({ name, level: env['LOG_LEVEL'] ?? 'info', redact: REDACTED });
  const metrics = new Registry();
  metrics.setDefaultLabels({ service: name });
  collectDefaultMetrics({ register: metrics });
  let running: RunningService | undefined;
  let tracing: Tracing | undefined;
  const notReady = (): string | undefined => (running ? running.notReady() : 'starting');
  const health = await healthServer(env, metrics, notReady);
  closeWithGrace({ delay: SHUTDOWN_TIMEOUT_MS, logger: false }, async ({ err, signal }) => {
    if (err) log.fatal({ err }, 'stopping after an error');
    else log.info({ signal }, 'stopping');
    await running?.stop();
    await tracing?.close();
    health.close();
    log.info('stopped');
  });
  try {
    tracing = await tracingFromEnv(env, name, metrics);
    running = await start({ log, metrics, tracer: tracing.tracer, env });
    log.info({ health_port: (health.address() as AddressInfo).port }, 'started');
  } catch (err) {
    log.fatal({ err }, 'could not start');
    process.exit(1);
  }
}

function healthServer(env: Env, metrics: Registry, notReady: () => string | undefined): Promise<Server> {
  const host = text(env, 'HEALTH_HOST', 'address of the health server', '127.0.0.1');
  const port = integer(env, 'HEALTH_PORT', 0, 0, 65_535);
  const server = createServer((req, res) => {
    if (req.url === '/metrics')
      return void metrics.metrics().then(
        (body) => res.setHeader('content-type', metrics.contentType).end(body),
        (e: unknown) => res.writeHead(500).end(String(e)),
      );
    if (req.url === '/healthz') return void res.end('ok\n');
    if (req.url !== '/readyz') return void res.writeHead(404).end();
    const reason = notReady();
    res.writeHead(reason === undefined ? 200 : 503).end(`${reason ?? 'ready'}\n`);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}
