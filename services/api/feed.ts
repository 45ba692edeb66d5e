/** Fans events out to the clients of /stream; each client has a bound, and a slow one is told what it missed. */
import { type Request, type Response } from 'express';
import { createSession, type Session } from 'better-sse';
import { Recent } from './recent';

export type FeedType = 'reading' | 'lifecycle' | 'command' | 'presence' | 'alarm';
export const FEED_TYPES: readonly FeedType[] = ['reading', 'lifecycle', 'command', 'presence', 'alarm'];

export const MAX_CLIENTS = 500;
/** Bytes waiting for a client; over it readings are dropped, at ten times as much the client is disconnected. */
export const CLIENT_BUFFER_BYTES = 1_048_576;

/** How long readings are still decoded and kept after the last client that wanted them has gone: it may come back. */
export const KEEP_READINGS_MS = 60_000;

export interface FeedFilter {
  readonly tenant: string;
  readonly device?: string;
  readonly types: ReadonlySet<FeedType>;
  /** Whether the client may see what happens to the device. */
  readonly sees: (device: string) => boolean;
}

interface Client {
  readonly session: Session;
  readonly res: Response;
  readonly filter: FeedFilter;
  dropped: number;
}

interface FeedEvent {
  readonly type: FeedType;
  readonly tenant: string;
  readonly device: string;
  readonly id: string;
  /** Made when somebody gets it. */
  readonly data: () => unknown;
}

export class Feed {
  private readonly clients = new Set<Client>();
  private readonly recent = new Recent<FeedEvent>();
  /** Since when readings have been kept without a break: a place among the recent events, and until when they are. */
  private readings: { readonly from: number; until: number } | undefined;
  droppedTotal = 0;

  /** `now`: ms since any moment. */
  constructor(private readonly now: () => number) {}

  get size(): number {
    return this.clients.size;
  }

  /** Whether anybody wants readings, or may come back for them: when nobody does they need not even be decoded. */
  wants(type: FeedType): boolean {
    for (const c of this.clients) if (c.filter.types.has(type)) return true;
    if (type !== 'reading' || !this.readings) return false;
    if (this.now() <= this.readings.until) return true;
    this.readings = undefined;
    return false;
  }

  /** `lastId`: of the last event that this client got before it was cut off. */
  async add(req: Request, res: Response, filter: FeedFilter, lastId?: string): Promise<void> {
    const session = await createSession(req, res, { retry: 1_000, keepAlive: 10_000 });
    const client: Client = { session, res, filter, dropped: 0 };
    if (lastId !== undefined) this.resume(client, lastId);
    this.clients.add(client);
    if (filter.types.has('reading')) this.keepReadings();
    session.once('disconnected', () => this.forget(client));
  }

  publish(type: FeedType, tenant: string, device: string, id: string, data: () => unknown): void {
    let made: unknown;
    const event: FeedEvent = { type, tenant, device, id, data: () => (made ??= data()) };
    this.recent.add(event);
    for (const client of this.clients) if (fits(event, client.filter)) this.push(client, event);
  }

  close(): void {
    for (const { res } of this.clients) res.end();
    this.clients.clear();
  }

  /** What it missed; an event named `gap` first when not all of that is known. */
  private resume(client: Client, lastId: string): void {
    const place = this.recent.placeOf(lastId);
    const wantsReadings = client.filter.types.has('reading');
    const whole =
      place !== undefined && (!wantsReadings || (this.wantsKept() && (this.readings?.from ?? 0) <= place + 1));
    if (!whole) client.session.push({ after: lastId, reason: 'too long ago: read what you need again' }, 'gap', lastId);
    if (place === undefined) return;
    for (const event of this.recent.after(place)) if (fits(event, client.filter)) this.push(client, event);
  }

  private keepReadings(): void {
    if (this.readings && this.wantsKept()) this.readings.until = Infinity;
    else this.readings = { from: this.recent.mark, until: Infinity };
  }

  private wantsKept(): boolean {
    return this.readings !== undefined && this.now() <= this.readings.until;
  }

  private forget(client: Client): void {
    this.clients.delete(client);
    if (!this.readings) return;
    const still = [...this.clients].some((c) => c.filter.types.has('reading'));
    if (!still) this.readings.until = Math.min(this.readings.until, this.now() + KEEP_READINGS_MS);
  }

  private push(client: Client, { type, id, data }: FeedEvent): void {
    const waiting = client.res.writableLength;
    if (waiting > 10 * CLIENT_BUFFER_BYTES) return void client.res.destroy();
    if (waiting > CLIENT_BUFFER_BYTES && type === 'reading') {
      client.dropped++;
      this.droppedTotal++;
      return;
    }
    if (client.dropped > 0) client.session.push({ events: client.dropped }, 'dropped', id);
    client.dropped = 0;
    client.session.push(data(), type, id);
  }
}

function fits(event: FeedEvent, { tenant, types, device, sees }: FeedFilter): boolean {
  if (tenant !== event.tenant || !types.has(event.type)) return false;
  return (device === undefined || device === event.device) && sees(event.device);
}
