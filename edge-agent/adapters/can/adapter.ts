/** A CAN bus as a field adapter: devices speak by themselves, and are told by frames. One instance per connection. */
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
import { backoff_ms } from '../../core/backoff';
import { type Clock } from '../../core/clock';
import { type ConnectionPlan, type DevicePlan } from '../../core/compile/plan';
import { type AdapterStatus } from '../../core/status';
import { findPoint, HeardDevices } from '../../wire/heard';
import { Intake, MAX_WAITING_BATCHES } from '../../wire/intake';
import { candumpLink } from './candump-link';
import { SignalError } from './codec';
import { type CanFrame } from './frame';
import { groupOf, requestOf } from './j1939';
import { LastFrames } from './last-frames';
import { type Link, LINK_COUNTERS, type OpenLink, SendError, type SendErrorKind } from './link';
import { frameToWrite, type Heard, type Moment, type Request, SignalTable } from './plan';
import { type CanDeviceSettings, type CanSettings, type CanSource } from './settings';
import { slcanLink } from './slcan-link';
import { MANAGEMENT, TRANSFER, TransportProtocol } from './transport';
import { udpLink } from './udp-link';

export interface CanDeps {
  readonly clock: Clock;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
}

const TICK_MS = 100;
const CODES: Readonly<Record<SendErrorKind, AdapterErrorCode>> = {
  timeout: 'timeout',
  closed: 'closed',
  refused: 'device-exception',
};

export class CanAdapter implements FieldAdapter {
  private readonly settings: CanSettings;
  private readonly counts: Record<string, number> = Object.fromEntries(
    ['frames', 'sent', 'dropped', 'reconnects', ...LINK_COUNTERS].map((name) => [name, 0]),
  );
  private readonly heard: HeardDevices;
  private readonly transport: TransportProtocol;
  private readonly last = new LastFrames();
  private table: SignalTable;
  /** When each group was asked for, monotonic. */
  private readonly asked = new Map<Request, number>();
  private devices: ReadonlyMap<string, DevicePlan> = new Map();
  private sink: AdapterSink | undefined;
  private intake: Intake | undefined;
  private link: Link | undefined;
  private isOpen = false;
  /** A tunnel over UDP is not connected: it is there while a device is heard through it. */
  private readonly isTunnel: boolean;
  private isHeard = false;
  private held = false;
  private ticking: NodeJS.Timeout | undefined;
  private reopening: NodeJS.Timeout | undefined;
  private attempt = 0;
  private closed = false;
  private lastError = '';

  constructor(
    private readonly connection: ConnectionPlan,
    private readonly deps: CanDeps,
  ) {
    this.settings = connection.settings as CanSettings;
    this.isTunnel = this.settings.link.kind === 'udp';
    this.transport = new TransportProtocol(this.settings.address);
    this.heard = new HeardDevices(
      (device) => (device.settings as CanDeviceSettings).silence_ms,
      (event) => this.sink?.link(event),
    );
    this.table = this.adopt(connection, new Set());
  }

  start(sink: AdapterSink): void {
    if (this.sink) throw new Error('started twice');
    this.sink = sink;
    this.intake = new Intake(sink, (held) => this.hold(held));
    this.ticking = setInterval(() => this.tick(), TICK_MS);
    this.open();
  }

  async write({ device: id, metric, value, timeout_ms }: WriteRequest): Promise<void> {
    this.refuseExcluded('write', id);
    const { device, point } = findPoint('write', this.devices.get(id), metric, id);
    const frame = this.frameOf(device, point.metric, point.source as CanSource, value);
    const link = this.reach('write', id);
    this.heard.wrote(id, metric);
    try {
      await link.send(frame, timeout_ms);
    } catch (cause) {
      if (!(cause instanceof SendError)) throw cause;
      throw new AdapterError(CODES[cause.kind], 'write', `${id}/${metric}: ${cause.message}`, '', { cause });
    }
    this.count('sent', 1);
    this.last.seen(frame);
    // Said between the order and its going out.
    this.heard.wrote(id, metric);
  }

  async read(id: string, metric: string, timeout_ms: number): Promise<Sample> {
    this.refuseExcluded('read', id);
    findPoint('read', this.devices.get(id), metric, id);
    if (!this.isOpen || !this.heard.isUp(id)) this.reach('read', id);
    return this.heard.read(id, metric, timeout_ms);
  }

  exclude(devices: ReadonlySet<string>): void {
    this.heard.exclude(devices, this.deps.clock.now());
  }

  reconfigure(connection: ConnectionPlan, changed: ReadonlySet<string>): void {
    this.table = this.adopt(connection, changed);
  }

  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.ticking);
    clearTimeout(this.reopening);
    this.intake?.close();
    this.heard.refuse(new AdapterError('closed', 'close', 'the agent is stopping'));
    this.isOpen = false;
    await this.link?.close();
  }

  status(): AdapterStatus {
    return {
      connection: this.connection.name,
      connected: this.isOpen,
      last_error: this.lastError,
      counters: {
        ...this.counts,
        ...this.transport.counters,
        transfers_open: this.transport.underWay,
        waiting: this.intake?.size ?? 0,
      },
      devices: this.heard.status(),
    };
  }

  private adopt(connection: ConnectionPlan, changed: ReadonlySet<string>): SignalTable {
    this.devices = new Map(connection.devices.map((d) => [d.id, d]));
    this.heard.adopt(connection.devices, changed, this.deps.clock.monotonic());
    this.asked.clear();
    this.last.follow(connection.devices);
    return new SignalTable(connection);
  }

  private open(): void {
    if (this.closed) return;
    this.tellLink('connecting');
    const link = openerOf(this.settings)({
      open: () => {
        this.isOpen = true;
        this.attempt = 0;
        if (this.held) link.hold?.(true);
        if (!this.isTunnel) this.tellLink('connected');
      },
      frame: (frame) => this.received(frame),
      count: (name, n) => this.count(name, n),
      closed: (reason, over) => this.lost(reason, over),
    });
    this.link = link;
  }

  private lost(reason: Error, over = false): void {
    if (this.closed) return;
    const { clock, random } = this.deps;
    this.isOpen = false;
    this.lastError = reason.message;
    this.count('reconnects', 1);
    const bad = this.heard.allLost(clock.now(), clock.monotonic());
    this.tellLink('disconnected', reason.message);
    if (over) return;
    this.tell(bad);
    this.reopening = setTimeout(() => this.open(), backoff_ms(++this.attempt, this.settings.backoff, random()));
  }

  private received(frame: CanFrame): void {
    this.count('frames', 1);
    if (this.isTunnel && !this.isHeard) this.tellLink('connected');
    this.isHeard = true;
    const { clock } = this.deps;
    const now = clock.monotonic();
    const moment: Moment = { now, at: frame.at ?? clock.now(), past: frame.at !== undefined };
    this.last.seen(frame);
    this.take(this.table.ofFrame(frame, moment), moment);
    const group = groupOf(frame);
    if (!group) return;
    if (group.pgn !== MANAGEMENT && group.pgn !== TRANSFER) return this.take(this.table.ofGroup(group, moment), moment);
    const { group: whole, send } = this.transport.take(group, now);
    this.say(send);
    if (whole) this.take(this.table.ofGroup(whole, moment), moment);
  }

  private take(heard: readonly Heard[], { now, at }: Moment): void {
    for (const { device, samples } of heard) {
      if (this.heard.isExcluded(device)) continue;
      this.heard.heard(device, samples, now, at);
      if (samples.length === 0) continue;
      // A bus cannot be held back: what there is no room for is lost, and counted.
      if (this.held && !this.link?.hold) this.count('dropped', samples.length);
      else this.intake?.push({ samples, ack: () => undefined });
    }
  }

  private tick(): void {
    const { clock } = this.deps;
    const now = clock.monotonic();
    this.say(this.transport.expire(now));
    if (!this.isOpen) return;
    const silent = this.heard.silences(now, clock.now());
    this.tell(silent);
    if (silent.length > 0 && this.isTunnel && !this.heard.anyUp) {
      this.isHeard = false;
      this.tellLink('disconnected', 'no device is heard through the tunnel');
    }
    for (const request of this.table.requests) {
      const { pgn, device, destination, every_ms } = request;
      if (now - (this.asked.get(request) ?? -Infinity) < every_ms || this.heard.isExcluded(device)) continue;
      this.asked.set(request, now);
      this.say([requestOf(pgn, this.settings.address, destination)]);
    }
  }

  /** What the protocol itself has to say: nobody waits for it. A log is not spoken to. */
  private say(frames: readonly CanFrame[]): void {
    if (this.settings.link.kind === 'candump' || !this.isOpen) return;
    for (const frame of frames)
      this.link?.send(frame, this.settings.timeout_ms).catch((error: unknown) => {
        this.lastError = (error as Error).message;
      });
  }

  private hold(held: boolean): void {
    this.held = held;
    this.link?.hold?.(held);
  }

  /** Not acknowledged to anybody: left out while there is no room. */
  private tell(samples: readonly Sample[]): void {
    const { intake } = this;
    if (samples.length > 0 && intake && intake.size < MAX_WAITING_BATCHES)
      intake.push({ samples, ack: () => undefined });
  }

  private frameOf(device: DevicePlan, metric: string, source: CanSource, value: FieldValue): CanFrame {
    try {
      return frameToWrite(device, source, value, this.settings.address, this.last.dataOf(source));
    } catch (cause) {
      if (!(cause instanceof SignalError)) throw cause;
      throw new AdapterError('invalid-value', 'write', `${device.id}/${metric}: ${cause.message}`, '', { cause });
    }
  }

  /** A device that was not heard gets nothing: nobody could tell what became of it. */
  private reach(operation: string, device: string): Link {
    if (this.link && this.isOpen && this.heard.isUp(device)) return this.link;
    const reason = this.closed ? 'the agent is stopping' : this.isOpen ? 'it is not heard on the bus' : this.lastError;
    throw new AdapterError('not-connected', operation, `${device}: ${reason}; nothing was sent`);
  }

  private refuseExcluded(operation: string, device: string): void {
    if (!this.heard.isExcluded(device)) return;
    const hint = 'it is suspended or decommissioned: activate it first';
    throw new AdapterError('not-writable', operation, `${device} is excluded`, hint);
  }

  private count(name: string, n: number): void {
    this.counts[name] = (this.counts[name] ?? 0) + n;
  }

  private tellLink(state: LinkEvent['state'], reason?: string): void {
    const at = this.deps.clock.now();
    this.sink?.link({ kind: 'link', state, at, ...(reason !== undefined && { reason }) });
  }
}

function openerOf({ link }: CanSettings): OpenLink {
  switch (link.kind) {
    case 'udp':
      return udpLink(link);
    case 'slcan':
      return slcanLink(link);
    case 'candump':
      return candumpLink(link);
  }
}
