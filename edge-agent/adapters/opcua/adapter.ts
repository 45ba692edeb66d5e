/** OPC UA as a field adapter: one session with one server, one subscription, one instance per connection of the profile. */
import { createRequire } from 'node:module';
import {
  AdapterError,
  type AdapterErrorCode,
  type AdapterSink,
  type CallAnswer,
  type CallRequest,
  type FieldAdapter,
  type Sample,
  type WriteRequest,
} from '../../adapter';
import { type Clock } from '../../core/clock';
import { type ConnectionPlan } from '../../core/compile/plan';
import { type AdapterStatus } from '../../core/status';
import { Quality } from '../../../schemas/quality';
import { isUncertainWrite, qualityOf } from './codec';
import { Devices } from './devices';
import type * as OpenModule from './open';
import { LinkError, type LinkErrorKind, type OpenLink, type UaLink } from './link';
import { callMethod, convert, hex } from './methods';
import { chunks, publishing_ms } from './plan';
import { restored, sampleOf, spoil, type UaPoint } from './point';
import { PointTable } from './points';
import { nodeIdOf, nodeText, type OpcUaSettings } from './settings';
import { Subscription } from './subscription';
import { Timer } from './timer';

export interface OpcUaDeps {
  readonly clock: Clock;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  /** Instead of a session over the network. */
  readonly open?: OpenLink;
}

/** The library takes over a second and 60 MB: an agent without OPC UA does not pay for it. */
const load = createRequire(__filename);
/** Signs of life unanswered in a row after which the session is taken for dead. */
const SILENT_REQUESTS = 3;
const SERVER_STATE = 'ns=0;i=2259';
const CODES: Readonly<Record<LinkErrorKind, AdapterErrorCode>> = {
  timeout: 'timeout',
  closed: 'closed',
  service: 'device-exception',
};

export class OpcUaAdapter implements FieldAdapter {
  private readonly settings: OpcUaSettings;
  private readonly points: PointTable;
  private readonly devices: Devices;
  private readonly stopping = new AbortController();
  private readonly timer = new Timer();
  private readonly counters = { reconnects: 0, timeouts: 0, reads: 0, writes: 0, calls: 0 };
  private subscription: Subscription | undefined;
  private sink: AdapterSink | undefined;
  private link: UaLink | undefined;
  private excluded: ReadonlySet<string> = new Set();
  private lastError = '';
  private working: Promise<void> = Promise.resolve();

  constructor(
    private readonly connection: ConnectionPlan,
    private readonly deps: OpcUaDeps,
  ) {
    this.settings = connection.settings as OpcUaSettings;
    this.points = new PointTable(connection);
    this.devices = new Devices(connection, (event) => this.sink?.link(event));
  }

  start(sink: AdapterSink): void {
    if (this.sink) throw new Error('started twice');
    this.sink = sink;
    this.subscription = new Subscription(this.points, this.deps.clock, sink, {
      emit: (samples, ack) => this.emit(samples, ack),
      wanted: () => ({ values: this.points.all(this.excluded), events: this.points.events(this.excluded) }),
      publishing_ms: () => this.publishing(),
    });
    this.working = this.work();
  }

  async write({ device, metric, value, timeout_ms }: WriteRequest): Promise<void> {
    const { point, link, node } = this.reach('write', device, metric);
    if (point.source.method_of)
      throw new AdapterError(
        'not-writable',
        'write',
        `${device}/${metric} is a method`,
        'a command with a list calls it',
      );
    if (!point.writable)
      throw new AdapterError('not-writable', 'write', `${device}/${metric}`, 'set writable: true in the profile');
    const end = this.deps.clock.monotonic() + timeout_ms;
    await this.ask('write', point, async () => {
      const type = (point.type ??= await this.typeOf(link, point, node, timeout_ms));
      const converted = convert('write', `${device}/${metric}`, type, value);
      this.counters.writes++;
      const status = await link.write(node, type, converted, Math.max(1, end - this.deps.clock.monotonic()));
      if (qualityOf(status) < 64) return;
      const code = isUncertainWrite(status) ? 'timeout' : 'device-exception';
      throw new AdapterError(code, 'write', `${device}/${metric}: the server answers ${hex(status)}`);
    });
  }

  async call({ device, metric, args, timeout_ms }: CallRequest): Promise<CallAnswer> {
    const { point, link, node } = this.reach('call', device, metric);
    const answer = await this.ask('call', point, () => callMethod(link, point, node, args, timeout_ms));
    this.counters.calls++;
    const now = this.deps.clock.now();
    this.emit([{ device, metric, at: now, value: JSON.stringify(answer, exact), quality: Quality.good }]);
    return answer;
  }

  async read(device: string, metric: string, timeout_ms: number): Promise<Sample> {
    const { point, link, node } = this.reach('read', device, metric);
    if (point.source.event || point.source.method_of)
      throw new AdapterError('unknown-point', 'read', `${device}/${metric} is no variable: the server holds no value`);
    const [value] = await this.ask('read', point, () => link.read([node], timeout_ms));
    if (!value) throw new AdapterError('bad-response', 'read', `${device}/${metric}: nothing read`);
    return sampleOf(point, value, this.deps.clock.now());
  }

  exclude(devices: ReadonlySet<string>): void {
    this.excluded = new Set(devices);
    this.devices.exclude(this.excluded, this.deps.clock.now());
    this.realign();
  }

  reconfigure(connection: ConnectionPlan, changed: ReadonlySet<string>): void {
    this.points.adopt(connection, changed);
    this.devices.adopt(connection, changed);
    this.realign();
  }

  async close(): Promise<void> {
    this.stopping.abort();
    this.timer.cut();
    await this.link?.close(new Error('the agent is stopping'), true);
    await this.working;
  }

  status(): AdapterStatus {
    const scans = this.points.all(this.excluded);
    return {
      connection: this.connection.name,
      connected: this.link?.open ?? false,
      last_error: this.lastError,
      counters: { ...this.counters, ...this.subscription?.stats },
      devices: this.devices.status(scans),
    };
  }

  /** Connects, works until the link is lost, and connects again. */
  private async work(): Promise<void> {
    const { backoff } = this.settings;
    for (let attempt = 0; !this.stopping.signal.aborted;) {
      this.tellLink('connecting');
      let reason: Error;
      try {
        const link = await this.opened();
        attempt = 0;
        reason = await link.lost;
      } catch (error) {
        reason = error as Error;
      }
      this.lost(reason);
      if (this.stopping.signal.aborted) return;
      this.counters.reconnects++;
      const wait_ms = Math.min(backoff.max_ms, backoff.initial_ms * 2 ** Math.min(attempt++, 30));
      await this.timer.sleep(wait_ms * (0.75 + 0.25 * this.deps.random()));
    }
  }

  private async opened(): Promise<UaLink> {
    const open = this.deps.open ?? (load('./open') as typeof OpenModule).openLink;
    const link = await open(this.settings, this.stopping.signal);
    this.link = link;
    if (this.stopping.signal.aborted) await link.close(new Error('the agent is stopping'), true);
    this.tellLink('connected');
    try {
      await this.subscription?.attach(link);
    } catch (error) {
      await link.close(error as Error, false);
      return link;
    }
    void this.watch(link);
    return link;
  }

  /** Asks for a sign of life again and again: silence is told, and after a while the link is given up. */
  private async watch(link: UaLink): Promise<void> {
    const { timeout_ms } = this.settings;
    let misses = 0;
    while (link.open) {
      try {
        await link.read([SERVER_STATE], timeout_ms);
        misses = 0;
        this.devices.alive(this.deps.clock.now());
        await this.restore(link);
      } catch (error) {
        this.counters.timeouts++;
        this.lastError = (error as Error).message;
        if (++misses === 1) this.spoilAll(Quality.timeout, this.lastError);
        if (misses >= SILENT_REQUESTS)
          await link.close(new LinkError('timeout', `no answer to ${misses} requests`), false);
      }
      await this.timer.sleep(timeout_ms);
    }
  }

  /** Reads what we called bad and the server had no reason to send again. */
  private async restore(link: UaLink): Promise<void> {
    const spoiled = this.points.all(this.excluded).filter((p) => p.spoiled_at !== undefined);
    const known = spoiled.flatMap((p) => {
      const node = nodeIdOf(p.source.node, link.namespaces);
      return node === undefined ? [] : [{ point: p, node }];
    });
    for (const part of chunks(known, link.limits.read)) {
      await this.sink?.ready();
      const values = await link.read(
        part.map((k) => k.node),
        this.settings.timeout_ms,
      );
      this.counters.reads++;
      const now = this.deps.clock.now();
      this.emit(part.flatMap(({ point }, i) => (values[i] && restored(point, values[i], now)) ?? []));
    }
    await this.subscription?.refresh(link);
  }

  private lost(reason: Error): void {
    this.link = undefined;
    this.lastError = reason.message;
    this.devices.allDown();
    this.tellLink('disconnected', reason.message);
    if (!this.stopping.signal.aborted) this.spoilAll(Quality.notConnected);
  }

  private spoilAll(quality: number, reason?: string): void {
    const now = this.deps.clock.now();
    if (reason !== undefined) this.devices.down(now, reason);
    this.emit(this.points.states(this.excluded).map((p) => spoil(p, quality, now)));
  }

  private realign(): void {
    const { link } = this;
    if (!link?.open) return;
    this.subscription?.sync(link).catch((error: unknown) => link.close(error as Error, false));
  }

  private publishing(): number {
    return publishing_ms(this.points.all(this.excluded), this.settings.publishing_ms);
  }

  private tellLink(state: 'connecting' | 'connected' | 'disconnected', reason?: string): void {
    const at = this.deps.clock.now();
    this.sink?.link({ kind: 'link', state, at, ...(reason !== undefined && { reason }) });
  }

  private emit(samples: readonly Sample[], ack: () => void = () => undefined): void {
    const wanted = this.excluded.size === 0 ? samples : samples.filter((s) => !this.excluded.has(s.device));
    if (wanted.length === 0) return ack();
    this.devices.heard(wanted, this.deps.clock.now());
    this.sink?.samples({ samples: wanted, ack });
  }

  /** The point and the way to it. Throws AdapterError, all of them certain. */
  private reach(operation: string, device: string, metric: string): { point: UaPoint; link: UaLink; node: string } {
    if (this.excluded.has(device)) {
      const hint = 'it is suspended or decommissioned: activate it first';
      throw new AdapterError('not-writable', operation, `${device} is excluded`, hint);
    }
    const point = this.points.find(operation, device, metric);
    const { link } = this;
    if (this.stopping.signal.aborted || !link?.open)
      throw new AdapterError(
        'not-connected',
        operation,
        `${device}/${metric}: ${this.lastError || 'not connected yet'}`,
      );
    const node = nodeIdOf(point.source.node, link.namespaces);
    if (node !== undefined) return { point, link, node };
    const unknown = `${device}/${metric}: the server has no namespace ${nodeText(point.source.node)}`;
    throw new AdapterError('unknown-point', operation, unknown, 'millrace agent browse shows what it has');
  }

  private async typeOf(link: UaLink, point: UaPoint, node: string, timeout_ms: number): Promise<number> {
    const { type, array } = await link.typeOf(node, timeout_ms).catch((cause: unknown) => {
      // Nothing was written yet.
      const message = `${point.device}/${point.metric}: its type cannot be read: ${(cause as Error).message}`;
      throw new AdapterError('not-connected', 'write', message, '', { cause });
    });
    if (!array) return type;
    throw new AdapterError('not-writable', 'write', `${point.device}/${point.metric} is an array`);
  }

  private async ask<T>(operation: string, { device, metric }: UaPoint, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (!(cause instanceof LinkError)) throw cause;
      throw new AdapterError(CODES[cause.kind], operation, `${device}/${metric}: ${cause.message}`, '', { cause });
    }
  }
}

/** A 64-bit integer is text: JSON has no number for it. */
const exact = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);
