/**
 * The embedded ClickHouse of one machine: the engine in this process, behind its own HTTP interface.
 *
 * CLICKHOUSE_DATA_DIR · CLICKHOUSE_HTTP_HOST (127.0.0.1) · CLICKHOUSE_HTTP_PORT (8123) · CLICKHOUSE_USER (millrace) ·
 * CLICKHOUSE_PASSWORD_FILE · CLICKHOUSE_ANALYST_PASSWORD_FILE, CLICKHOUSE_ANALYST_TENANT · CLICKHOUSE_ANALYSTS_FILE ·
 * CLICKHOUSE_MAX_SERVER_MEMORY_BYTES · CLICKHOUSE_MAX_QUERY_MEMORY_BYTES
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { THREAD_POOL } from './limits';

// Read by libuv at its first use, and by the engine's time functions: before anything else loads.
process.env['UV_THREADPOOL_SIZE'] ??= String(THREAD_POOL);
process.env['TZ'] = 'UTC';

async function main(): Promise<void> {
  const { pino } = await import('pino');
  const log = pino({ name: 'clickhouse' });
  try {
    const { configFrom } = await import('./config.js');
    const { own } = await import('./owner-lock.js');
    const config = configFrom(process.env);
    const lock = await own(config.dir, { pid: process.pid, port: config.port });
    const { Engine } = await import('./engine.js');
    const { Front } = await import('./server.js');
    const { Users } = await import('./users.js');
    const { SHUTDOWN_GRACE_MS } = await import('./limits.js');
    const engine = await Engine.open({ dir: config.dir, limits: config.limits });
    const users = new Users(config.credentials);
    const front = new Front({ engine, users, newId: randomUUID, clock: () => performance.now(), timezone: 'UTC' });
    front.server.listen(config.port, config.host);
    await once(front.server, 'listening');
    const { port } = front.server.address() as AddressInfo;
    log.info({ host: config.host, port, engine: engine.version, note: 'embedded, for one machine' }, 'ready');

    const stop = async (signal: string): Promise<void> => {
      log.info({ signal }, 'stopping');
      const closed = once(front.server, 'close');
      front.stop();
      const late = setTimeout(() => front.server.closeAllConnections(), SHUTDOWN_GRACE_MS);
      await closed;
      clearTimeout(late);
      engine.close();
      lock.release();
      log.info('stopped');
      process.exit(0);
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal));
  } catch (error) {
    const { message, code, hint } = error as { message: string; code?: string; hint?: string };
    log.fatal({ code, hint }, message);
    process.exitCode = 1;
    process.exit();
  }
}

void main();
