/** The registry as a running thing: consumer, one owner per partition, metrics. */
import { type Kafka } from 'kafkajs';
import { type Registry } from 'prom-client';
import { type Logger } from 'pino';
import { partitionOf } from '../../schemas/partition';
import {
  BROKERS_REPLICATION,
  createKafka,
  ensureTopics,
  EventReader,
  registerSchemas,
  type SchemaIds,
  type StreamConfig,
  WriterSchemas,
} from '../../schemas/stream';
import { AgentTopics, Topics } from '../../schemas/topics';
import { samePartitions } from '../lib/consume-partitions';
import { TransactionalConsumer } from '../lib/consume-transactional';
import { type RunningService } from '../lib/service';
import { AgentDeviceTopics } from './agent-topics';
import {
  DEFINITIONS_GROUP,
  type DefinitionRegistry,
  DefinitionWriters,
  MAX_DEFINITIONS_PER_TRANSACTION,
  openDefinitions,
} from './definitions';
import { loadPartitions } from './load';
import { registryMetrics } from './metrics';
import { Writers } from './outputs';
import { GROUP_ID, PartitionRegistry, type RegistryDeps } from './partition';

/** Bounds the time a single move waits behind a bulk: about a tenth of a second. */
export const MAX_REQUESTS_PER_TRANSACTION = 1_000;
const WRITTEN = [
  ...[Topics.lifecycle, Topics.devices, AgentTopics.devices('any')],
  ...[Topics.definitionLog, Topics.definitions, Topics.deviceReplies, Topics.deadLetters],
];
/** Partition p of requests, events and states must hold the same devices. */
const HELD_TOGETHER = [Topics.deviceRequests.name, Topics.lifecycle.name, Topics.devices.name];

export interface RegistryConfig {
  readonly stream: StreamConfig;
  readonly log: Logger;
  readonly metrics: Registry;
  now(): number;
  newId(): string;
  onFatal(error: Error): void;
}

export async function startRegistry(config: RegistryConfig): Promise<RunningService> {
  const kafka = createKafka(config.stream, config.log);
  const admin = kafka.admin();
  await admin.connect();
  await ensureTopics(admin);
  const partitions = await samePartitions(admin, HELD_TOGETHER);
  const ids = await registerSchemas(config.stream, WRITTEN);
  const metrics = registryMetrics(config.metrics);
  const writers = new WriterSchemas(config.stream);
  const agentTopics = new AgentDeviceTopics(admin, BROKERS_REPLICATION);
  const deps: RegistryDeps = {
    writers: new Writers(ids),
    requests: new EventReader('device-request', writers),
    now: config.now,
    newId: config.newId,
    partitionOf: (key) => partitionOf(key, partitions),
    ensureAgentTopics: (agents) => agentTopics.ensure(agents),
    metrics,
  };
  const consumer = new TransactionalConsumer(
    kafka,
    {
      topic: Topics.deviceRequests.name,
      groupId: GROUP_ID,
      maxMessages: MAX_REQUESTS_PER_TRANSACTION,
      transactionalId: (partition) => `registry-${partition}`,
      open: (wanted) => openPartitions(kafka, ids, writers, wanted, deps, config),
      onLag: (partition, lag) => metrics.lag(Topics.deviceRequests.name, partition, lag),
      onRevoked: (partition) => metrics.revoked(Topics.deviceRequests.name, partition),
      onFatal: config.onFatal,
    },
    config.log,
  );
  const definitions = definitionConsumer(kafka, ids, writers, config);
  await Promise.all([consumer.start(), definitions.start()]);
  return {
    notReady: () => consumer.notReady() ?? definitions.notReady(),
    stop: async () => {
      await Promise.all([consumer.stop(), definitions.stop()]);
      await admin.disconnect();
    },
  };
}

function definitionConsumer(
  kafka: Kafka,
  ids: SchemaIds,
  schemas: WriterSchemas,
  { now, newId, log, onFatal }: RegistryConfig,
): TransactionalConsumer<DefinitionRegistry> {
  const requests = new EventReader('definition-request', schemas);
  const deps = { writers: new DefinitionWriters(ids), requests, now };
  const options = {
    topic: Topics.definitionRequests.name,
    groupId: DEFINITIONS_GROUP,
    maxMessages: MAX_DEFINITIONS_PER_TRANSACTION,
    transactionalId: (partition: number) => `registry-definitions-${partition}`,
    open: async () => new Map([[0, await openDefinitions(kafka, schemas, deps, newId)]]),
    onFatal,
  };
  return new TransactionalConsumer(kafka, options, log);
}

async function openPartitions(
  kafka: Kafka,
  ids: SchemaIds,
  writers: WriterSchemas,
  partitions: readonly number[],
  deps: RegistryDeps,
  { log, now, newId }: RegistryConfig,
): Promise<ReadonlyMap<number, { work: PartitionRegistry; seen: bigint | undefined }>> {
  const started_at = now();
  const states = new EventReader('device-state', writers);
  const loaded = await loadPartitions({ kafka, ids, states, newId }, partitions);
  const works = [...loaded].map(
    ([p, { store, seen }]) => [p, { work: new PartitionRegistry(p, store, deps), seen }] as const,
  );
  const devices = works.reduce((sum, [, { work }]) => sum + work.devices, 0);
  for (const [p, { work }] of works) deps.metrics.devices(p, work.devices);
  log.info({ partitions, devices, rebuild_ms: now() - started_at }, 'state rebuilt');
  return new Map(works);
}
