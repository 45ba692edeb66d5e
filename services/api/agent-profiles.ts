/** What the platform desires of an agent: its profile, on the topic that the agent listens to (decision 0225). */
import { type Kafka } from 'kafkajs';
import { CodecError } from '../../schemas/codec';
import { type AgentProfile } from '../../schemas/generated';
import { ensureTopics, EventReader, EventWriter, type SchemaIds, type WriterSchemas } from '../../schemas/stream';
import { AgentTopics, deviceKey } from '../../schemas/topics';
import { readToEnd } from '../lib/consume-snapshot';
import { type Publisher } from '../lib/publisher';
import { ApiError } from './problem';

export interface AgentProfiles {
  /** Undefined when nothing is desired: the agent works by its own file. */
  find(tenant: string, agentId: string): Promise<AgentProfile | undefined>;
  /** Resolves when it is on the stream. */
  put(profile: AgentProfile): Promise<void>;
}

interface Options {
  readonly kafka: Kafka;
  readonly writers: WriterSchemas;
  readonly publisher: Pick<Publisher, 'send'>;
  /** Schema ids that cover the subject of agents' profiles. */
  readonly ids: SchemaIds;
  readonly newId: () => string;
}

/** The broker's default. */
const REPLICATION_FACTOR = -1;

export class StreamProfiles implements AgentProfiles {
  private readonly reader: EventReader<'agent-profile'>;

  constructor(private readonly options: Options) {
    this.reader = new EventReader('agent-profile', options.writers);
  }

  async find(tenant: string, agentId: string): Promise<AgentProfile | undefined> {
    const { kafka, newId } = this.options;
    const topic = AgentTopics.profile(agentId).name;
    let last: Buffer | null = null;
    try {
      await this.ensure(agentId);
      await readToEnd(kafka, {
        groupId: `api-profile-${newId()}`,
        topic,
        partitions: [0],
        onMessage: ({ key, value }) => {
          if (key?.toString() === deviceKey(tenant, agentId)) last = value && Buffer.from(value);
        },
      });
      return last === null ? undefined : await this.reader.read(last);
    } catch (cause) {
      if (cause instanceof CodecError)
        throw new ApiError('conflict', `what is desired cannot be read: ${cause.message}`, {}, { cause });
      throw new ApiError('unavailable', `the stream did not answer: ${(cause as Error).message}`, {}, { cause });
    }
  }

  async put(profile: AgentProfile): Promise<void> {
    const topic = AgentTopics.profile(profile.agent_id);
    const value = new EventWriter(topic, this.options.ids).write(profile);
    try {
      await this.ensure(profile.agent_id);
      const key = deviceKey(profile.tenant, profile.agent_id);
      await this.options.publisher.send([{ topic: topic.name, key, value }]);
    } catch (cause) {
      throw new ApiError('unavailable', `the stream did not answer: ${(cause as Error).message}`, {}, { cause });
    }
  }

  private async ensure(agentId: string): Promise<void> {
    const admin = this.options.kafka.admin();
    await admin.connect();
    try {
      await ensureTopics(admin, [AgentTopics.profile(agentId)], REPLICATION_FACTOR);
    } finally {
      await admin.disconnect();
    }
  }
}
