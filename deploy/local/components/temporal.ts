import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Connection, type ConnectionOptions, type WorkflowService } from '@temporalio/client';
import { msToTs, tsToMs } from '@temporalio/common/lib/time';
import { type ComponentPaths } from '../install/ensure';
import { type ComponentSpec, LOOPBACK, notReady, PROBE_TIMEOUT_ms, type Readiness, READY, reasonOf } from './spec';

const NAMESPACE = 'default';
const RETENTION_ms = 72 * 3_600_000;

export interface TemporalOptions {
  /** Data folder of the instance; Temporal's own is `temporal` in it. */
  readonly dataDir: string;
  /** Without a `ui` port there is no web interface. */
  readonly ports: { readonly grpc: number; readonly ui?: number };
  readonly paths: ComponentPaths;
}

/** By default the development server takes 50 ms a step and fires timers on whole seconds. */
const DYNAMIC_CONFIG = [
  'history.transferProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxPollRPS=2000',
  'history.visibilityProcessorMaxPollRPS=200',
  'history.timerProcessorMaxTimeShift="50ms"',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
];

/** A Temporal server that keeps its state in one SQLite file. */
export function temporalSpec({ dataDir, ports, paths }: TemporalOptions): ComponentSpec {
  if (!paths.temporalBinary) throw new Error('temporal is not among the installed components');
  const dir = join(dataDir, 'temporal');
  const address = `${LOOPBACK}:${ports.grpc}`;
  return {
    name: 'temporal',
    command: paths.temporalBinary,
    args: argumentsOf(join(dir, 'temporal.db'), ports),
    env: {},
    cwd: dataDir,
    prepare: async () => void mkdirSync(dir, { recursive: true }),
    ready: () => readyWithRetention(address),
    address,
    clientEnv: { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: NAMESPACE },
    ports: [ports.grpc, ...(ports.ui === undefined ? [] : [ports.ui])],
    stopSignal: 'SIGTERM',
    stopTimeout_ms: 10_000,
    startTimeout_ms: 60_000,
  };
}

function argumentsOf(database: string, ports: TemporalOptions['ports']): string[] {
  return [
    ...['server', 'start-dev', '--ip', LOOPBACK, '--port', String(ports.grpc)],
    ...(ports.ui === undefined ? ['--headless'] : ['--ui-port', String(ports.ui), '--ui-disable-news-fetch']),
    ...['--db-filename', database, '--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'],
    ...['--log-level', 'warn', '--log-format', 'json'],
    ...DYNAMIC_CONFIG.flatMap((value) => ['--dynamic-config-value', value]),
  ];
}

/** Describes the namespace: the answer of a server that can start workflows in it. `security` is for a user's own server. */
export function probeTemporal(
  address: string,
  namespace = NAMESPACE,
  security: Pick<ConnectionOptions, 'tls' | 'apiKey'> = {},
): Promise<Readiness> {
  return ask({ ...security, address }, async (service) => void (await service.describeNamespace({ namespace })));
}

/** The development server forgets a finished workflow after a day; ours is ready when it is three. */
function readyWithRetention(address: string): Promise<Readiness> {
  return ask({ address }, async (service) => {
    const { config } = await service.describeNamespace({ namespace: NAMESPACE });
    if (tsToMs(config?.workflowExecutionRetentionTtl) >= RETENTION_ms) return;
    const workflowExecutionRetentionTtl = msToTs(RETENTION_ms);
    await service.updateNamespace({ namespace: NAMESPACE, config: { workflowExecutionRetentionTtl } });
  });
}

async function ask(to: ConnectionOptions, question: (service: WorkflowService) => Promise<void>): Promise<Readiness> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ ...to, connectTimeout: PROBE_TIMEOUT_ms / 2 });
    const { workflowService } = connection;
    await connection.withDeadline(Date.now() + PROBE_TIMEOUT_ms / 2, () => question(workflowService));
    return READY;
  } catch (error) {
    return notReady(reasonOf(error));
  } finally {
    await connection?.close();
  }
}
