import { type RegistryAnswer, type RegistryQuestion } from '../../../workflows/decommission/activities';

/** A registry of one device, as services/registry answers. */
export class FakeRegistry {
  state = 'active';
  asked: RegistryQuestion['type'][] = [];
  failures = 0;
  agent: string | null = 'a1';
  updates: string[] = [];

  readonly ask = async (question: RegistryQuestion): Promise<RegistryAnswer> => {
    if (this.failures-- > 0) throw new Error('no reply');
    if (question.type === 'update') this.updates.push(question.data ?? '');
    if (question.type === 'update') return { outcome: 'accepted', detail: '', state: this.state, agent_id: this.agent };
    this.asked.push(question.type);
    const moves: Record<string, [string, string]> = {
      'begin-decommission': ['active', 'decommissioning'],
      'complete-decommission': ['decommissioning', 'decommissioned'],
      'abandon-decommission': ['decommissioning', 'active'],
    };
    const [from, to] = moves[question.type] ?? ['', ''];
    const agent_id = this.agent;
    if (this.state === to) return { outcome: 'unchanged', detail: '', state: this.state, agent_id };
    if (this.state !== from)
      return { outcome: 'rejected', detail: `cannot when ${this.state}`, state: this.state, agent_id };
    this.state = to;
    return { outcome: 'accepted', detail: '', state: to, agent_id };
  };
}
