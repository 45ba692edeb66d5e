/** What this process knows of agents: their own presence, from the stream, and when anything of theirs was last heard. */
import { type Presence } from '../../schemas/generated';
import { deviceKey } from '../../schemas/topics';
import { type AgentView, isAgent, STATUSES } from '../domain/session';

interface Agent {
  view: Omit<AgentView, 'heard_at'> | undefined;
  heard_at: number;
}

/** Agents remembered; one more is not, and its devices are judged by their own silence alone. */
export const MAX_AGENTS = 100_000;
export const MAX_CHANGES_KEPT = 1_000;

export class AgentBoard {
  /** Counts changes of status. */
  version = 0;
  private readonly changes: string[] = [];
  private readonly agents = new Map<string, Agent>();

  get size(): number {
    return this.agents.size;
  }

  /** Takes what m2m.presence says of agents; records of devices are passed over. */
  take(record: Presence): void {
    if (!isAgent(record)) return;
    const status = STATUSES.find((s) => s === record.status) ?? 'unknown';
    const agent = this.agentOf(record.tenant, record.agent_id);
    if (!agent) return;
    if (agent.view?.status !== status) this.changed(deviceKey(record.tenant, record.agent_id));
    agent.view = { status, since: record.since, interval_ms: record.interval_ms };
  }

  heard(tenant: string, agent_id: string, at: number): void {
    const agent = this.agentOf(tenant, agent_id);
    if (agent && at > agent.heard_at) agent.heard_at = at;
  }

  view(tenant: string, agent_id: string): AgentView | undefined {
    const agent = this.agents.get(deviceKey(tenant, agent_id));
    return agent?.view && { ...agent.view, heard_at: agent.heard_at };
  }

  /** Agents whose status changed since `version`, as keys; what is older than MAX_CHANGES_KEPT changes is lost. */
  changedSince(version: number): ReadonlySet<string> | 'too-many' {
    if (this.version - version > this.changes.length) return 'too-many';
    return new Set(this.changes.slice(this.changes.length - (this.version - version)));
  }

  private changed(key: string): void {
    this.version++;
    this.changes.push(key);
    if (this.changes.length > 2 * MAX_CHANGES_KEPT) this.changes.splice(0, MAX_CHANGES_KEPT);
  }

  private agentOf(tenant: string, agent_id: string): Agent | undefined {
    const key = deviceKey(tenant, agent_id);
    const known = this.agents.get(key);
    if (known || this.agents.size >= MAX_AGENTS) return known;
    const agent: Agent = { view: undefined, heard_at: 0 };
    this.agents.set(key, agent);
    return agent;
  }
}
