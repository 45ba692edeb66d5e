/** MQTT as a field adapter: a client of a broker that is there already. One instance per connection of the profile. */
import { AdapterError, type AdapterErrorCode, type AdapterSink, type FieldAdapter, type Sample } from '../../adapter';
import { type WriteRequest } from '../../adapter';
import { type Clock } from '../../core/clock';
import { type ConnectionPlan, type DevicePlan } from '../../core/compile/plan';
import { type AdapterStatus } from '../../core/status';
import { checkValue, findPoint, HeardDevices } from '../../wire/heard';
import { Intake } from '../../wire/intake';
import { Broker } from '../../wire/mqtt/broker';
import { type Message } from '../../wire/mqtt/link';
import { PublishError, type PublishErrorKind } from '../../wire/mqtt/outbound';
import { Strangers } from '../../wire/strangers';
import { encodePayload, steps } from './codec';
import { MessageTable, type Rejection } from './plan';
import { type MqttConnectionSettings, type MqttDeviceSettings, type MqttSource } from './settings';
import { compileTopic } from './topic';

export interface MqttDeps {
  readonly clock: Clock;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
}

const TICK_MS = 100;

const CODES: Readonly<Record<PublishErrorKind, AdapterErrorCode>> = {
  'not-connected': 'not-connected',
  timeout: 'timeout',
  closed: 'closed',
  refused: 'device-exception',
};

type Counts = Record<Rejection, number> & { messages: number; bad_times: number; retained: number };

export class MqttAdapter implements FieldAdapter {
  private readonly name: string;
  private readonly broker: Broker;
  private readonly heard: HeardDevices;
  private readonly strangers = new Strangers();
  private readonly counts: Counts = {
    messages: 0,
    retained: 0,
    bad_times: 0,
    unmatched_topic: 0,
    unknown_device: 0,
    unknown_metric: 0,
    bad_payload: 0,
    too_many: 0,
    excluded: 0,
  };
  private table: MessageTable;
  private devices: ReadonlyMap<string, DevicePlan> = new Map();
  private sink: AdapterSink | undefined;
  private intake: Intake | undefined;
  private ticking: NodeJS.Timeout | undefined;
  private closed = false;
  private lastError = '';

  constructor(
    connection: ConnectionPlan,
    private readonly deps: MqttDeps,
  ) {
    this.name = connection.name;
    const { broker, subscriptions } = connection.settings as MqttConnectionSettings;
    this.table = new MessageTable(connection);
    this.heard = new HeardDevices(
      (device) => (device.settings as MqttDeviceSettings).silence_ms,
      (event) => this.sink?.link(event),
    );
    this.adopt(connection, new Set());
    const filters = subscriptions.map(({ topic, group, qos }) => {
      const { filter } = compileTopic(topic);
      return { filter: group === undefined ? filter : `$share/${group}/${filter}`, qos };
    });
    this.broker = new Broker({
      settings: broker,
      subscriptions: filters,
      random: deps.random,
      listener: {
        connecting: () => this.tellLink('connecting'),
        opened: () => this.tellLink('connected'),
        message: (message) => this.message(message),
        lost: (reason) => this.lost(reason),
      },
    });
  }

  start(sink: AdapterSink): void {
    if (this.sink) throw new Error('started twice');
    this.sink = sink;
    this.intake = new Intake(sink, (held) => this.broker.hold(held));
    this.ticking = setInterval(() => this.tick(), TICK_MS);
    this.broker.start();
  }

  async write({ device: id, metric, value, timeout_ms }: WriteRequest): Promise<void> {
    this.refuseExcluded('write', id);
    const { device, point } = findPoint('write', this.devices.get(id), metric, id);
    const { command, kind } = point.source as MqttSource;
    if (!command) throw new AdapterError('not-writable', 'write', `${id}/${metric}`, 'say where in mqtt.command');
    checkValue(kind, value, `${id}/${metric}`);
    const { topic, qos, retain } = command;
    const payload = encodePayload(command.payload, steps(command.value), value);
    this.heard.wrote(device.id, metric);
    await this.broker.publish({ topic, payload, qos, retain }, timeout_ms).catch((cause: unknown) => {
      if (!(cause instanceof PublishError)) throw cause;
      throw new AdapterError(CODES[cause.kind], 'write', `${id}/${metric}: ${cause.message}`, '', { cause });
    });
  }

  async read(id: string, metric: string, timeout_ms: number): Promise<Sample> {
    this.refuseExcluded('read', id);
    findPoint('read', this.devices.get(id), metric, id);
    if (!this.broker.connected) throw new AdapterError('not-connected', 'read', this.broker.lastError || 'no session');
    return this.heard.read(id, metric, timeout_ms);
  }

  exclude(devices: ReadonlySet<string>): void {
    this.heard.exclude(devices, this.deps.clock.now());
  }

  reconfigure(connection: ConnectionPlan, changed: ReadonlySet<string>): void {
    this.table = new MessageTable(connection);
    this.strangers.forget();
    this.adopt(connection, changed);
  }

  close(): Promise<void> {
    this.closed = true;
    clearInterval(this.ticking);
    this.intake?.close();
    this.heard.refuse(new AdapterError('closed', 'close', 'the agent is stopping'));
    this.broker.close(new Error('the agent is stopping'));
    return Promise.resolve();
  }

  status(): AdapterStatus {
    const { broker, intake } = this;
    return {
      connection: this.name,
      connected: broker.connected,
      last_error: broker.connected ? this.lastError : broker.lastError,
      counters: {
        ...this.counts,
        ...broker.stats,
        in_flight: broker.unanswered,
        waiting: intake?.size ?? 0,
      },
      devices: this.heard.status(),
      strangers: this.strangers.list(),
    };
  }

  private adopt(connection: ConnectionPlan, changed: ReadonlySet<string>): void {
    this.devices = new Map(connection.devices.map((d) => [d.id, d]));
    this.heard.adopt(connection.devices, changed, this.deps.clock.monotonic());
  }

  private refuseExcluded(operation: string, device: string): void {
    if (!this.heard.isExcluded(device)) return;
    const hint = 'it is suspended or decommissioned: activate it first';
    throw new AdapterError('not-writable', operation, `${device} is excluded`, hint);
  }

  /** Whatever comes of it, the message is acknowledged in the end: one that means nothing must not come again for ever. */
  private message({ topic, payload, retain, durable }: Message): void {
    this.counts.messages++;
    if (retain) this.counts.retained++;
    const at = this.deps.clock.now();
    const found = this.table.read(topic, payload, at);
    if (found.kind === 'rejected') {
      this.reject(found.reason, found.detail);
      const [first] = found.samples;
      if (!first || this.heard.isExcluded(first.device)) return durable();
      this.heard.error(first.device, found.detail);
      return this.intake?.push({ samples: found.samples, ack: durable });
    }
    if (this.heard.isExcluded(found.device)) {
      this.counts.excluded++;
      return durable();
    }
    if (found.badTime) this.counts.bad_times++;
    this.heard.heard(found.device, found.samples, this.deps.clock.monotonic(), at);
    this.intake?.push({ samples: found.samples, ack: durable });
  }

  private reject(reason: Rejection, detail: string): void {
    this.counts[reason]++;
    this.lastError = `${reason}: ${detail}`;
    if (reason !== 'bad_payload') this.strangers.met(detail);
  }

  private tick(): void {
    const { clock } = this.deps;
    if (this.broker.connected) this.tell(this.heard.silences(clock.monotonic(), clock.now()));
  }

  private lost(reason: Error): void {
    const { clock } = this.deps;
    const bad = this.heard.allLost(clock.now(), clock.monotonic());
    this.tellLink('disconnected', reason.message);
    if (!this.closed) this.tell(bad);
  }

  private tell(samples: readonly Sample[]): void {
    if (samples.length > 0) this.intake?.push({ samples, ack: () => undefined });
  }

  private tellLink(state: 'connecting' | 'connected' | 'disconnected', reason?: string): void {
    const at = this.deps.clock.now();
    this.sink?.link({ kind: 'link', state, at, ...(reason !== undefined && { reason }) });
  }
}
