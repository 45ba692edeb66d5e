/** Everything of Kafka that the worker uses, connected. */
import { type Kafka } from 'kafkajs';
import {
  createKafka,
  ensureTopics,
  EventReader,
  idempotentProducer,
  registerSchemas,
  type StreamConfig,
  WriterSchemas,
} from '../../schemas/stream';
import { AgentTopics, type Topic, Topics } from '../../schemas/topics';
import { type Tracer } from '../../schemas/tracing/tracer';
import { AgentProfileTopics } from '../../services/lib/agent-profiles';
import { type Tail, tail } from '../../services/lib/tail';
import { type Logger } from 'pino';
import { StreamCommandPublisher } from '../../services/lib/command-publisher';
import { Publisher } from '../../schemas/publisher';
import { type CampaignRecord } from '../campaign/activities';
import { type Revocation } from '../decommission/activities';
import { campaignPublisher } from './campaign-publisher';
import { StreamDeviceBook } from './device-book';
import { revocations } from './revocations';
import { RegistryClient } from './registry-client';

/** The broker's own default, so that a cluster decides. */

export interface WorkerStream {
  readonly publisher: Publisher;
  readonly commands: StreamCommandPublisher;
  readonly registry: RegistryClient;
  readonly devices: StreamDeviceBook;
  readonly campaigns: (record: CampaignRecord) => Promise<void>;
  readonly revoke: (revocation: Revocation) => Promise<void>;
  readonly profiles: AgentProfileTopics;
  close(): Promise<void>;
}

/** `instance` is unique to this process. Throws while Kafka or the schema registry is away. */
export async function openStream(
  config: StreamConfig,
  instance: string,
  log: Logger,
  tracer: Tracer,
): Promise<WorkerStream> {
  const kafka = createKafka(config, log);
  const { campaigns, commandEvents, deviceRequests, deviceReplies, devices: states, identities } = Topics;
  const own = [campaigns, commandEvents, deviceRequests, deviceReplies, states, identities];
  const ids = await registerSchemas(config, [...own, AgentTopics.commands('any'), AgentTopics.profile('any')]);
  await ensure(kafka, own);
  const publisher = new Publisher(() => idempotentProducer(kafka));
  const registry = new RegistryClient(instance, publisher, ids);
  const replies = await followReplies(kafka, config, registry, log);
  let read = 0;
  const reading = { reader: instance, newId: () => String(++read) };
  const profiles = new AgentProfileTopics({ kafka, writers: new WriterSchemas(config), publisher, ids, ...reading });
  const { book, tail: devices } = await StreamDeviceBook.follow(kafka, config, instance, log);
  return {
    publisher,
    profiles,
    devices: book,
    campaigns: campaignPublisher(publisher, ids),
    revoke: revocations(publisher, ids),
    commands: new StreamCommandPublisher(publisher, ids, (topic) => ensure(kafka, [topic]), tracer),
    registry,
    async close() {
      await publisher.close();
      await Promise.all([replies.stop(), devices.stop()]);
    },
  };
}

async function ensure(kafka: Kafka, topics: readonly Topic[]): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    await ensureTopics(admin, topics);
  } finally {
    await admin.disconnect();
  }
}

function followReplies(kafka: Kafka, config: StreamConfig, registry: RegistryClient, log: Logger): Promise<Tail> {
  const reader = new EventReader('device-reply', new WriterSchemas(config));
  const options = { groupId: registry.instance, topics: [Topics.deviceReplies.name], from: 'now' as const };
  return tail(
    kafka,
    {
      ...options,
      async onMessage({ key, value, partition, offset }) {
        if (!value || key?.toString() !== registry.instance) return;
        try {
          registry.answer(await reader.read(value));
        } catch (err) {
          // The request is asked again, with the same id, when no reply is understood in time.
          log.warn({ err, partition, offset }, 'reply not understood');
        }
      },
    },
    log,
  );
}
