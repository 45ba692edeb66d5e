/**
 * A field adapter over a broker: session, order, bounds, who was heard. What messages mean is the dialect's business: it gets
 * messages and gives back what to do.
 */
import { AdapterError, type AdapterSink, type FieldAdapter, type Receipts } from '../../adapter';
import { type FieldValue, type Sample, type WriteRequest } from '../../adapter';
import { type Clock } from '../../core/clock';
import { type ConnectionPlan, type DevicePlan, type PointPlan } from '../../core/compile/plan';
import { type AdapterStatus } from '../../core/status';
import { findPoint, HeardDevices } from '../heard';
import { Intake, MAX_WAITING_BATCHES } from '../intake';
import { Strangers } from '../strangers';
import { notWritten } from './publish-error';
import { type BrokerSession, type SessionListener } from './session';

export interface BrokerAdapterDeps {
  readonly clock: Clock;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  /** What was durable when the agent started; absent: nothing outlives the process. */
  readonly receipts?: () => Receipts;
}

/** A message as it came. */
export interface Arrived {
  /** To be durable with what came of it. */
  readonly receipts?: Receipts;
  /**
   * To be called when what came of it is durable. `refusal`: it was not understood, and is to be refused where the protocol
   * can say so.
   */
  durable(refusal?: string): void;
}

/** What a message amounts to. `O` is a message that is sent. */
export interface Meaning<O> {
  /** Devices that spoke, with what they said. */
  readonly heard: readonly { readonly device: string; readonly samples: readonly Sample[] }[];
  /** Bad readings of devices that did not speak. */
  readonly bad: readonly Sample[];
  readonly lost: readonly { readonly device: string; readonly reason: string }[];
  readonly publish: readonly O[];
  /** Counted by name. */
  readonly counted: readonly string[];
  /** Why something was not understood; empty when all was. */
  readonly complaint: string;
  readonly strangers: readonly string[];
}

export const NOTHING: Meaning<never> = {
  heard: [],
  bad: [],
  lost: [],
  publish: [],
  counted: [],
  complaint: '',
  strangers: [],
};

/** What messages of one protocol and profile mean. */
export interface Dialect<M, O> {
  /** Every name that is ever counted, so that a zero is seen as one. */
  readonly counts: readonly string[];
  /** What is said by itself is given up after so long, ms. */
  readonly say_within_ms: number;
  silenceOf(device: DevicePlan): number;
  adopt(connection: ConnectionPlan): void;
  /** The session with the broker is there: what to say first. */
  opened?(now: number): readonly O[];
  lost?(): void;
  message(message: M, now: number): Meaning<O>;
  /** Where a value goes that is to be written. Throws AdapterError. */
  command(device: DevicePlan, point: PointPlan, value: FieldValue, now: number): O;
  /** What to say before the session ends. */
  closing?(now: number): readonly O[];
}

/** A session and how much of it is under way. */
export type AdapterSession<M, O> = BrokerSession<M, O> & { readonly unanswered: number };

const TICK_MS = 100;

const EXCLUDED = 'is suspended or decommissioned';

export class MessagesAdapter<M extends Arrived, O> implements FieldAdapter {
  private readonly name: string;
  private readonly broker: AdapterSession<M, O>;
  private readonly heard: HeardDevices;
  private readonly strangers = new Strangers();
  private readonly counts: Record<string, number>;
  private devices: ReadonlyMap<string, DevicePlan> = new Map();
  private sink: AdapterSink | undefined;
  private intake: Intake | undefined;
  private ticking: NodeJS.Timeout | undefined;
  private closed = false;
  private lastError = '';

  constructor(
    connection: ConnectionPlan,
    private readonly deps: BrokerAdapterDeps,
    private readonly dialect: Dialect<M, O>,
    session: (listener: SessionListener<M>) => AdapterSession<M, O>,
  ) {
    this.name = connection.name;
    const names = ['messages', 'excluded', ...dialect.counts];
    this.counts = Object.fromEntries(names.map((name) => [name, 0]));
    this.heard = new HeardDevices(
      (device) => dialect.silenceOf(device),
      (event) => this.sink?.link(event),
    );
    this.adopt(connection, new Set());
    this.broker = session({
      connecting: () => this.tellLink('connecting'),
      opened: () => this.opened(),
      message: (message) => this.message(message),
      lost: (reason) => this.lost(reason),
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
    const message = this.dialect.command(device, point, value, this.deps.clock.now());
    this.heard.wrote(id, metric);
    await this.broker.publish(message, timeout_ms).catch((cause: unknown) => notWritten(cause, `${id}/${metric}`));
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
    this.strangers.forget();
    this.adopt(connection, changed);
  }

  close(): Promise<void> {
    this.closed = true;
    clearInterval(this.ticking);
    this.intake?.close();
    this.heard.refuse(new AdapterError('closed', 'close', 'the agent is stopping'));
    if (this.broker.connected) this.say(this.dialect.closing?.(this.deps.clock.now()) ?? []);
    this.broker.close(new Error('the agent is stopping'));
    return Promise.resolve();
  }

  status(): AdapterStatus {
    const { broker, intake } = this;
    return {
      connection: this.name,
      connected: broker.connected,
      last_error: broker.connected ? this.lastError : broker.lastError,
      counters: { ...this.counts, ...broker.stats, in_flight: broker.unanswered, waiting: intake?.size ?? 0 },
      devices: this.heard.status(),
      strangers: this.strangers.list(),
    };
  }

  private adopt(connection: ConnectionPlan, changed: ReadonlySet<string>): void {
    this.dialect.adopt(connection);
    this.devices = new Map(connection.devices.map((d) => [d.id, d]));
    this.heard.adopt(connection.devices, changed, this.deps.clock.monotonic());
  }

  private refuseExcluded(operation: string, device: string): void {
    if (!this.heard.isExcluded(device)) return;
    throw new AdapterError('not-writable', operation, `${device} is excluded`, `it ${EXCLUDED}: activate it first`);
  }

  /** Whatever comes of it, a message is acknowledged or refused in the end: one that means nothing must not come again for ever. */
  private message(message: M): void {
    this.count('messages');
    const now = this.deps.clock.now();
    const meaning = this.dialect.message(message, now);
    meaning.counted.forEach((name) => this.count(name));
    meaning.strangers.forEach((name) => this.strangers.met(name));
    if (meaning.complaint !== '') this.complain(meaning);
    const samples = meaning.bad.filter((s) => !this.heard.isExcluded(s.device));
    let excluded = '';
    for (const { device, reason } of meaning.lost) this.heard.lose(device, now, reason);
    for (const { device, samples: said } of meaning.heard) {
      if (this.heard.isExcluded(device)) {
        this.count('excluded');
        excluded = `${device} ${EXCLUDED}`;
        continue;
      }
      this.heard.heard(device, said, this.deps.clock.monotonic(), now);
      samples.push(...said);
    }
    this.say(meaning.publish);
    const refusal = meaning.complaint || (samples.length === 0 ? excluded : '');
    const ack = (): void => message.durable(refusal === '' ? undefined : refusal);
    const { receipts } = message;
    if (samples.length > 0) this.intake?.push({ samples, ack, ...(receipts && { receipts }) });
    else ack();
  }

  private complain({ complaint, bad }: Meaning<O>): void {
    this.lastError = complaint;
    if (bad[0]) this.heard.error(bad[0].device, complaint);
  }

  private count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }

  /** What is said by itself is said once: nobody waits for it. */
  private say(messages: readonly O[]): void {
    for (const message of messages)
      this.broker.publish(message, this.dialect.say_within_ms).catch((error: unknown) => {
        this.lastError = (error as Error).message;
      });
  }

  private opened(): void {
    this.tellLink('connected');
    this.say(this.dialect.opened?.(this.deps.clock.now()) ?? []);
  }

  private tick(): void {
    const { clock } = this.deps;
    if (this.broker.connected) this.tell(this.heard.silences(clock.monotonic(), clock.now()));
  }

  private lost(reason: Error): void {
    const { clock } = this.deps;
    this.dialect.lost?.();
    const bad = this.heard.allLost(clock.now(), clock.monotonic());
    this.tellLink('disconnected', reason.message);
    if (!this.closed) this.tell(bad);
  }

  /** Not acknowledged to anybody: left out while there is no room. */
  private tell(samples: readonly Sample[]): void {
    const { intake } = this;
    if (samples.length > 0 && intake && intake.size < MAX_WAITING_BATCHES)
      intake.push({ samples, ack: () => undefined });
  }

  private tellLink(state: 'connecting' | 'connected' | 'disconnected', reason?: string): void {
    const at = this.deps.clock.now();
    this.sink?.link({ kind: 'link', state, at, ...(reason !== undefined && { reason }) });
  }
}
