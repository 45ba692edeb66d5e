/** `agent run`: the agent as a process, with its log, its health and its end. */
import { existsSync, mkdirSync, watchFile } from 'node:fs';
import { join } from 'node:path';
import closeWithGrace from 'close-with-grace';
import pino, { type Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { BROKERS_REPLICATION, createKafka, streamConfig, type StreamConfig, WriterSchemas } from '../../schemas/stream';
import { REDACTED } from '../../schemas/redaction';
import { NO_TRACING, tracingFromEnv } from '../../schemas/tracing/from-env';
import { type AdapterDeps } from '../adapters';
import { Agent } from '../agent';
import { type AgentPlan } from '../core/compile/plan';
import { type Env } from '../core/profile/document';
import { serveHealth } from '../health';
import { Claims } from '../io/claims';
import { type Clock } from '../io/clock';
import { collectGarbage, keepHeapSmall } from '../io/heap';
import { proberBy } from '../io/prober';
import { Probes } from '../io/probes';
import { updatesFrom } from '../update-orders';
import { IdentityFiles } from '../io/identity/identity';
import { IdentityKeeper } from '../io/identity/keeper';
import { ProfileKeeper } from '../profile-keeper';

const SHUTDOWN_TIMEOUT_MS = 15_000;
/** How often the profile is looked at; also the time an editor has to finish writing it. */
const LOOK_MS = 2_000;

export interface RunOptions {
  /** File of the profile. */
  readonly profile: string;
  readonly dataDir: string;
  readonly env: Env;
  /** Unique to this start. */
  readonly boot: string;
  readonly deps: AdapterDeps & { readonly clock: Clock };
  newId(): string;
  /** Nobody can guess it. */
  newSecret(): string;
}

/** Resolves once the agent polls; it runs until SIGTERM or SIGINT. */
export async function run(options: RunOptions): Promise<void> {
  const { dataDir, env } = options;
  keepHeapSmall();
  mkdirSync(dataDir, { recursive: true });
  const claims = new Claims({
    directory: join(dataDir, 'claimed'),
    agentId: () => plan.agent_id,
    now: () => options.deps.clock.now(),
    newSecret: () => options.newSecret(),
    adopt: () => profile.adopt(),
  });
  const store = join(dataDir, 'profile.json');
  const profile = new ProfileKeeper({ file: options.profile, env, store, claimed: () => claims.all });
  const plan = profile.load();
  const level = env['LOG_LEVEL'] ?? 'info';
  const log = pino({ name: 'agent', level, base: { agent: plan.agent_id }, redact: REDACTED });
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const identity = new IdentityFiles(join(dataDir, 'identity'));
  const stream = streamOf(withIdentity(env, identity), plan.agent_id, log);
  const tracing = await tracingFromEnv(env, 'agent', metrics);
  const replicationFactor = Number(env['KAFKA_REPLICATION_FACTOR'] || BROKERS_REPLICATION);
  const updates = updatesFrom(env, dataDir, options.deps.clock);
  const traces = tracing !== NO_TRACING && { tracing };
  const more = { plan, profile, stream, replicationFactor, log, metrics, ...(updates && { updates }), ...traces };
  const deps = { ...options.deps, claim: claims.take };
  const agent = await Agent.open({ ...options, ...more, deps });
  const probes = stream && probesOf(stream, profile, { ...options, plan, replicationFactor, log });
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
  closeWithGrace({ delay: SHUTDOWN_TIMEOUT_MS, logger: false, skip: ['SIGHUP'] }, async ({ err, signal }) => {
    if (err) log.fatal({ err }, 'stopping after an error');
    else log.info({ signal }, 'stopping');
    await probes?.stop();
    await agent.stop(signal ? 'agent stopped' : 'agent failed');
    await tracing.close();
    health.close();
    log.info('stopped');
  });
  await agent.start();
  probes?.start();
  keepIdentity(identity, options.deps.clock, log);
  rereadWhenChanged(options.profile, profile, log);
  collectGarbage();
  started = true;
}

/** On SIGHUP, and when the file changed. Looked at by its time: editors and config maps put another file in its place. */
function rereadWhenChanged(file: string, profile: ProfileKeeper, log: Logger): void {
  const reread = (): void =>
    void profile.reread().catch((err: unknown) => log.error({ err }, 'the profile cannot be read again'));
  process.on('SIGHUP', reread);
  watchFile(file, { interval: LOOK_MS, persistent: false }, (now, before) => {
    if (now.mtimeMs !== before.mtimeMs && now.mtimeMs !== 0) reread();
  });
}

/** An agent that was enrolled shows its certificate to brokers that speak TLS, unless it is given another. */
function withIdentity(env: Env, { pem }: IdentityFiles): Env {
  if (!env['KAFKA_SSL_CA_FILE'] || env['KAFKA_SSL_CERT_FILE'] || !existsSync(pem)) return env;
  return { ...env, KAFKA_SSL_CERT_FILE: pem, KAFKA_SSL_KEY_FILE: pem };
}

interface Probing extends RunOptions {
  readonly plan: AgentPlan;
  readonly replicationFactor: number;
  readonly log: Logger;
}

function probesOf(stream: StreamConfig, keeper: ProfileKeeper, options: Probing): Probes {
  const { plan, replicationFactor, log, env, deps } = options;
  const program = join(__dirname, '..', 'main.js');
  return new Probes({
    ...{ agentId: plan.agent_id, tenant: plan.tenant, stream, replicationFactor },
    ...{ clock: deps.clock, random: deps.random },
    kafka: createKafka(stream, log),
    schemas: new WriterSchemas(stream),
    prober: {
      draft: proberBy({ command: process.execPath, args: [program, 'probe'], env }),
      current: () => keeper.text(),
    },
    onFailure: (err) => log.warn({ err }, 'questions about drafts are not heard or answered; all else goes on'),
  });
}

function keepIdentity(files: IdentityFiles, clock: Clock, log: Logger): void {
  new IdentityKeeper({
    files,
    now: () => clock.now(),
    onRenewed: (expires_at) => log.info({ expires_at: new Date(expires_at) }, 'the certificate is renewed'),
    onFailed: (err) => log.error({ err }, 'the certificate cannot be renewed'),
  }).start();
}

/** Undefined without brokers: the agent then stores, and ships when it is started with them. */
function streamOf(env: Env, agentId: string, log: Logger): StreamConfig | undefined {
  if (env['KAFKA_BROKERS']) return streamConfig(env, agentId);
  log.warn('KAFKA_BROKERS is not set: readings are stored and not shipped');
  return undefined;
}
