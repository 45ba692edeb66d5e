/**
 * One subscription, kept over many sessions. A notification is acknowledged to the server only after the agent has it durable,
 * so what a crash of the link loses is sent again. Nothing is asked for while the agent has no room: the server keeps its queues.
 */
import { type AdapterSink, type Sample } from '../../adapter';
import { type Clock } from '../../core/clock';
import { qualityOf } from './codec';
import { type Ack, LinkError, type MonitorRequest, type Notification, type UaLink } from './link';
import { chunks } from './plan';
import { type PointTable, spoil, told, type UaPoint } from './points';
import { nodeIdOf } from './settings';
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
const FILTER_REFUSALS = new Set([0x8043, 0x8044, 0x8045, 0x808e]);

export interface SubscriptionStats {
  notifications: number;
  subscribed: number;
  transferred: number;
  republished: number;
  history_values: number;
}

/** What the subscription must know of the adapter, which may change at any time. */
export interface SubscriptionOwner {
  emit(samples: readonly Sample[], ack?: () => void): void;
  /** Points to be watched. */
  wanted(): readonly UaPoint[];
  publishing_ms(): number;
}

interface Item {
  readonly point: UaPoint;
  readonly id: number;
}

export class Subscription {
  readonly stats: SubscriptionStats = {
    notifications: 0,
    subscribed: 0,
    transferred: 0,
    republished: 0,
    history_values: 0,
  };
  private id: number | undefined;
  private items = new Map<number, Item>();
  private acks: Ack[] = [];
  /** Sequence numbers the agent has taken and not made durable yet. */
  private readonly taken = new Set<number>();
  private turn: Promise<void> = Promise.resolve();

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
    const wanted = new Map(this.owner.wanted().map((p) => [p.handle, p]));
    this.id ??= await this.created(link);
    const surplus = [...this.items].filter(([handle]) => !wanted.has(handle));
    for (const part of chunks(surplus, link.limits.monitor)) {
      for (const [handle] of part) this.items.delete(handle);
      await link.unmonitor(
        this.id,
        part.map(([, item]) => item.id),
      );
    }
    const missing = [...wanted.values()].filter((p) => !this.items.has(p.handle));
    const lost = missing.filter((p) => !nodeIdOf(p.source.node, link.namespaces));
    this.owner.emit(lost.map((p) => spoil(p, Quality.configuration, this.clock.now())));
    for (const part of chunks(
      missing.filter((p) => !lost.includes(p)),
      link.limits.monitor,
    ))
      await this.watch(link, this.id, part);
  }

  private async created(link: UaLink): Promise<number> {
    this.stats.subscribed++;
    return link.subscribe(this.owner.publishing_ms());
  }

  private async watch(link: UaLink, id: number, points: readonly UaPoint[]): Promise<void> {
    const asked = points.map((p) => request(p, link.namespaces));
    const results = await link.monitor(id, asked);
    const unfiltered: UaPoint[] = [];
    const refused: Sample[] = [];
    points.forEach((point, i) => {
      const { status, id: item } = results[i] ?? { status: 0x80000000, id: 0 };
      if (qualityOf(status) < 64) this.items.set(point.handle, { point, id: item });
      else if (FILTER_REFUSALS.has(status >>> 16) && asked[i]?.deadband) unfiltered.push(point);
      else refused.push(spoil(point, qualityOf(status), this.clock.now()));
    });
    this.owner.emit(refused);
    if (unfiltered.length === 0) return;
    // A server that knows no such deadband sends every change: the agent's own deadband is there still.
    const plain = unfiltered.map((p) => ({ ...request(p, link.namespaces), deadband: undefined }));
    const again = await link.monitor(
      id,
      plain.map(({ deadband: _, ...rest }) => rest),
    );
    unfiltered.forEach((point, i) => {
      const result = again[i];
      if (result && qualityOf(result.status) < 64) this.items.set(point.handle, { point, id: result.id });
      else this.owner.emit([spoil(point, qualityOf(result?.status ?? 0x80000000), this.clock.now())]);
    });
  }

  private async listen(link: UaLink): Promise<void> {
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
    if (n.values.length === 0 || n.subscription !== this.id || this.taken.has(n.sequence)) return;
    this.stats.notifications++;
    const now = this.clock.now();
    const samples: Sample[] = [];
    for (const { handle, value } of n.values) {
      const point = this.items.has(handle) ? this.points.get(handle) : undefined;
      const sample = point && told(point, value, now);
      if (sample) samples.push(sample);
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
    for (const point of this.owner.wanted()) {
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

function request({ source, handle, scan_ms }: UaPoint, namespaces: readonly string[]): MonitorRequest {
  const { node, queue_size, deadband } = source;
  const id = nodeIdOf(node, namespaces) ?? '';
  return { node: id, handle, sampling_ms: scan_ms, queue_size, ...(deadband && { deadband }) };
}
