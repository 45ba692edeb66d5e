/** What the platform desires of agents: a compacted topic for each agent, in which the last word counts (decision 0225). */
import { type Kafka } from 'kafkajs';
import { type AgentProfile } from '../../schemas/generated';
import { ensureTopics, EventReader, EventWriter, type SchemaIds, type WriterSchemas } from '../../schemas/stream';
import { AgentTopics, deviceKey } from '../../schemas/topics';
import { readToEnd } from './consume-snapshot';
import { type Publisher } from '../../schemas/publisher';

export interface AgentProfileTopicsOptions {
  readonly kafka: Kafka;
  readonly writers: WriterSchemas;
  readonly publisher: Pick<Publisher, 'send'>;
  /** Schema ids that cover the subject of agents' profiles. */
  readonly ids: SchemaIds;
  /** Beginning of the names of groups that read it once. */
  readonly reader: string;
  readonly newId: () => string;
}

export class AgentProfileTopics {
  private readonly reader: EventReader<'agent-profile'>;

  constructor(private readonly options: AgentProfileTopicsOptions) {
    this.reader = new EventReader('agent-profile', options.writers);
  }

  /** Undefined when nothing is desired: the agent works by its own file. Throws CodecError when nobody can read it. */
  async find(tenant: string, agentId: string): Promise<AgentProfile | undefined> {
    const { kafka, newId, reader } = this.options;
    const topic = AgentTopics.profile(agentId).name;
    let last: Buffer | null = null;
    await this.ensure(agentId);
    await readToEnd(kafka, {
      groupId: `${reader}-profile-${newId()}`,
      topic,
      partitions: [0],
      onMessage: ({ key, value }) => {
        if (key?.toString() === deviceKey(tenant, agentId)) last = value && Buffer.from(value);
      },
    });
    return last === null ? undefined : await this.reader.read(last);
  }

  /** Resolves when it is on the stream. */
  async put(profile: AgentProfile): Promise<void> {
    const topic = AgentTopics.profile(profile.agent_id);
    const value = new EventWriter(topic, this.options.ids).write(profile);
    await this.ensure(profile.agent_id);
    const key = deviceKey(profile.tenant, profile.agent_id);
    await this.options.publisher.send([{ topic: topic.name, key, value }]);
  }

  private async ensure(agentId: string): Promise<void> {
    const admin = this.options.kafka.admin();
    await admin.connect();
    try {
      await ensureTopics(admin, [AgentTopics.profile(agentId)]);
    } finally {
      await admin.disconnect();
    }
  }
}
