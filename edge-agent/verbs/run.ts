/** `agent run`: the agent at work, put together. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import closeWithGrace from 'close-with-grace';
import pino, { type Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { createKafka, streamConfig } from '../../schemas/stream';
import { type AdapterDeps, createAdapters } from '../adapters';
import { type AgentPlan } from '../core/compile/plan';
import { type Env } from '../core/profile/document';
import { fieldMetrics } from '../field-metrics';
import { serveHealth } from '../health';
import { type Clock } from '../io/clock';
import { DEFAULT_BOUNDS } from '../io/outbox/bounds';
import { nodeFs } from '../io/outbox/fs';
import { type DiskOutbox, openOutbox } from '../io/outbox/outbox';
import { HintFile } from '../io/shipper/hint';
import { KafkaLink } from '../io/shipper/link';
import { DiskSchemaIds } from '../io/shipper/schema-ids';
import { Shipper } from '../io/shipper/shipper';
import { Pipeline } from '../pipeline';
import { publishChangedPoints } from '../published-points';

const SHUTDOWN_TIMEOUT_MS = 15_000;

export interface RunOptions {
  readonly plan: AgentPlan;
  readonly dataDir: string;
  readonly env: Env;
  /** Unique to this start. */
  readonly boot: string;
  readonly deps: AdapterDeps & { readonly clock: Clock };
  newId(): string;
}

/** Resolves once the agent polls; it runs until SIGTERM or SIGINT. */
export async function run(options: RunOptions): Promise<void> {
  const { plan, dataDir, env, boot, deps } = options;
  const log = pino({ name: 'agent', level: env['LOG_LEVEL'] ?? 'info', base: { agent: plan.agent_id } });
  mkdirSync(dataDir, { recursive: true });
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const outbox = await openOutbox({
    directory: join(dataDir, 'outbox'),
    bounds: DEFAULT_BOUNDS,
    fs: nodeFs,
    clock: deps.clock,
    tenant: plan.tenant,
    agentId: plan.agent_id,
    newId: () => options.newId(),
    onEvent: (event) => log.warn({ event }, 'outbox'),
  });
  const pipeline = new Pipeline(plan, outbox, deps.clock, boot, (err) => log.error({ err }, 'the outbox refuses'));
  const adapters = createAdapters(plan, deps);
  const shipper = startShipper(options, outbox, log);
  fieldMetrics(metrics, [...adapters.values()], pipeline);
  const health = await serveHealth(
    {
      metrics,
      notReady: () => (pipeline.durable.refusal === undefined ? undefined : 'the outbox refuses new readings'),
      status: () => ({
        agent_id: plan.agent_id,
        connections: [...adapters.values()].map((a) => a.status()),
        pipeline: pipeline.stats,
        shipper: shipper?.status,
      }),
    },
    env['HEALTH_HOST'] ?? '127.0.0.1',
    Number(env['HEALTH_PORT'] ?? 0),
  );
  closeWithGrace({ delay: SHUTDOWN_TIMEOUT_MS, logger: false }, async ({ err, signal }) => {
    if (err) log.fatal({ err }, 'stopping after an error');
    else log.info({ signal }, 'stopping');
    await Promise.all([...adapters.values()].map((a) => a.close()));
    await pipeline.close(signal ? 'agent stopped' : 'agent failed');
    await shipper?.stop();
    await outbox.close();
    health.close();
    log.info('stopped');
  });
  pipeline.start();
  await publishChangedPoints(plan, pipeline, join(dataDir, 'points.json'), deps.clock.now());
  for (const [connection, adapter] of adapters) adapter.start(pipeline.sink(connection));
  log.info({ devices: plan.devices.size, connections: adapters.size }, 'polling');
}

/** Undefined without brokers: the agent then stores, and ships when it is started with them. */
function startShipper({ plan, dataDir, env, deps }: RunOptions, outbox: DiskOutbox, log: Logger): Shipper | undefined {
  if (!env['KAFKA_BROKERS']) {
    log.warn('KAFKA_BROKERS is not set: readings are stored and not shipped');
    return undefined;
  }
  const config = streamConfig(env, plan.agent_id);
  const kafka = createKafka(config, log);
  const replicationFactor = Number(env['KAFKA_REPLICATION_FACTOR'] ?? 1);
  const shipper = new Shipper({
    agentId: plan.agent_id,
    outbox,
    link: new KafkaLink(kafka, { agentId: plan.agent_id, replicationFactor, clock: deps.clock }),
    schemaIds: new DiskSchemaIds(config, join(dataDir, 'schema-ids.json')),
    hint: new HintFile(join(dataDir, 'shipped.json')),
    clock: deps.clock,
    random: deps.random,
    onEvent: (event) => log.info({ event }, 'shipper'),
    onFatal: (err) => {
      log.fatal({ err }, 'another copy of this agent is shipping');
      process.kill(process.pid, 'SIGTERM');
    },
  });
  shipper.start();
  return shipper;
}
