/** One device: read when its points are due, one request at a time, with backoff while it does not answer. */
import { type AdapterSink, type LinkEvent, type Sample } from '../../adapter';
import { type Clock } from '../../core/clock';
import { type DevicePlan } from '../../core/compile/plan';
import { Quality } from '../../../schemas/quality';
import { type ObjectValues, isSame, samplesOf } from './answer';
import { addressOf, RequestError } from './errors';
import { type Network } from './network';
import { type PlannedRead, planReads, propertiesOf } from './plan';
import { type BacnetDeviceSettings, type BacnetSettings, type BacnetSource } from './settings';

/** A device is told disconnected at its second unanswered request: a single lost datagram ends no session. */
const FAILURES_TO_DISCONNECT = 2;
/** Lifetime of a subscription to changes, s; renewed at half of it. */
const COV_LIFETIME_S = 300;
const COV_PROCESS = 1;

export interface PollerOwner {
  readonly clock: Clock;
  readonly settings: BacnetSettings;
  readonly sink: AdapterSink;
  random(): number;
  network(): Network | undefined;
  /** Its link changed. */
  changed(event: LinkEvent): void;
  retried(): void;
}

interface Due {
  readonly read: PlannedRead;
  at: number;
}

export class Poller {
  up = false;
  lastError = '';
  missed = 0;
  failures = 0;
  address: string | undefined;
  private readonly settings: BacnetDeviceSettings;
  private due: Due[];
  /** ReadPropertyMultiple is refused. */
  private single = false;
  private readonly covRefused = new Set<string>();
  private readonly covUntil = new Map<string, number>();
  /** Notified while the agent had no room: the newest of each object. */
  private readonly notified = new Map<string, ObjectValues>();
  private stopped = false;
  private wake: () => void = () => undefined;

  constructor(
    readonly plan: DevicePlan,
    private readonly owner: PollerOwner,
  ) {
    this.settings = plan.settings as BacnetDeviceSettings;
    this.address = this.settings.address;
    this.due = this.planned();
  }

  get scan_ms(): number {
    return Math.min(...this.due.map((d) => d.read.scan_ms));
  }

  async run(): Promise<void> {
    while (!this.stopped) {
      const { clock, sink } = this.owner;
      const next = this.due.reduce((a, b) => (a.at <= b.at ? a : b));
      await this.sleep(next.at - clock.monotonic());
      await sink.ready();
      if (this.stopped) return;
      this.tellNotified();
      const network = this.owner.network();
      if (!network) {
        await this.failed(next.read, new RequestError('closed', 'the network is not open'));
        continue;
      }
      try {
        const address = await this.located(network);
        await this.subscribe(network, address);
        const samples = await this.read(network, address, next.read);
        if (!this.stopped) this.answered(next, samples);
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        if (!this.stopped) await this.failed(next.read, error);
      }
    }
  }

  stop(): void {
    this.stopped = true;
    this.wake();
  }

  /** A change the device tells by itself. */
  take(values: ObjectValues): void {
    if (this.stopped) return;
    this.notified.set(`${values.object.type},${values.object.instance}`, values);
    void this.owner.sink.ready().then(
      () => this.tellNotified(),
      () => undefined,
    );
  }

  private tellNotified(): void {
    if (this.stopped) return;
    for (const [key, values] of this.notified) {
      this.notified.delete(key);
      const points = this.plan.points.filter((p) => {
        const source = p.source as BacnetSource;
        return source.cov && isSame(source.object, values.object);
      });
      const asked = points.map((p) => ({ ...p, source: p.source as BacnetSource }));
      this.emit(samplesOf(this.plan.id, asked, [values], this.owner.clock.now()));
    }
  }

  private planned(): Due[] {
    const now = this.owner.clock.monotonic();
    const points = this.plan.points.map((p) => {
      const source = p.source as BacnetSource;
      return { ...p, source: { ...source, cov: source.cov && !this.covRefused.has(p.metric) } };
    });
    return planReads({ points, settings: this.plan.settings }).map((read) => ({ read, at: now }));
  }

  /** The address, by Who-Is when the profile knows the instance only. */
  private async located(network: Network): Promise<string> {
    if (this.address !== undefined) return this.address;
    const { instance } = this.settings;
    const found = await new Promise<string | undefined>((resolve) => {
      const timer = setTimeout(() => end(undefined), this.owner.settings.timeout_ms);
      const end = (address: string | undefined): void => {
        clearTimeout(timer);
        forget();
        resolve(address);
      };
      const forget = network.discover((d) => {
        if (d.instance === instance) end(d.address);
      }, instance);
    });
    if (found === undefined) throw new RequestError('timeout', `no answer to Who-Is ${instance}`);
    this.address = found;
    return found;
  }

  private async read(network: Network, address: string, { points }: PlannedRead): Promise<Sample[]> {
    const requests = points.map(({ source }) => ({ object: source.object, properties: propertiesOf(source) }));
    let answer: ObjectValues[];
    try {
      answer = await network.read(address, requests, this.single);
    } catch (error) {
      if (this.single || !(error instanceof RequestError) || error.kind !== 'refused') throw error;
      // Rejected or aborted: it does not know the service, or the answer is too long for it. An error may pass.
      this.single = !/BacnetError/.test(error.message);
      answer = await network.read(address, requests, true);
    }
    return samplesOf(this.plan.id, points, answer, this.owner.clock.now());
  }

  /** Subscriptions renewed in time; what is refused is read as it is scanned. */
  private async subscribe(network: Network, address: string): Promise<void> {
    const now = this.owner.clock.monotonic();
    for (const { metric, source } of this.plan.points) {
      const { cov, object } = source as BacnetSource;
      if (!cov || this.covRefused.has(metric)) continue;
      if ((this.covUntil.get(metric) ?? 0) - now > (COV_LIFETIME_S * 1_000) / 2) continue;
      try {
        await network.subscribe(address, object, COV_PROCESS, COV_LIFETIME_S);
        this.covUntil.set(metric, now + COV_LIFETIME_S * 1_000);
      } catch (error) {
        if (!(error instanceof RequestError) || error.kind !== 'refused') throw error;
        this.covRefused.add(metric);
        this.due = this.planned();
      }
    }
  }

  private answered(due: Due, samples: readonly Sample[]): void {
    const now = this.owner.clock.monotonic();
    const next = due.at + due.read.scan_ms;
    if (next < now) this.missed += Math.floor((now - next) / due.read.scan_ms);
    due.at = next < now ? now + (due.read.scan_ms - ((now - due.at) % due.read.scan_ms)) : next;
    this.failures = 0;
    if (!this.up) {
      this.up = true;
      this.owner.changed({ kind: 'link', device: this.plan.id, state: 'connected', at: this.owner.clock.now() });
    }
    this.emit(samples);
  }

  private async failed(read: PlannedRead, error: RequestError): Promise<void> {
    const { clock, settings } = this.owner;
    this.lastError = error.message;
    const at = clock.now();
    const all =
      error.kind === 'timeout' || error.kind === 'closed' ? this.due.flatMap((d) => d.read.points) : read.points;
    const quality =
      error.kind === 'timeout' ? Quality.timeout : error.kind === 'closed' ? Quality.notConnected : Quality.bad;
    this.emit(all.map(({ metric }) => ({ device: this.plan.id, metric, at, quality })));
    if (++this.failures >= FAILURES_TO_DISCONNECT) this.down(error.message);
    this.owner.retried();
    const wait = Math.min(settings.backoff.max_ms, settings.backoff.initial_ms * 2 ** Math.min(this.failures - 1, 30));
    await this.sleep(wait * (0.75 + 0.25 * this.owner.random()));
    const now = clock.monotonic();
    for (const due of this.due) due.at = now;
  }

  private down(reason: string): void {
    // Another address may be had of it when it is back, or another way to it, and its subscriptions are gone if it was restarted.
    if (this.address !== undefined) this.owner.network()?.forget(this.address);
    this.address = this.settings.address;
    this.covUntil.clear();
    const wasUp = this.up;
    this.up = false;
    if (wasUp || this.failures === FAILURES_TO_DISCONNECT)
      this.owner.changed({
        kind: 'link',
        device: this.plan.id,
        state: 'disconnected',
        at: this.owner.clock.now(),
        reason,
      });
  }

  private emit(samples: readonly Sample[]): void {
    if (samples.length > 0) this.owner.sink.samples({ samples, ack: () => undefined });
  }

  private sleep(ms: number): Promise<void> {
    if (this.stopped || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

export const isFrom = (poller: Poller, sender: string): boolean => poller.address === addressOf(sender);
