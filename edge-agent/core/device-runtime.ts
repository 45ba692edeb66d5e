/** One device at work: its open frame, its session, and what was last told of each point. No I/O, no timers. */
import { type Sample } from '../adapter';
import { type AgentPlan, type DevicePlan, type PointPlan } from './compile/plan';
import { FrameBuilder } from './frame-builder';
import { type Reading, toReading } from './reading';
import { type Reported, worthTelling } from './report';
import { SessionTracker } from './sessions';

interface PointRuntime {
  readonly plan: PointPlan;
  told: Reported | undefined;
}

export interface Taken {
  readonly reading: Reading;
  /** False when report by exception keeps it. */
  readonly told: boolean;
}

export class DeviceRuntime {
  readonly builder: FrameBuilder;
  readonly session: SessionTracker;
  private readonly points: ReadonlyMap<string, PointRuntime>;

  constructor(
    agent: AgentPlan,
    readonly plan: DevicePlan,
    boot: string,
  ) {
    const owner = { tenant: agent.tenant, agent_id: agent.agent_id, device_id: plan.id };
    this.builder = new FrameBuilder(owner);
    this.session = new SessionTracker({ ...owner, protocol: plan.protocol, interval_ms: agent.heartbeat_ms }, boot);
    this.points = new Map(plan.points.map((p) => [p.metric, { plan: p, told: undefined }]));
  }

  /** Scales, judges and, unless report by exception keeps it, adds the sample to the open frame. Undefined: no such point. */
  take(sample: Sample): Taken | undefined {
    const point = this.points.get(sample.metric);
    if (!point) return undefined;
    const reading = toReading(point.plan, sample);
    if (sample.quality < 64) this.session.alive(sample.at);
    const rule = point.plan.report;
    if (rule) {
      if (!worthTelling(rule, point.told, reading)) return { reading, told: false };
      point.told = reading;
    }
    this.builder.add(sample.metric, reading);
    return { reading, told: true };
  }
}
