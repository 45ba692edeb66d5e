/** From the adapters' samples to the outbox: readings are framed per device, made durable, and only then acknowledged. */
import { type AdapterSink, type LinkEvent, type SampleBatch } from './adapter';
import { BatchToken, receiptsOf } from './batch-token';
import { type Appender, Durable } from './durable';
import { type AgentPlan, type ConnectionPlan, type DevicePlan } from './core/compile/plan';
import { type Clock } from './core/clock';
import { agentAsDevice, DeviceRuntime } from './core/device-runtime';
import { type Reading } from './core/reading';
import { type NewSession, SessionTracker } from './core/sessions';
import { frameRecord, pointRecord, sessionRecord } from './records';
import { type Point } from '../schemas/generated';

const SESSION_TICK_MS = 1_000;
/** A frame is closed at this size, whatever the profile allows: an outbox record takes 900,000 bytes. */
export const MAX_FRAME_BYTES = 400_000;
/** Bytes handed to the outbox at once: it takes 8 MiB. */
const MAX_PARCEL_BYTES = 4_000_000;
const MAX_PARCEL_POINTS = 1_000;
/** Frames this near to their age go with the oldest: one append for many devices instead of one for each. */
const TOGETHER = 0.2;

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

interface OpenDevice {
  readonly runtime: DeviceRuntime;
  readonly tokens: BatchToken[];
  /** Monotonic time at which the open frame is closed; 0 when there is none. */
  closes_at: number;
}

export class Pipeline {
  readonly stats: PipelineStats = { samples: 0, bad: 0, suppressed: 0, unknown: 0, frames: 0, readings: 0 };
  readonly durable: Durable;
  private readonly devices = new Map<string, OpenDevice>();
  /** Devices with an open frame, oldest first. */
  private readonly open = new Set<OpenDevice>();
  private readonly agent: SessionTracker;
  private readonly self: OpenDevice;
  private frameTimer: NodeJS.Timeout | undefined;
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
    for (const device of plan.devices.values()) this.add(device);
    const { tenant, agent_id, heartbeat_ms } = plan;
    const self = { tenant, agent_id, device_id: agent_id, protocol: 'millrace', interval_ms: heartbeat_ms };
    this.agent = new SessionTracker(self, boot);
    this.self = { runtime: new DeviceRuntime(plan, agentAsDevice(plan), boot), tokens: [], closes_at: 0 };
  }

  /** Takes over another plan; devices that did not change keep their open frame, their session and what was told. */
  reconfigure(plan: AgentPlan, changed: ReadonlySet<string>): void {
    this.plan = plan;
    const now = this.clock.now();
    for (const id of changed) {
      const old = this.devices.get(id);
      if (!old) continue;
      if (old.runtime.close()) this.addedUnasked(old);
      if (this.open.has(old)) this.submit([old]);
      this.tell(old.runtime.session.disconnect(now, 'the profile changed'));
      this.devices.delete(id);
    }
    for (const device of plan.devices.values()) if (!this.devices.has(device.id)) this.add(device);
  }

  /** What the agent says of itself, as readings of a device of its own name. */
  tellOfAgent(readings: ReadonlyMap<string, Reading>): void {
    for (const [metric, reading] of readings) this.self.runtime.builder.add(metric, reading);
    this.addedUnasked(this.self);
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
    this.addedUnasked(open);
  }

  /** Every reading of these metrics is reported while the rule asks for it, those kept back so far first. */
  reportRaw(device: string, rule: string, metrics: readonly string[], on: boolean): void {
    const open = this.devices.get(device);
    if (!open) return;
    const submitFull = (): void => {
      if (this.isFull(open)) this.submit([open]);
    };
    if (open.runtime.ask(rule, metrics, on, submitFull)) this.addedUnasked(open);
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
    if (open && this.open.has(open)) this.submit([open]);
    return this.durable.settled();
  }

  /** Ends the sessions and makes everything durable; rejects when the outbox does not take it. */
  async close(reason: string): Promise<void> {
    clearInterval(this.sessionTimer);
    const now = this.clock.now();
    for (const device of this.devices.values()) {
      if (device.runtime.close()) this.addedUnasked(device);
      this.tell(device.runtime.session.disconnect(now, reason));
    }
    this.tell(this.agent.disconnect(now, reason));
    this.closeFrames(Infinity);
    clearTimeout(this.frameTimer);
    await this.durable.drained();
  }

  private samples(batch: SampleBatch): void {
    const token = new BatchToken(batch);
    const last = batch.samples.at(-1);
    for (const sample of batch.samples) {
      if (sample === last) token.last();
      this.stats.samples++;
      if (sample.quality >= 64) this.stats.bad++;
      const device = this.devices.get(sample.device);
      const taken = device?.runtime.take(sample);
      if (!device || !taken) {
        this.stats.unknown++;
        continue;
      }
      if (taken.told) this.added(device, token);
      else this.stats.suppressed++;
      if (!sample.past) this.onlooker?.sample(sample.device, sample.metric, taken.reading);
    }
    token.release();
    this.onlooker?.settled();
    this.armFrames();
  }

  /** The open frame has got readings that nobody is to be told of when they are durable. */
  private addedUnasked(device: OpenDevice): void {
    this.added(device, new BatchToken({ samples: [], ack: () => undefined }));
    this.armFrames();
  }

  private added(device: OpenDevice, token: BatchToken): void {
    if (device.tokens.at(-1) !== token) {
      device.tokens.push(token);
      token.hold();
    }
    if (device.closes_at === 0) {
      device.closes_at = this.clock.monotonic() + this.plan.frame_age_ms;
      this.open.add(device);
    }
    if (this.isFull(device)) this.submit([device]);
  }

  private isFull({ runtime }: OpenDevice): boolean {
    const { readings, bytes } = runtime.builder;
    return readings >= this.plan.frame_readings || bytes >= MAX_FRAME_BYTES;
  }

  /** One timer for all frames: the oldest decides. */
  private armFrames(): void {
    if (this.frameTimer || this.open.size === 0) return;
    const [oldest] = this.open;
    const wait_ms = Math.max(1, (oldest?.closes_at ?? 0) - this.clock.monotonic());
    this.frameTimer = setTimeout(() => {
      this.frameTimer = undefined;
      this.closeFrames(this.clock.monotonic() + TOGETHER * this.plan.frame_age_ms);
      this.armFrames();
    }, wait_ms);
  }

  private closeFrames(until: number): void {
    let due: OpenDevice[] = [];
    let bytes = 0;
    for (const device of [...this.open]) {
      if (device.closes_at > until) break;
      due.push(device);
      bytes += device.runtime.builder.bytes;
      if (bytes < MAX_PARCEL_BYTES) continue;
      this.submit(due);
      due = [];
      bytes = 0;
    }
    if (due.length > 0) this.submit(due);
  }

  private submit(devices: readonly OpenDevice[]): void {
    const received_at = this.clock.now();
    const tokens: BatchToken[] = [];
    const records = devices.map((device) => {
      const theirs = device.tokens.splice(0);
      tokens.push(...theirs);
      device.closes_at = 0;
      this.open.delete(device);
      const { readings } = device.runtime.builder;
      this.stats.frames++;
      this.stats.readings += readings;
      return frameRecord(device.runtime.builder.take(), readings, received_at, receiptsOf(theirs));
    });
    this.durable.submit(records, () => tokens.forEach((t) => t.release()));
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
      if (device.runtime.summarize(now)) this.addedUnasked(device);
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
