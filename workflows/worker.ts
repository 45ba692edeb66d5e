/**
 * The worker: runs the workflows and their effects. Besides the common environment it knows WORKER_MAX_CACHED_WORKFLOWS
 * (about 1 MB of memory each at most), TEMPORAL_METRICS_ADDRESS (host:port for the SDK's own Prometheus metrics), and the names of its
 * version (io/worker-deployment.ts); EXPORT_DIR, and ClickHouse's (services/lib/clickhouse.ts), for histories that are asked for at a
 * device's end.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { type Logger as SdkLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { type Logger } from 'pino';
import { streamConfig } from '../schemas/stream';
import { type ClickHouseClient } from '@clickhouse/client';
import { clickHouseFromEnv } from '../services/lib/clickhouse';
import { type Env, integer, text } from '../services/lib/environment';
import { type RunningService, runService, type ServiceContext } from '../services/lib/service';
import { connectPatiently, temporalConfig } from '../services/lib/temporal';
import { workflowBundle } from './bundle';
import { createBatchActivities } from './batch/activities';
import { createCampaignActivities } from './campaign/activities';
import { createCommandActivities } from './command/activities';
import { createDecommissionActivities, type DecommissionDependencies } from './decommission/activities';
import { commandsInFlight } from './io/commands-in-flight';
import { historyExport } from './io/history-export';
import { profileRemoval } from './io/profile-removal';
import { openStream, type WorkerStream } from './io/stream';
import { deploymentOf } from './io/worker-deployment';
import { connectionFailures, measured, watch } from './io/worker-metrics';
import { ensureSearchAttributes, TASK_QUEUE } from './shared/messages';
import { join, resolve } from 'node:path';

/** Activities under way get this long to finish once asked to stop. */
const DRAIN_MS = 8_000;

async function start({ log, metrics, tracer, env }: ServiceContext): Promise<RunningService> {
  const instance = `worker-${randomUUID()}`;
  const failures = connectionFailures(metrics);
  const patiently = <T>(what: string, connect: () => Promise<T>): Promise<T> =>
    connectPatiently(connect, {
      failed(error, next_try_ms) {
        failures.inc({ what });
        log.warn({ err: error, next_try_ms }, `${what} is away, trying again`);
      },
      sleep: (ms) => sleep(ms),
    });
  install(env, log);
  const temporal = temporalConfig(env);
  const stream = streamConfig(env, instance);
  const bundle = workflowBundle(join(__dirname, '..'), sdkLogger(log));
  const [connection, opened, workflowCode] = await Promise.all([
    patiently('temporal', () => connect(temporal)),
    patiently('kafka', () => openStream(stream, instance, log, tracer)),
    bundle,
  ]);
  const clickhouse = env['CLICKHOUSE_URL'] ? clickHouseFromEnv(env, 'millrace-worker') : undefined;
  const exportDir = resolve(text(env, 'EXPORT_DIR', 'folder of exported histories', 'exports'));
  const exporting = clickhouse && historyExport(clickhouse, exportDir);
  const { namespace } = temporal;
  const client = new Client({ connection, namespace });
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: TASK_QUEUE,
    identity: instance,
    workflowBundle: workflowCode,
    activities: measured(activities(opened, client, exporting), metrics),
    ...deploymentOf(env),
    shutdownGraceTime: DRAIN_MS,
    maxCachedWorkflows: integer(env, 'WORKER_MAX_CACHED_WORKFLOWS', 500, 10, 100_000),
  });
  watch(worker, opened.publisher, metrics);
  return running(worker, { opened, connection, clickhouse });
}

async function connect({ connection, namespace }: ReturnType<typeof temporalConfig>): Promise<NativeConnection> {
  const connected = await NativeConnection.connect(connection);
  try {
    await ensureSearchAttributes(connected, namespace);
    return connected;
  } catch (error) {
    await connected.close();
    throw error;
  }
}

function activities(opened: WorkerStream, client: Client, exporting: DecommissionDependencies['exporting']) {
  return {
    ...createBatchActivities(opened.devices),
    ...createCampaignActivities(opened.campaigns),
    ...createCommandActivities(opened.commands),
    ...createDecommissionActivities({
      ...{ registry: opened.registry, commands: commandsInFlight(client), revoke: opened.revoke },
      ...{ exporting, removeFromProfile: profileRemoval(opened.profiles) },
    }),
  };
}

interface Opened {
  readonly opened: WorkerStream;
  readonly connection: NativeConnection;
  readonly clickhouse: ClickHouseClient | undefined;
}

/** A worker that ends by itself has met something it cannot recover from: the process ends too, and is started anew. */
function running(worker: Worker, { opened, connection, clickhouse }: Opened): RunningService {
  const ran = worker.run();
  return {
    notReady: () => (worker.getState() === 'RUNNING' ? undefined : `the worker is ${worker.getState()}`),
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await ran;
      await opened.close();
      await connection.close();
      await clickhouse?.close();
    },
  };
}

/** Signals are runService's to handle. */
function install(env: Env, log: Logger): void {
  const bindAddress = env['TEMPORAL_METRICS_ADDRESS'];
  Runtime.install({
    logger: sdkLogger(log),
    shutdownSignals: [],
    ...(bindAddress && { telemetryOptions: { metrics: { prometheus: { bindAddress } } } }),
  });
}

function sdkLogger(log: Logger): SdkLogger {
  const at =
    (level: 'trace' | 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, meta: object = {}): void =>
      log[level](meta, message);
  const levels = { trace: at('trace'), debug: at('debug'), info: at('debug'), warn: at('warn'), error: at('error') };
  return {
    ...levels,
    log: (level, message, meta) => levels[level.toLowerCase() as keyof typeof levels](message, meta),
  };
}

void runService('worker', process.env, start);
