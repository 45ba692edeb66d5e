/** What the platform desires of an agent: its profile, on the topic that the agent listens to (decision 0225). */
import { CodecError } from '../../schemas/codec';
import { type AgentProfile } from '../../schemas/generated';
import { AgentProfileTopics, type AgentProfileTopicsOptions } from '../lib/agent-profiles';
import { ApiError } from './problem';

export interface AgentProfiles {
  /** Undefined when nothing is desired: the agent works by its own file. */
  find(tenant: string, agentId: string): Promise<AgentProfile | undefined>;
  /** Resolves when it is on the stream. */
  put(profile: AgentProfile): Promise<void>;
}

export class StreamProfiles implements AgentProfiles {
  private readonly topics: AgentProfileTopics;

  constructor(options: Omit<AgentProfileTopicsOptions, 'reader'>) {
    this.topics = new AgentProfileTopics({ ...options, reader: 'api' });
  }

  find(tenant: string, agentId: string): Promise<AgentProfile | undefined> {
    return this.topics.find(tenant, agentId).catch(inWords);
  }

  put(profile: AgentProfile): Promise<void> {
    return this.topics.put(profile).catch(inWords);
  }
}

function inWords(cause: unknown): never {
  const { message } = cause as Error;
  if (cause instanceof CodecError)
    throw new ApiError('conflict', `what is desired cannot be read: ${message}`, {}, { cause });
  throw new ApiError('unavailable', `the stream did not answer: ${message}`, {}, { cause });
}
