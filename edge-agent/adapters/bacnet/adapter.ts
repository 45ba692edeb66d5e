/** BACnet/IP as a field adapter: one UDP port, the devices behind it each at their own pace. */
import { createRequire } from 'node:module';
import {
  AdapterError,
  type AdapterErrorCode,
  type AdapterSink,
  type FieldAdapter,
  type FieldValue,
  type LinkEvent,
  type Sample,
  type WriteRequest,
} from '../../adapter';
import { type Clock } from '../../core/clock';
import { type ConnectionPlan, type PointPlan } from '../../core/compile/plan';
import { type AdapterStatus } from '../../core/status';
import { samplesOf } from './answer';
import { type AppData, appData, ConvertError, Tag } from './codec';
import { RequestError, type RequestErrorKind } from './errors';
import type * as NetworkModule from './network';
import { propertiesOf } from './plan';
import { isFrom, Poller } from './poller';
import { type BacnetSettings, type BacnetSource } from './settings';

export interface BacnetDeps {
  readonly clock: Clock;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
}

/** The library is loaded by agents that speak BACnet only. */
const load = createRequire(__filename);

const CODES: Readonly<Record<RequestErrorKind, AdapterErrorCode>> = {
  timeout: 'timeout',
  closed: 'closed',
  refused: 'device-exception',
  'bad-response': 'bad-response',
};

export class BacnetAdapter implements FieldAdapter {
  private readonly settings: BacnetSettings;
  private readonly pollers = new Map<string, Poller>();
  private readonly counters = { reconnects: 0 };
  private network: NetworkModule.Network | undefined;
  private reopening: NodeJS.Timeout | undefined;
  private sink: AdapterSink | undefined;
  private excluded: ReadonlySet<string> = new Set();
  private connected = false;
  private closed = false;
  private lastError = '';

  constructor(
    private connection: ConnectionPlan,
    private readonly deps: BacnetDeps,
  ) {
    this.settings = connection.settings as BacnetSettings;
  }

  start(sink: AdapterSink): void {
    if (this.sink) throw new Error('started twice');
    this.sink = sink;
    this.tellLink('connecting');
    this.open();
    this.align(new Set());
  }

  async write({ device, metric, value, timeout_ms }: WriteRequest): Promise<void> {
    const point = this.find('write', device, metric);
    if (!point.writable)
      throw new AdapterError('not-writable', 'write', `${device}/${metric}`, 'set writable: true in the profile');
    const source = point.source as BacnetSource;
    const data = converted(device, metric, source, value);
    const { network, address } = this.reach('write', device, metric);
    await this.ask('write', device, metric, timeout_ms, network.write(address, source.object, data, source.priority));
  }

  async read(device: string, metric: string, timeout_ms: number): Promise<Sample> {
    const point = this.find('read', device, metric);
    const source = point.source as BacnetSource;
    const { network, address } = this.reach('read', device, metric);
    const request = { object: source.object, properties: propertiesOf(source) };
    const answer = await this.ask('read', device, metric, timeout_ms, network.read(address, [request], true));
    const [sample] = samplesOf(device, [{ metric, scan_ms: point.scan_ms, source }], answer, this.deps.clock.now());
    if (!sample) throw new AdapterError('bad-response', 'read', `${device}/${metric}: nothing read`);
    return sample;
  }

  exclude(devices: ReadonlySet<string>): void {
    this.excluded = new Set(devices);
    if (this.sink) this.align(new Set());
  }

  reconfigure(connection: ConnectionPlan, changed: ReadonlySet<string>): void {
    this.connection = connection;
    if (this.sink) this.align(changed);
  }

  close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.reopening);
    for (const poller of this.pollers.values()) poller.stop();
    this.network?.close();
    this.network = undefined;
    return Promise.resolve();
  }

  status(): AdapterStatus {
    return {
      connection: this.connection.name,
      connected: this.connected,
      last_error: this.lastError,
      counters: { ...this.counters, ...this.network?.counters() },
      devices: this.connection.devices.map(({ id }) => {
        const poller = this.pollers.get(id);
        const scan_ms = poller?.scan_ms ?? 0;
        return {
          id,
          connected: poller?.up ?? false,
          last_error: poller?.lastError ?? '',
          scan_asked_ms: scan_ms,
          scan_achieved_ms: scan_ms,
          scans_missed: poller?.missed ?? 0,
        };
      }),
    };
  }

  private open(): void {
    if (this.closed) return;
    const { Network } = load('./network') as typeof NetworkModule;
    const network = new Network(this.settings, {
      failed: (error) => {
        if (this.network !== network) return;
        this.lastError = error.message;
        network.close();
        this.network = undefined;
        this.reopening = setTimeout(() => this.open(), this.settings.backoff.max_ms);
      },
      notified: (sender, values) => {
        for (const poller of this.pollers.values()) if (isFrom(poller, sender)) poller.take(values);
      },
    });
    this.network = network;
  }

  /** A poller for every device that is to be read; those that go on are left alone. */
  private align(changed: ReadonlySet<string>): void {
    const { sink } = this;
    if (!sink || this.closed) return;
    const wanted = new Map(this.connection.devices.filter((d) => !this.excluded.has(d.id)).map((d) => [d.id, d]));
    for (const [id, poller] of this.pollers) {
      if (wanted.has(id) && !changed.has(id)) continue;
      poller.stop();
      this.pollers.delete(id);
      if (poller.up && this.excluded.has(id)) this.tellDevice(id, 'excluded');
    }
    for (const [id, plan] of wanted) {
      if (this.pollers.has(id)) continue;
      const poller = new Poller(plan, {
        ...{ clock: this.deps.clock, settings: this.settings, sink },
        random: this.deps.random,
        network: () => this.network,
        changed: (event) => this.changed(event),
        retried: () => void this.counters.reconnects++,
      });
      this.pollers.set(id, poller);
      void poller.run();
    }
  }

  private tellDevice(device: string, reason: string): void {
    this.sink?.link({ kind: 'link', device, state: 'disconnected', at: this.deps.clock.now(), reason });
  }

  /** There is no line: the network is there while a device answers, and gone when none does. */
  private changed(event: LinkEvent): void {
    if (event.state === 'connected' && !this.connected) {
      this.connected = true;
      this.tellLink('connected');
    }
    this.sink?.link(event);
    if (event.state !== 'disconnected') return;
    this.lastError = event.reason ?? '';
    const silent = [...this.pollers.values()].every((p) => !p.up && p.failures > 0);
    if (!silent) return;
    this.connected = false;
    this.tellLink('disconnected', `no device answers: ${this.lastError}`);
  }

  private tellLink(state: LinkEvent['state'], reason?: string): void {
    const at = this.deps.clock.now();
    this.sink?.link({ kind: 'link', state, at, ...(reason !== undefined && { reason }) });
  }

  private find(operation: string, device: string, metric: string): PointPlan {
    if (this.excluded.has(device)) {
      const hint = 'it is suspended or decommissioned: activate it first';
      throw new AdapterError('not-writable', operation, `${device} is excluded`, hint);
    }
    const point = this.connection.devices.find((d) => d.id === device)?.byMetric.get(metric);
    if (point) return point;
    const hint = 'is it in the profile of this connection?';
    throw new AdapterError('unknown-point', operation, `${device}/${metric}`, hint);
  }

  private reach(
    operation: string,
    device: string,
    metric: string,
  ): { network: NetworkModule.Network; address: string } {
    const poller = this.pollers.get(device);
    const { network } = this;
    if (network && poller?.up && poller.address !== undefined) return { network, address: poller.address };
    const reason = this.closed ? 'the agent is stopping' : poller?.lastError || 'it has not answered yet';
    throw new AdapterError('not-connected', operation, `${device}/${metric}: ${reason}; nothing was sent`);
  }

  private async ask<T>(operation: string, device: string, metric: string, ms: number, work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new RequestError('timeout', `no answer within ${Math.round(ms)} ms`)), ms);
    });
    try {
      return await Promise.race([work, late]);
    } catch (cause) {
      if (!(cause instanceof RequestError)) throw cause;
      throw new AdapterError(CODES[cause.kind], operation, `${device}/${metric}: ${cause.message}`, '', { cause });
    } finally {
      clearTimeout(timer);
    }
  }
}

function converted(device: string, metric: string, { object, role }: BacnetSource, value: FieldValue): AppData {
  try {
    if (role === 'value') return appData(object.type, value);
    if (value === false || value === 0) return { type: Tag.null, value: null };
    throw new ConvertError('an override is given back with false; it is taken by writing the value');
  } catch (cause) {
    if (!(cause instanceof ConvertError)) throw cause;
    throw new AdapterError('invalid-value', 'write', `${device}/${metric}: ${cause.message}`, '', { cause });
  }
}
