/** Presence as a running thing: consumer, timer, and an ear on what is told of agents. */
import { type Kafka } from 'kafkajs';
import { type Logger } from 'pino';
import { type Registry } from 'prom-client';
import {
  createKafka,
  ensureTopics,
  EventReader,
  EventWriter,
  registerSchemas,
  type StreamConfig,
  WriterSchemas,
} from '../../schemas/stream';
import { Topics } from '../../schemas/topics';
import { samePartitions } from '../lib/consume-partitions';
import { readToEnd } from '../lib/consume-snapshot';
import { TransactionalConsumer, type TransactionalOptions } from '../lib/consume-transactional';
import { type RunningService } from '../lib/service';
import { type Tail, tail } from '../lib/tail';
import { AgentBoard } from './agents';
import { type PresenceMetrics, presenceMetrics } from './metrics';
import { GROUP_ID, MAX_SESSIONS_PER_PARTITION, PartitionPresence, type PresenceDeps } from './partition';

export const TICK_MS = 1_000;
/** Heartbeats move the position without a transaction; a crash repeats at most this much of them. */
export const FLUSH_EVERY_TICKS = 5;
/** More unread events than this are a backlog, in which silence means nothing. */
export const BACKLOG_EVENTS = 5_000;
const MAX_EVENTS_PER_BATCH = 5_000;

export interface PresenceConfig {
  readonly stream: StreamConfig;
  readonly log: Logger;
  readonly metrics: Registry;
  now(): number;
  newId(): string;
  onFatal(error: Error): void;
}

export async function startPresence(config: PresenceConfig): Promise<RunningService> {
  const { stream, log } = config;
  const kafka = createKafka(stream, log);
  await prepareTopics(kafka);
  const parts = await partsOf(config);
  const ear = await listenToAgents(kafka, parts, config);
  const consumer = new TransactionalConsumer<PartitionPresence>(kafka, optionsOf(kafka, parts, config), log);
  await consumer.start();
  const timer = new Timer(consumer, config.onFatal);
  return {
    notReady: () => consumer.notReady(),
    stop: async () => {
      timer.stop();
      await consumer.flush();
      await Promise.all([consumer.stop(), ear.stop()]);
    },
  };
}

interface Parts {
  readonly deps: PresenceDeps;
  readonly metrics: PresenceMetrics;
  readonly records: EventReader<'presence'>;
  readonly works: Map<number, PartitionPresence>;
  readonly lags: Map<number, number>;
}

async function prepareTopics(kafka: Kafka): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    await ensureTopics(admin);
    // Partition p of sessions is told in partition p of presence, from which it is rebuilt.
    await samePartitions(admin, [Topics.sessions.name, Topics.presence.name]);
  } finally {
    await admin.disconnect();
  }
}

async function partsOf({ stream, metrics: registry, now }: PresenceConfig): Promise<Parts> {
  const ids = await registerSchemas(stream, [Topics.presence, Topics.deadLetters]);
  const writers = new WriterSchemas(stream);
  const works = new Map<number, PartitionPresence>();
  const lags = new Map<number, number>();
  const metrics = presenceMetrics(registry, () => [...works.values()].map((w) => w.byStatus()));
  const deps: PresenceDeps = {
    events: new EventReader('session-event', writers),
    writer: new EventWriter(Topics.presence, ids),
    deadLetters: new EventWriter(Topics.deadLetters, ids),
    agents: new AgentBoard(),
    maxSessions: MAX_SESSIONS_PER_PARTITION,
    now,
    behind: (partition) => (lags.get(partition) ?? 0) > BACKLOG_EVENTS,
    count: metrics.count,
  };
  return { deps, metrics, records: new EventReader('presence', writers), works, lags };
}

/** Agents may be in partitions of other processes: what is told of them is heard by all. */
function listenToAgents(kafka: Kafka, { deps, records }: Parts, { newId, log }: PresenceConfig): Promise<Tail> {
  return tail(
    kafka,
    {
      groupId: `presence-agents-${newId()}`,
      topics: [Topics.presence.name],
      from: 'beginning',
      onMessage: async ({ value }) => void (value && deps.agents.take(await records.read(value))),
    },
    log,
  );
}

function optionsOf(kafka: Kafka, parts: Parts, config: PresenceConfig): TransactionalOptions<PartitionPresence> {
  const { works, lags, metrics } = parts;
  const topic = Topics.sessions.name;
  return {
    topic,
    groupId: GROUP_ID,
    maxMessages: MAX_EVENTS_PER_BATCH,
    transactionalId: (partition) => `presence-${partition}`,
    open: (partitions) => open(kafka, parts, config, partitions),
    onLag: (partition, lag) => {
      lags.set(partition, lag);
      metrics.lag(topic, partition, lag);
    },
    onRevoked: (partition) => {
      lags.delete(partition);
      works.delete(partition);
      metrics.revoked(topic, partition);
    },
    onFatal: config.onFatal,
  };
}

async function open(
  kafka: Kafka,
  { deps, records, works }: Parts,
  { log, newId }: PresenceConfig,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, { work: PartitionPresence }>> {
  const opened = new Map(partitions.map((p) => [p, { work: new PartitionPresence(p, deps) }]));
  await readToEnd(kafka, {
    groupId: `presence-state-${newId()}`,
    topic: Topics.presence.name,
    partitions,
    onMessage: async ({ partition, key, value }) => {
      if (key) opened.get(partition)?.work.restore(key.toString(), value && (await records.read(value)));
    },
  });
  for (const [p, { work }] of opened) works.set(p, work);
  log.info({ partitions, sessions: [...opened.values()].reduce((n, { work }) => n + work.size, 0) }, 'state rebuilt');
  return opened;
}

/** Asks silence every second, one round at a time, and now and then commits what moved quietly. */
class Timer {
  private readonly handle: NodeJS.Timeout;
  private busy = false;
  private rounds = 0;

  constructor(
    private readonly consumer: TransactionalConsumer<PartitionPresence>,
    onFatal: (error: Error) => void,
  ) {
    this.handle = setInterval(() => {
      if (this.busy) return;
      this.busy = true;
      this.round()
        .catch(onFatal)
        .finally(() => (this.busy = false));
    }, TICK_MS);
  }

  stop(): void {
    clearInterval(this.handle);
  }

  private async round(): Promise<void> {
    await this.consumer.write((_, work) => work.tick());
    if (++this.rounds % FLUSH_EVERY_TICKS === 0) await this.consumer.flush();
  }
}
