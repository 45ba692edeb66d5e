/**
 * The embedded ClickHouse of one machine: the engine in this process, behind its own HTTP interface.
 *
 * CLICKHOUSE_DATA_DIR · CLICKHOUSE_HTTP_HOST (127.0.0.1) · CLICKHOUSE_HTTP_PORT (8123) · CLICKHOUSE_TLS_FILE · CLICKHOUSE_USER (millrace) ·
 * CLICKHOUSE_DATABASE (millrace) · CLICKHOUSE_PASSWORD_FILE · CLICKHOUSE_ANALYST_PASSWORD_FILE, CLICKHOUSE_ANALYST_TENANT · CLICKHOUSE_ANALYSTS_FILE ·
 * CLICKHOUSE_MAX_SERVER_MEMORY_BYTES · CLICKHOUSE_MAX_QUERY_MEMORY_BYTES
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { type Logger, pino } from 'pino';
import { configFrom } from './config';
import { Engine } from './engine';
import { SHUTDOWN_GRACE_MS, THREAD_POOL } from './limits';
import { own } from './owner-lock';
import { Front } from './server';
import { Users } from './users';

async function main(log: Logger): Promise<void> {
  // libuv reads this at the first piece of work, the engine's clock at its start: neither has happened yet.
  process.env['UV_THREADPOOL_SIZE'] ??= String(THREAD_POOL);
  process.env['TZ'] = 'UTC';
  const config = configFrom(process.env);
  const lock = await own(config.dir, { pid: process.pid, port: config.port });
  const engine = await Engine.open(config);
  if (engine.repairedTokens > 0)
    log.warn({ tokens: engine.repairedTokens }, 'took back deduplication tokens of inserts that a crash cut short');
  const users = new Users(config.credentials);
  const front = new Front({
    ...{ engine, users, newId: randomUUID, clock: () => performance.now(), timezone: 'UTC' },
    ...(config.tls !== undefined && { tls: config.tls }),
  });
  front.server.listen(config.port, config.host);
  await once(front.server, 'listening');
  const { port } = front.server.address() as AddressInfo;
  log.info({ host: config.host, port, engine: engine.version, note: 'embedded, for one machine' }, 'ready');

  const stop = async (signal: string): Promise<void> => {
    log.info({ signal }, 'stopping');
    await drain(front);
    engine.close();
    lock.release();
    log.info('stopped');
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal));
}

/** Queries under way may end; those that take too long are cut. */
async function drain(front: Front): Promise<void> {
  const closed = once(front.server, 'close');
  front.stop();
  const late = setTimeout(() => front.server.closeAllConnections(), SHUTDOWN_GRACE_MS);
  await closed;
  clearTimeout(late);
}

const log = pino({ name: 'clickhouse' });
main(log).catch((error: unknown) => {
  const { message, code, hint } = error as Partial<Error & { code: string; hint: string }>;
  log.fatal({ code, hint }, message ?? String(error));
  process.exit(1);
});
