/** A field adapter whose devices come to it: it listens, again and again until it can. What they speak is its protocol's business. */
import { AdapterError, type AdapterSink, type FieldAdapter, type Receipts } from '../../adapter';
import { type Sample, type WriteRequest } from '../../adapter';
import { backoff_ms } from '../../core/backoff';
import { type TakeClaim } from '../../core/claims';
import { type Clock } from '../../core/clock';
import { type ConnectionPlan, type DevicePlan, type PointPlan } from '../../core/compile/plan';
import { type AdapterStatus } from '../../core/status';
import { findPoint, HeardDevices } from '../heard';
import { Intake } from '../intake';
import { Desk } from './desk';
import { type DeskSettings, type PostingDevice } from './settings';

export interface ListeningDeps {
  readonly clock: Clock;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  /** File that remembers sequence numbers; absent: only while the process lives. */
  readonly sequences?: string;
  /** What was durable when the agent started; absent: nothing outlives the process. */
  readonly receipts?: () => Receipts;
  /** What becomes of a device's claim code; absent: none is taken. */
  readonly claim?: TakeClaim;
}

/** To be told once by each attempt to listen. */
export interface Attempt {
  opened(): void;
  failed(error: Error): void;
}

const TICK_MS = 100;

export abstract class ListeningAdapter implements FieldAdapter {
  protected readonly desk: Desk;
  protected readonly heard: HeardDevices;
  protected plans: ReadonlyMap<string, DevicePlan> = new Map();
  protected stopping = false;
  private sink: AdapterSink | undefined;
  private ticking: NodeJS.Timeout | undefined;
  private again: NodeJS.Timeout | undefined;
  private attempt = 0;

  constructor(
    private readonly name: string,
    private readonly desks: DeskSettings,
    protected readonly deps: ListeningDeps,
  ) {
    this.heard = new HeardDevices(
      (device) => (device.settings as PostingDevice).silence_ms,
      (event) => this.sink?.link(event),
    );
    this.desk = new Desk(name, desks, this.heard, deps);
  }

  protected abstract get listening(): boolean;
  /** May throw instead of telling. */
  protected abstract listen(attempt: Attempt): void;
  /** Resolves when every socket is closed; called once. */
  protected abstract shut(): Promise<void>;
  /** Brings a value to a device. Throws AdapterError. */
  protected abstract deliver(device: DevicePlan, point: PointPlan, order: WriteRequest): Promise<void>;

  start(sink: AdapterSink): void {
    if (this.sink) throw new Error('started twice');
    this.sink = sink;
    this.desk.intake = new Intake(sink, (held) => this.hold(held));
    this.ticking = setInterval(() => this.tick(), TICK_MS);
    this.open();
  }

  async write(order: WriteRequest): Promise<void> {
    const { device: id, metric } = order;
    this.refuseExcluded('write', id);
    const { device, point } = findPoint('write', this.plans.get(id), metric, id);
    this.heard.wrote(id, metric);
    await this.deliver(device, point, order);
  }

  async read(id: string, metric: string, timeout_ms: number): Promise<Sample> {
    this.refuseExcluded('read', id);
    const { device, point } = findPoint('read', this.plans.get(id), metric, id);
    if (!this.listening) throw new AdapterError('not-connected', 'read', this.desk.lastError || 'closed');
    return this.fetch(device, point, timeout_ms);
  }

  exclude(devices: ReadonlySet<string>): void {
    this.heard.exclude(devices, this.deps.clock.now());
  }

  reconfigure(connection: ConnectionPlan, changed: ReadonlySet<string>): void {
    this.adopt(connection, changed);
  }

  async close(): Promise<void> {
    this.stopping = true;
    clearInterval(this.ticking);
    clearTimeout(this.again);
    this.desk.intake?.close();
    this.heard.refuse(new AdapterError('closed', 'close', 'the agent is stopping'));
    await this.shut();
    await this.desk.settled();
  }

  status(): AdapterStatus {
    const { counts, intake, lastError, strangers } = this.desk;
    return {
      connection: this.name,
      connected: this.listening,
      last_error: lastError,
      counters: { ...counts, ...this.gauges(), waiting: intake?.size ?? 0 },
      devices: this.heard.status(),
      strangers: strangers.list(),
    };
  }

  /** To be called by the protocol's constructor. */
  protected adopt(connection: ConnectionPlan, changed: ReadonlySet<string>): void {
    this.plans = new Map(connection.devices.map((d) => [d.id, d]));
    this.desk.adopt(connection);
    this.heard.adopt(connection.devices, changed, this.deps.clock.monotonic());
  }

  /** What is counted besides. */
  protected gauges(): Readonly<Record<string, number>> {
    return {};
  }

  /** What the point said last, unless the protocol can ask. */
  protected fetch({ id }: DevicePlan, { metric }: PointPlan, timeout_ms: number): Promise<Sample> {
    return this.heard.read(id, metric, timeout_ms);
  }

  /** Much is waiting: no more is to be read, where the protocol can hold devices back; the desk refuses meanwhile. */
  protected hold(_held: boolean): void {
    return undefined;
  }

  /** Samples nobody waits to be told of. */
  protected tell(samples: readonly Sample[]): void {
    if (samples.length > 0) this.desk.intake?.push({ samples, ack: () => undefined });
  }

  private refuseExcluded(operation: string, device: string): void {
    if (!this.heard.isExcluded(device)) return;
    const hint = 'it is suspended or decommissioned: activate it first';
    throw new AdapterError('not-writable', operation, `${device} is excluded`, hint);
  }

  private open(): void {
    if (this.stopping) return;
    this.tellLink('connecting');
    const opened = (): void => {
      this.attempt = 0;
      this.tellLink('connected');
    };
    try {
      this.listen({ opened, failed: (error) => this.failed(error) });
    } catch (error) {
      this.failed(error as Error);
    }
  }

  private failed(error: Error): void {
    if (this.stopping) return;
    this.desk.lastError = error.message;
    this.tellLink('disconnected', error.message);
    clearTimeout(this.again);
    this.again = setTimeout(() => this.open(), backoff_ms(++this.attempt, this.desks.backoff, this.deps.random()));
  }

  private tick(): void {
    const { clock } = this.deps;
    this.tell(this.heard.silences(clock.monotonic(), clock.now()));
  }

  private tellLink(state: 'connecting' | 'connected' | 'disconnected', reason?: string): void {
    const at = this.deps.clock.now();
    this.sink?.link({ kind: 'link', state, at, ...(reason !== undefined && { reason }) });
  }
}
