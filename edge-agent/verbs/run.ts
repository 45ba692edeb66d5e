/** `agent run`: the agent as a process, with its log, its health and its end. */
import { mkdirSync } from 'node:fs';
import closeWithGrace from 'close-with-grace';
import pino, { type Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { streamConfig, type StreamConfig } from '../../schemas/stream';
import { type AdapterDeps } from '../adapters';
import { Agent } from '../agent';
import { type AgentPlan } from '../core/compile/plan';
import { type Env } from '../core/profile/document';
import { serveHealth } from '../health';
import { type Clock } from '../io/clock';
import { collectGarbage, keepHeapSmall } from '../io/heap';

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
  const { plan, dataDir, env } = options;
  keepHeapSmall();
  const log = pino({ name: 'agent', level: env['LOG_LEVEL'] ?? 'info', base: { agent: plan.agent_id } });
  mkdirSync(dataDir, { recursive: true });
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const stream = streamOf(env, plan.agent_id, log);
  const replicationFactor = Number(env['KAFKA_REPLICATION_FACTOR'] || 1);
  const agent = await Agent.open({ ...options, stream, replicationFactor, log, metrics });
  let started = false;
  const health = await serveHealth(
    {
      metrics,
      notReady: () => (started ? agent.notReady() : 'starting'),
      status: () => agent.status(),
    },
    env['HEALTH_HOST'] || '127.0.0.1',
    Number(env['HEALTH_PORT'] || 0),
  );
  closeWithGrace({ delay: SHUTDOWN_TIMEOUT_MS, logger: false }, async ({ err, signal }) => {
    if (err) log.fatal({ err }, 'stopping after an error');
    else log.info({ signal }, 'stopping');
    await agent.stop(signal ? 'agent stopped' : 'agent failed');
    health.close();
    log.info('stopped');
  });
  await agent.start();
  collectGarbage();
  started = true;
}

/** Undefined without brokers: the agent then stores, and ships when it is started with them. */
function streamOf(env: Env, agentId: string, log: Logger): StreamConfig | undefined {
  if (env['KAFKA_BROKERS']) return streamConfig(env, agentId);
  log.warn('KAFKA_BROKERS is not set: readings are stored and not shipped');
  return undefined;
}
