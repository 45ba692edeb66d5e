/** One device at work: its open frame, its session, and what is told of each point. No I/O, no timers. */
import { type Sample } from '../adapter';
import { type AgentPlan, type DevicePlan } from './compile/plan';
import { FrameBuilder } from './frame-builder';
import { type Reading, toReading } from './reading';
import { PointReporter, type TellMetric } from './reporting/point';
import { SessionTracker } from './sessions';

export interface Taken {
  readonly reading: Reading;
  /** False when nothing came of it for the open frame. */
  readonly told: boolean;
}

export class DeviceRuntime {
  readonly builder: FrameBuilder;
  readonly session: SessionTracker;
  private readonly points: ReadonlyMap<string, PointReporter>;
  private readonly summarizing: readonly PointReporter[];
  private afterEach: (() => void) | undefined;

  constructor(
    agent: AgentPlan,
    readonly plan: DevicePlan,
    boot: string,
  ) {
    const owner = { tenant: agent.tenant, agent_id: agent.agent_id, device_id: plan.id };
    this.builder = new FrameBuilder(owner);
    this.session = new SessionTracker({ ...owner, protocol: plan.protocol, interval_ms: agent.heartbeat_ms }, boot);
    const tell: TellMetric = (metric, reading) => {
      this.builder.add(metric, reading);
      this.afterEach?.();
    };
    this.points = new Map(plan.points.map((p) => [p.metric, new PointReporter(p, tell)]));
    this.summarizing = [...this.points.values()].filter((p) => p.summarizes);
  }

  /** Scales, judges and, unless its reporting keeps it, adds the sample to the open frame. Undefined: no such point. */
  take(sample: Sample): Taken | undefined {
    const point = this.points.get(sample.metric);
    if (!point) return undefined;
    const reading = toReading(point.plan, sample);
    if (sample.quality < 64) this.session.alive(sample.at);
    return { reading, told: this.adds(() => point.take(reading)) };
  }

  /**
   * Every reading of these metrics is told while the rule asks for it. What was kept back may be more than a frame holds: the
   * frame may be taken after each reading. True when the open frame holds something.
   */
  ask(rule: string, metrics: readonly string[], on: boolean, afterEach: () => void): boolean {
    this.afterEach = afterEach;
    metrics.forEach((m) => this.points.get(m)?.ask(rule, on));
    this.afterEach = undefined;
    return this.builder.readings > 0;
  }

  /** Ends summaries whose time is over; all of them at the end. True when the open frame got more. */
  summarize(now: number): boolean {
    return this.adds(() => this.summarizing.forEach((p) => p.tick(now)));
  }

  close(): boolean {
    return this.adds(() => this.summarizing.forEach((p) => p.close()));
  }

  private adds(work: () => void): boolean {
    const before = this.builder.readings;
    work();
    return this.builder.readings > before;
  }
}

/** The agent itself, which has readings but nothing that is read. */
export function agentAsDevice({ agent_id, path }: AgentPlan): DevicePlan {
  const nothing = { points: [], byMetric: new Map(), commands: new Map(), settings: undefined };
  return { id: agent_id, connection: '', protocol: 'millrace', unit: 0, path, model: '', labels: {}, ...nothing };
}
