import { type Admin } from 'kafkajs';
import { ensureTopics } from '../../schemas/stream';
import { AgentTopics } from '../../schemas/topics';

/** Agents whose topic is known to exist; forgotten all at once at the bound, which costs one look at the broker. */
export const MAX_KNOWN_AGENTS = 100_000;

/** Makes sure that the agents' device topics exist, so that a device can be assigned before its agent was ever started. */
export class AgentDeviceTopics {
  private readonly known = new Set<string>();

  constructor(
    private readonly admin: Pick<Admin, 'listTopics' | 'createTopics'>,
    private readonly replicationFactor: number,
  ) {}

  async ensure(agents: Iterable<string>): Promise<void> {
    const unknown = [...new Set(agents)].filter((a) => !this.known.has(a));
    if (unknown.length === 0) return;
    await ensureTopics(this.admin as Admin, unknown.map(AgentTopics.devices), this.replicationFactor);
    if (this.known.size + unknown.length > MAX_KNOWN_AGENTS) this.known.clear();
    for (const agent of unknown.slice(0, MAX_KNOWN_AGENTS)) this.known.add(agent);
  }
}
