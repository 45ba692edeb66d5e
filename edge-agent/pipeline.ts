/** From the adapters' samples to the outbox: readings are framed per device, made durable, and only then acknowledged. */
import { type AdapterSink, type LinkEvent, type Sample, type SampleBatch } from './adapter';
import { BatchToken } from './batch-token';
import { type Appender, Durable } from './durable';
import { type AgentPlan, type ConnectionPlan, type DevicePlan } from './core/compile/plan';
import { type Clock } from './core/clock';
import { agentAsDevice, DeviceRuntime } from './core/device-runtime';
import { type Reading } from './core/reading';
import { type NewSession, SessionTracker } from './core/sessions';
import { type OpenDevice, OpenFrames } from './open-frames';
import { pointRecord, sessionRecord } from './records';
import { type Point } from '../schemas/generated';

const SESSION_TICK_MS = 1_000;
const MAX_PARCEL_POINTS = 1_000;

export interface PipelineStats {
  samples: number;
  /** Samples of bad quality. */
  bad: number;
  /** Samples kept back by report by exception. */
  suppressed: number;
  /** Samples of points that are not in the profile: a defect of an adapter. */
  unknown: number;
  frames: number;
  readings: number;
}

/** Looks on as readings come: local control. Must return at once. */
export interface Onlooker {
  sample(device: string, metric: string, reading: Reading): void;
  /** All samples of a batch were shown. */
  settled(): void;
}

export class Pipeline {
  readonly durable: Durable;
  private readonly devices = new Map<string, OpenDevice>();
  private readonly frames: OpenFrames;
  private readonly counts = { samples: 0, bad: 0, suppressed: 0, unknown: 0 };
  private readonly agent: SessionTracker;
  private readonly self: OpenDevice;
  private sessionTimer: NodeJS.Timeout | undefined;
  private onlooker: Onlooker | undefined;
  private heard: (device: string) => void = () => undefined;

  /** `boot` makes session ids unique across starts. */
  constructor(
    private plan: AgentPlan,
    outbox: Appender,
    private readonly clock: Clock,
    private readonly boot: string,
    onFailure: (error: unknown) => void,
  ) {
    this.durable = new Durable(outbox, onFailure);
    this.frames = new OpenFrames(plan, this.durable, clock);
    for (const device of plan.devices.values()) this.add(device);
    const { tenant, agent_id, heartbeat_ms } = plan;
    const self = { tenant, agent_id, device_id: agent_id, protocol: 'millrace', interval_ms: heartbeat_ms };
    this.agent = new SessionTracker(self, boot);
    this.self = { runtime: new DeviceRuntime(plan, agentAsDevice(plan), boot), tokens: [], closes_at: 0 };
  }

  get stats(): PipelineStats {
    return { ...this.counts, ...this.frames.stats };
  }

  /** Takes over another plan; devices that did not change keep their open frame, their session and what was told. */
  reconfigure(plan: AgentPlan, changed: ReadonlySet<string>): void {
    this.plan = plan;
    this.frames.reconfigure(plan);
    const now = this.clock.now();
    for (const id of changed) {
      const old = this.devices.get(id);
      if (!old) continue;
      if (old.runtime.close()) this.frames.addedUnasked(old);
      this.frames.submit(old);
      this.tell(old.runtime.session.disconnect(now, 'the profile changed'));
      this.devices.delete(id);
    }
    for (const device of plan.devices.values()) if (!this.devices.has(device.id)) this.add(device);
  }

  /** What the agent says of itself, as readings of a device of its own name. */
  tellOfAgent(readings: ReadonlyMap<string, Reading>): void {
    for (const [metric, reading] of readings) this.self.runtime.builder.add(metric, reading);
    this.frames.addedUnasked(this.self);
  }

  private add(device: DevicePlan): void {
    const runtime = new DeviceRuntime(this.plan, device, this.boot);
    this.devices.set(device.id, { runtime, tokens: [], closes_at: 0 });
  }

  watch(onlooker: Onlooker): void {
    this.onlooker = onlooker;
  }

  /** Adds a reading that no sample brought, such as what a rule did. */
  report(device: string, metric: string, reading: Reading): void {
    const open = this.devices.get(device);
    if (!open) return;
    open.runtime.builder.add(metric, reading);
    this.frames.addedUnasked(open);
  }

  /** Every reading of these metrics is reported while the rule asks for it, those kept back so far first. */
  reportRaw(device: string, rule: string, metrics: readonly string[], on: boolean): void {
    const open = this.devices.get(device);
    if (!open) return;
    if (open.runtime.ask(rule, metrics, on, () => this.frames.submitFull(open))) this.frames.addedUnasked(open);
  }

  /** Whether the device has a session: it was heard of, and not lost since. */
  isConnected(device: string): boolean {
    return this.devices.get(device)?.runtime.session.connected ?? false;
  }

  /** Calls with each device whose session begins. */
  whenHeard(heard: (device: string) => void): void {
    this.heard = heard;
  }

  start(): void {
    this.tell(this.agent.connect(this.clock.now()));
    this.sessionTimer = setInterval(() => this.tick(), SESSION_TICK_MS);
  }

  sink(connection: ConnectionPlan): AdapterSink {
    return {
      samples: (batch) => this.samples(batch),
      link: (event) => this.link(connection.name, event),
      ready: () => this.durable.ready(),
    };
  }

  /** Resolves when the records are durable. */
  publishPoints(points: readonly Point[]): Promise<void> {
    const parcels = chunks(points, MAX_PARCEL_POINTS).map(
      (part) => new Promise<void>((resolve) => this.durable.submit(part.map(pointRecord), resolve)),
    );
    return Promise.all(parcels).then(() => undefined);
  }

  /** Resolves when every reading of the device taken so far is durable. */
  flush(device: string): Promise<void> {
    const open = this.devices.get(device);
    if (open) this.frames.submit(open);
    return this.durable.settled();
  }

  /** Ends the sessions and makes everything durable; rejects when the outbox does not take it. */
  async close(reason: string): Promise<void> {
    clearInterval(this.sessionTimer);
    const now = this.clock.now();
    for (const device of this.devices.values()) {
      if (device.runtime.close()) this.frames.addedUnasked(device);
      this.tell(device.runtime.session.disconnect(now, reason));
    }
    this.tell(this.agent.disconnect(now, reason));
    this.frames.end();
    await this.durable.drained();
  }

  private samples(batch: SampleBatch): void {
    const token = new BatchToken<OpenDevice>(batch);
    this.frames.batch(() => batch.samples.forEach((sample) => this.sample(sample, token)));
    token.release();
    this.onlooker?.settled();
  }

  private sample(sample: Sample, token: BatchToken<OpenDevice>): void {
    this.counts.samples++;
    if (sample.quality >= 64) this.counts.bad++;
    const device = this.devices.get(sample.device);
    const taken = device?.runtime.take(sample);
    if (!device || !taken) {
      this.counts.unknown++;
      return;
    }
    if (taken.told) this.frames.added(device, token);
    else this.counts.suppressed++;
    if (!sample.past) this.onlooker?.sample(sample.device, sample.metric, taken.reading);
  }

  private link(connection: string, { device, state, at, reason }: LinkEvent): void {
    if (state === 'connecting') return;
    const all = this.plan.connections.find((c) => c.name === connection)?.devices ?? [];
    const concerned = device === undefined ? all.map((d) => d.id) : [device];
    for (const id of concerned) {
      const session = this.devices.get(id)?.runtime.session;
      if (!session) continue;
      // A connection that is up says nothing yet about the devices behind it.
      if (state === 'disconnected') this.tell(session.disconnect(at, reason ?? ''));
      else if (device !== undefined) {
        const begun = session.connect(at);
        this.tell(begun);
        if (begun.length > 0) this.heard(id);
      }
    }
  }

  private tick(): void {
    const now = this.clock.now();
    this.agent.alive(now);
    const events = this.agent.tick(now);
    for (const device of this.devices.values()) {
      events.push(...device.runtime.session.tick(now));
      if (device.runtime.summarize(now)) this.frames.addedUnasked(device);
    }
    this.tell(events);
  }

  private tell(events: readonly NewSession[]): void {
    if (events.length > 0) this.durable.submit(events.map(sessionRecord));
  }
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}
