/** Modbus as a field adapter: one instance per connection of the profile. */
import { AdapterError, type AdapterSink, type FieldAdapter, type Sample, type WriteRequest } from '../../adapter';
import { type Clock } from '../../core/clock';
import { type ConnectionPlan } from '../../core/compile/plan';
import { type AdapterStatus } from '../../core/status';
import { Quality } from '../../../schemas/quality';
import { exceptionText, type Request, type Response } from './codec/pdu';
import { Devices } from './devices';
import { Line } from './line';
import { type Link, RequestError } from './link';
import { Orders } from './orders';
import { requestOf, split } from './plan';
import { badSamples, PointTable, QUALITY } from './points';
import { Schedule, type ScheduledRead } from './schedule';
import { lineLoad } from './serial-time';
import { type ModbusConnectionSettings } from './settings';
import { type Open } from './transport';

export interface ModbusDeps {
  readonly clock: Clock;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  /** Moves this line's scans against those of other lines, ms. */
  readonly phase_ms?: number;
  /** Instead of the transport the profile asks for. */
  readonly open?: Open;
}

/** Unanswered requests in a row, all units silent, after which the line itself is taken for dead. */
const SILENT_REQUESTS = 3;
/** A device is told disconnected at its second unanswered request: a single lost frame ends no session. */
const FAILURES_TO_DISCONNECT = 2;
const GATEWAY_PATH_UNAVAILABLE = 10;
const GATEWAY_TARGET_SILENT = 11;
const SPLITTING_EXCEPTIONS = new Set([2, 3]);

export class ModbusAdapter implements FieldAdapter {
  private readonly name: string;
  private readonly settings: ModbusConnectionSettings;
  private points: PointTable;
  private readonly schedule: Schedule;
  private readonly devices: Devices;
  private readonly orders = new Orders();
  private readonly line: Line;
  private sink: AdapterSink | undefined;
  private excluded: ReadonlySet<string> = new Set();
  /** Devices that were read in another way before: answers to requests from then say nothing of them. */
  private readonly changed = new Set<string>();
  private closed = false;
  private silent = 0;
  private quietUntil = 0;
  /** Leave of the sink to read once more. */
  private leave = false;
  private asking = false;
  private wake: NodeJS.Timeout | undefined;

  constructor(
    connection: ConnectionPlan,
    private readonly deps: ModbusDeps,
  ) {
    this.name = connection.name;
    this.settings = connection.settings as ModbusConnectionSettings;
    this.points = new PointTable(connection);
    this.schedule = new Schedule(this.settings.backoff, deps.random, deps.phase_ms);
    this.devices = new Devices(connection.devices, (event) => this.sink?.link(event));
    this.line = new Line(this.settings, deps.random, deps.open, {
      connecting: () => this.tellLink('connecting'),
      opened: () => this.opened(),
      lost: (reason) => this.lost(reason),
    });
  }

  start(sink: AdapterSink): void {
    if (this.sink) throw new Error('started twice');
    this.sink = sink;
    this.schedule.adopt(this.points.plan(this.excluded), this.deps.clock.monotonic());
    this.line.start();
  }

  async write({ device, metric, value, timeout_ms }: WriteRequest): Promise<void> {
    this.refuseExcluded('write', device);
    const { unit, request } = this.points.write(device, metric, value);
    await this.order('write', `${device}/${metric}`, unit, request, timeout_ms);
  }

  async read(device: string, metric: string, timeout_ms: number): Promise<Sample> {
    this.refuseExcluded('read', device);
    const one = this.points.readOne(device, metric);
    const { data } = await this.order('read', `${device}/${metric}`, one.unit, requestOf(one), timeout_ms);
    const [sample] = this.points.samples(one, data, this.deps.clock.now());
    if (!sample) throw new AdapterError('bad-response', 'read', `${device}/${metric}: nothing read`);
    return sample;
  }

  exclude(devices: ReadonlySet<string>): void {
    this.excluded = new Set(devices);
    this.devices.exclude(this.excluded, this.deps.clock.now());
    if (!this.sink) return;
    this.schedule.adopt(this.points.plan(this.excluded), this.deps.clock.monotonic());
    this.pump();
  }

  reconfigure(connection: ConnectionPlan, changed: ReadonlySet<string>): void {
    for (const id of changed) this.changed.add(id);
    this.points = new PointTable(connection);
    this.devices.adopt(connection.devices, changed);
    this.schedule.adopt(this.points.plan(this.excluded), this.deps.clock.monotonic());
    this.pump();
  }

  close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.wake);
    this.orders.refuseAll(new AdapterError('not-connected', 'close', 'the agent is stopping; nothing was sent'));
    this.line.close(new Error('the agent is stopping'));
    return Promise.resolve();
  }

  status(): AdapterStatus {
    const { link, lastError, stats } = this.line;
    const reads = this.schedule.reads();
    const load = lineLoad(
      reads.map((r) => r.plan),
      this.settings,
    );
    return {
      connection: this.name,
      connected: link?.open ?? false,
      last_error: lastError,
      counters: {
        ...stats,
        waiting: this.orders.size,
        in_flight: link?.inFlight ?? 0,
        in_flight_allowed: this.settings.in_flight,
        ...(load !== undefined && { line_load: Math.round(1_000 * load) / 1_000 }),
      },
      devices: this.devices.status(reads),
    };
  }

  private refuseExcluded(operation: string, device: string): void {
    if (!this.excluded.has(device)) return;
    const hint = 'it is suspended or decommissioned: activate it first';
    throw new AdapterError('not-writable', operation, `${device} is excluded`, hint);
  }

  private opened(): void {
    this.silent = 0;
    this.schedule.reset();
    // What was taken apart for a refusal is tried whole again.
    this.schedule.adopt(this.points.plan(this.excluded), this.deps.clock.monotonic());
    this.tellLink('connected');
    this.pump();
  }

  private lost(reason: Error): void {
    this.schedule.reset();
    clearTimeout(this.wake);
    this.devices.allDown();
    this.tellLink('disconnected', reason.message);
    this.orders.refuseAll(new AdapterError('not-connected', 'send', reason.message, '', { cause: reason }));
    if (this.closed) return;
    this.emit(
      badSamples(
        this.schedule.reads().map((r) => r.plan),
        Quality.notConnected,
        this.deps.clock.now(),
      ),
    );
  }

  private tellLink(state: 'connecting' | 'connected' | 'disconnected', reason?: string): void {
    const at = this.deps.clock.now();
    this.sink?.link({ kind: 'link', state, at, ...(reason !== undefined && { reason }) });
  }

  /** Sends while there is something to send and room for it; orders before scans. */
  private pump(): void {
    clearTimeout(this.wake);
    for (;;) {
      const { link } = this.line;
      if (!link?.open || link.inFlight >= this.settings.in_flight) return;
      const now = this.deps.clock.monotonic();
      if (now < this.quietUntil) return this.wakeAt(this.quietUntil, now);
      const order = this.orders.next(now);
      if (order) {
        order(link);
        continue;
      }
      const due = this.schedule.wakeAt();
      if (due > now) return this.wakeAt(due, now);
      if (!this.leave) return this.askLeave();
      const read = this.schedule.take(now);
      if (!read) return;
      this.leave = false;
      void this.scan(link, read);
    }
  }

  private wakeAt(due: number, now: number): void {
    if (due !== Infinity) this.wake = setTimeout(() => this.pump(), Math.max(1, due - now));
  }

  private askLeave(): void {
    if (this.asking) return;
    this.asking = true;
    const answer = (leave: boolean): void => {
      this.asking = false;
      this.leave = leave;
      if (leave) this.pump();
    };
    // Refused only when the agent is stopping.
    void this.sink?.ready().then(
      () => answer(true),
      () => answer(false),
    );
  }

  private async scan(link: Link, read: ScheduledRead): Promise<void> {
    try {
      const response = await link.request(read.plan.unit, requestOf(read.plan), this.settings.timeout_ms);
      this.heard();
      this.scanned(read, response);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.failed(read, error);
    }
    this.pump();
  }

  /** Something answered: the line lives. */
  private heard(): void {
    this.silent = 0;
    this.line.heard();
    if (this.settings.pause_ms > 0) this.quietUntil = this.deps.clock.monotonic() + this.settings.pause_ms;
  }

  private scanned(read: ScheduledRead, response: Response): void {
    const at = this.deps.clock.now();
    if (read.retired && !response.ok) return this.schedule.answered(read);
    if (response.ok) {
      this.schedule.answered(read);
      this.devices.up(read.plan, at);
      const samples = this.points.samples(read.plan, response.data, at);
      return this.emit(read.retired ? samples.filter((s) => !this.changed.has(s.device)) : samples);
    }
    const { exception } = response;
    this.line.stats.exceptions++;
    this.line.lastError = `unit ${read.plan.unit}: ${exceptionText(exception)}`;
    if (exception === GATEWAY_PATH_UNAVAILABLE || exception === GATEWAY_TARGET_SILENT)
      return this.unanswered(read, Quality.notConnected, exceptionText(exception));
    this.schedule.answered(read);
    this.devices.up(read.plan, at);
    const parts = SPLITTING_EXCEPTIONS.has(exception) ? split(read.plan) : undefined;
    if (parts) return this.schedule.replace(read, parts, this.deps.clock.monotonic());
    this.devices.error(read.plan, exceptionText(exception));
    this.emit(badSamples([read.plan], Quality.deviceException, at));
  }

  private failed(read: ScheduledRead, error: RequestError): void {
    // Told for all points when the line was lost.
    if (error.kind === 'closed') return;
    // Its points are read again at once, by other requests.
    if (read.retired) return this.schedule.answered(read);
    this.line.lastError = `unit ${read.plan.unit}: ${error.message}`;
    if (error.kind !== 'timeout') {
      this.schedule.answered(read);
      this.devices.error(read.plan, error.message);
      return this.emit(badSamples([read.plan], QUALITY[error.kind], this.deps.clock.now()));
    }
    this.silent++;
    this.unanswered(read, Quality.timeout, `${error.message}${this.inFlightHint()}`);
    if (this.silent >= SILENT_REQUESTS && this.schedule.allFailing())
      this.line.link?.close(new Error(`no answer to ${this.silent} requests`));
  }

  /** Many devices forget a request when the next one comes before its answer. */
  private inFlightHint(): string {
    const { in_flight } = this.settings;
    return in_flight > 1 ? ` (${in_flight} requests in flight: can the device do that? Try in_flight: 1)` : '';
  }

  private unanswered(read: ScheduledRead, quality: number, reason: string): void {
    const at = this.deps.clock.now();
    const failure = this.schedule.unanswered(read, this.deps.clock.monotonic());
    this.devices.error(read.plan, reason);
    this.emit(badSamples(failure.reads, quality, at));
    if (failure.failures >= FAILURES_TO_DISCONNECT) this.devices.down(read.plan.unit, at, reason);
  }

  private emit(samples: readonly Sample[]): void {
    const wanted = this.excluded.size === 0 ? samples : samples.filter((s) => !this.excluded.has(s.device));
    if (wanted.length > 0) this.sink?.samples({ samples: wanted, ack: () => undefined });
  }

  private async order(
    operation: string,
    point: string,
    unit: number,
    request: Request,
    timeout_ms: number,
  ): Promise<{ data: Buffer }> {
    if (this.closed || !this.line.link?.open)
      throw new AdapterError('not-connected', operation, `${point}: ${this.line.lastError || 'not connected yet'}`);
    const answer = this.orders.add(operation, point, unit, request, this.deps.clock.monotonic(), timeout_ms);
    this.pump();
    try {
      const response = await answer;
      this.heard();
      if (response.ok) return { data: Buffer.from(response.data) };
      throw new AdapterError('device-exception', operation, `${point}: ${exceptionText(response.exception)}`);
    } finally {
      this.pump();
    }
  }
}
