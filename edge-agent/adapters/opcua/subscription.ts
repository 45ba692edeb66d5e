/**
 * One subscription, kept over many sessions. A notification is acknowledged to the server only after the agent has it durable,
 * so what a crash of the link loses is sent again. Nothing is asked for while the agent has no room: the server keeps its queues.
 */
import { type AdapterSink, type Sample } from '../../adapter';
import { type Clock } from '../../core/clock';
import { qualityOf } from './codec';
import { eventSamples, type EventWatch, isState } from './events';
import { type Ack, LinkError, type MonitorRequest, type Notification, type UaLink } from './link';
import { chunks } from './plan';
import { spoil, told, type UaPoint } from './point';
import { type PointTable } from './points';
import { nodeIdOf } from './settings';
import { type Asked, ofEvents, ofValue, unfiltered, type Watched } from './watched';
import { Quality } from '../../../schemas/quality';

/** Publish requests with the server at a time: one is answered while the other is on its way. */
const IN_FLIGHT = 2;
/** Acknowledgements of one publish request. */
const MAX_ACKS = 1_000;
/** Acknowledgements kept; the server forgets by itself what is older. */
const MAX_KEPT_ACKS = 10_000;
/** Values of one point read from the server's history after one outage, and in one request. */
const MAX_HISTORY = 10_000;
const HISTORY_PAGE = 1_000;
const FILTER_REFUSALS = new Set([0x8043, 0x8044, 0x8045, 0x8047, 0x808e]);

export interface SubscriptionStats {
  notifications: number;
  subscribed: number;
  transferred: number;
  republished: number;
  history_values: number;
  events: number;
  refreshes: number;
}

/** What the subscription must know of the adapter, which may change at any time. */
export interface SubscriptionOwner {
  emit(samples: readonly Sample[], ack?: () => void): void;
  /** Variables and events to be watched. */
  wanted(): { readonly values: readonly UaPoint[]; readonly events: readonly EventWatch[] };
  publishing_ms(): number;
}

export class Subscription {
  readonly stats: SubscriptionStats = {
    notifications: 0,
    subscribed: 0,
    transferred: 0,
    republished: 0,
    history_values: 0,
    events: 0,
    refreshes: 0,
  };
  private id: number | undefined;
  /** The server's id of each item, by handle. */
  private items = new Map<number, number>();
  private acks: Ack[] = [];
  /** Sequence numbers the agent has taken and not made durable yet. */
  private readonly taken = new Set<number>();
  private turn: Promise<void> = Promise.resolve();
  private listening: UaLink | undefined;
  /** The server has conditions, as far as is known. */
  private refreshes = true;
  /** ms since 1970-01-01 UTC */
  private refreshed_at = -Infinity;

  constructor(
    private readonly points: PointTable,
    private readonly clock: Clock,
    private readonly sink: Pick<AdapterSink, 'ready'>,
    private readonly owner: SubscriptionOwner,
  ) {}

  /** On a new session: what was missed, then the old subscription or a new one. Rejects with LinkError. */
  async attach(link: UaLink): Promise<void> {
    await this.backfill(link);
    await this.takeOver(link);
    await this.sync(link);
    this.refreshes = true;
    await this.refresh(link, true);
    for (let i = 0; i < IN_FLIGHT; i++) void this.listen(link);
  }

  /** Makes the items of the subscription those of the points; one call after the other. */
  sync(link: UaLink): Promise<void> {
    const next = this.turn.then(() => this.align(link));
    this.turn = next.catch(() => undefined);
    return next;
  }

  private async takeOver(link: UaLink): Promise<void> {
    if (this.id === undefined) return;
    const available = await link.transfer(this.id);
    if (!available) return this.forget();
    this.stats.transferred++;
    const known = new Set([...this.taken, ...this.acks.map((a) => a.sequence)]);
    for (const sequence of available.filter((s) => !known.has(s))) {
      const again = await link.republish({ subscription: this.id, sequence });
      if (!again) continue;
      this.stats.republished++;
      await this.sink.ready();
      this.take(again);
    }
  }

  private forget(): void {
    this.id = undefined;
    this.items = new Map();
    this.acks = [];
    this.taken.clear();
  }

  private async align(link: UaLink): Promise<void> {
    const { values, events } = this.owner.wanted();
    const wanted = new Map([...values.map(ofValue), ...events.map(ofEvents)].map((w) => [w.handle, w]));
    this.id ??= await this.created(link);
    const surplus = [...this.items].filter(([handle]) => !wanted.has(handle));
    for (const part of chunks(surplus, link.limits.monitor)) {
      for (const [handle] of part) this.items.delete(handle);
      await link.unmonitor(
        this.id,
        part.map(([, id]) => id),
      );
    }
    const missing = [...wanted.values()].filter((w) => !this.items.has(w.handle));
    const lost = missing.filter((w) => !w.request(link.namespaces));
    this.owner.emit(lost.flatMap((w) => this.spoilt(w, Quality.configuration)));
    for (const part of chunks(
      missing.filter((w) => !lost.includes(w)),
      link.limits.monitor,
    ))
      await this.watch(link, this.id, part);
    const fresh = missing.some((w) => w.points.some(isState));
    if (fresh && this.listening === link) await this.refresh(link, true);
  }

  /**
   * Conditions that held before we listened, or while we were away, are told once more; once for each outage: a server may
   * have many of them.
   */
  async refresh(link: UaLink, anew = false): Promise<void> {
    const states = this.owner.wanted().events.flatMap((w) => w.points.filter(isState));
    const isDue = states.some((p) => anew || (p.spoiled_at ?? -Infinity) > this.refreshed_at);
    if (!this.refreshes || this.id === undefined || !isDue) return;
    this.stats.refreshes++;
    this.refreshed_at = this.clock.now();
    // No conditions on this server: its events are all there is.
    this.refreshes = await link.refresh(this.id).catch((error: unknown) => {
      if (error instanceof LinkError && error.kind === 'service') return false;
      throw error;
    });
  }

  private spoilt({ points }: Watched, quality: number): Sample[] {
    return points.map((p) => spoil(p, quality, this.clock.now()));
  }

  private async created(link: UaLink): Promise<number> {
    this.stats.subscribed++;
    return link.subscribe(this.owner.publishing_ms());
  }

  private async watch(link: UaLink, id: number, items: readonly Watched[]): Promise<void> {
    const asked = items.flatMap((item) => {
      const request = item.request(link.namespaces);
      return request ? [{ item, request }] : [];
    });
    const plainer = await this.ask(link, id, asked, unfiltered);
    if (plainer.length > 0) await this.ask(link, id, plainer, () => undefined);
  }

  /** Those that may be asked for once more, in another way. */
  private async ask(
    link: UaLink,
    id: number,
    asked: readonly Asked[],
    otherwise: (request: MonitorRequest) => MonitorRequest | undefined,
  ): Promise<Asked[]> {
    const results = await link.monitor(
      id,
      asked.map(({ request }) => request),
    );
    const again: Asked[] = [];
    const refused: Sample[] = [];
    asked.forEach(({ item, request }, i) => {
      const { status, id: given } = results[i] ?? { status: 0x80000000, id: 0 };
      const plainer = FILTER_REFUSALS.has(status >>> 16) ? otherwise(request) : undefined;
      if (qualityOf(status) < 64) this.items.set(item.handle, given);
      else if (plainer) again.push({ item, request: plainer });
      else refused.push(...this.spoilt(item, qualityOf(status)));
    });
    this.owner.emit(refused);
    return again;
  }

  private async listen(link: UaLink): Promise<void> {
    this.listening = link;
    try {
      while (link.open) {
        await this.sink.ready();
        const acks = this.acks.splice(0, MAX_ACKS);
        const notification = await link.publish(acks).catch((error: unknown) => {
          this.acks.unshift(...acks);
          throw error;
        });
        this.take(notification);
        if (notification.ended === undefined || notification.subscription !== this.id) continue;
        this.forget();
        await this.sync(link);
      }
    } catch (error) {
      // Only the link fails here; the adapter connects again.
      await link.close(error as Error, !(error instanceof LinkError) || error.kind === 'service');
    }
  }

  private take(n: Notification): void {
    if (n.values.length + n.events.length === 0 || n.subscription !== this.id || this.taken.has(n.sequence)) return;
    this.stats.notifications++;
    const now = this.clock.now();
    const samples: Sample[] = [];
    for (const { handle, value } of n.values) {
      const point = this.items.has(handle) ? this.points.get(handle) : undefined;
      const sample = point && told(point, value, now);
      if (sample) samples.push(sample);
    }
    for (const { handle, fields } of n.events) {
      const watch = this.items.has(handle) ? this.points.watch(handle) : undefined;
      if (!watch) continue;
      this.stats.events++;
      samples.push(...eventSamples(watch, fields, now));
    }
    const { subscription, sequence } = n;
    this.taken.add(sequence);
    this.owner.emit(samples, () => {
      if (!this.taken.delete(sequence) || subscription !== this.id) return;
      this.acks.push({ subscription, sequence });
      if (this.acks.length > MAX_KEPT_ACKS) this.acks.splice(0, this.acks.length - MAX_KEPT_ACKS);
    });
  }

  /** What the server's history has of the time in which it could not reach us. */
  private async backfill(link: UaLink): Promise<void> {
    for (const point of this.owner.wanted().values) {
      const node = nodeIdOf(point.source.node, link.namespaces);
      if (!point.source.history || point.spoiled_at === undefined || !point.last || node === undefined) continue;
      await this.readHistory(link, point, node, point.last.at + 1);
    }
  }

  private async readHistory(link: UaLink, point: UaPoint, node: string, from: number): Promise<void> {
    const to = this.clock.now();
    let continuation: Buffer | undefined;
    for (let count = 0; count < MAX_HISTORY;) {
      await this.sink.ready();
      const page = await link.history(node, from, to, HISTORY_PAGE, continuation).catch((error: unknown) => {
        // No history of this node: the readings that follow are all there is.
        if (error instanceof LinkError && error.kind === 'service') return { values: [] };
        throw error;
      });
      const samples = page.values.flatMap((v) => told(point, v, to) ?? []).map((s) => ({ ...s, past: true }));
      this.stats.history_values += samples.length;
      this.owner.emit(samples);
      count += page.values.length;
      ({ continuation } = page as { continuation?: Buffer });
      if (!continuation || page.values.length === 0) return;
    }
  }
}
