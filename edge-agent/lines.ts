/** The connections of an agent at work, by name. */
import { type AdapterSink } from './adapter';
import { addAdapter, type AdapterDeps, createAdapters, type RunningAdapter } from './adapters';
import { type PlanDiff } from './core/compile/diff';
import { type AgentPlan, type ConnectionPlan } from './core/compile/plan';

type SinkOf = (connection: ConnectionPlan) => AdapterSink;

export class Lines {
  private readonly adapters: Map<string, RunningAdapter>;
  private excluded: ReadonlySet<string> = new Set();

  constructor(
    plan: AgentPlan,
    private readonly deps: AdapterDeps,
    private readonly sinkOf: SinkOf,
  ) {
    this.adapters = new Map([...createAdapters(plan, deps)].map(([c, adapter]) => [c.name, adapter] as const));
  }

  get(name: string): RunningAdapter | undefined {
    return this.adapters.get(name);
  }

  all(): readonly RunningAdapter[] {
    return [...this.adapters.values()];
  }

  start(plan: AgentPlan): void {
    for (const c of plan.connections) this.adapters.get(c.name)?.start(this.sinkOf(c));
  }

  exclude(devices: ReadonlySet<string>): void {
    this.excluded = devices;
    for (const adapter of this.adapters.values()) adapter.exclude(devices);
  }

  /** Ends what is no more; `begin` starts what is new, once everybody else knows the new plan. */
  async end({ ended }: PlanDiff): Promise<void> {
    for (const name of ended) {
      await this.adapters.get(name)?.close();
      this.adapters.delete(name);
    }
  }

  begin({ altered, begun, changed }: PlanDiff): void {
    for (const c of altered) this.adapters.get(c.name)?.reconfigure(c, changed);
    for (const c of begun) {
      const adapter = addAdapter(c, this.deps);
      adapter.exclude(this.excluded);
      this.adapters.set(c.name, adapter);
      adapter.start(this.sinkOf(c));
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.adapters.values()].map((a) => a.close()));
  }
}
