/** Fans events out to the clients of /stream; each client has a bound, and a slow one is told what it missed. */
import { type Request, type Response } from 'express';
import { createSession, type Session } from 'better-sse';

export type FeedType = 'reading' | 'lifecycle' | 'command' | 'presence' | 'alarm';
export const FEED_TYPES: readonly FeedType[] = ['reading', 'lifecycle', 'command', 'presence', 'alarm'];

export const MAX_CLIENTS = 500;
/** Bytes waiting for a client; over it readings are dropped, at ten times as much the client is disconnected. */
export const CLIENT_BUFFER_BYTES = 1_048_576;

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

export class Feed {
  private readonly clients = new Set<Client>();
  droppedTotal = 0;

  get size(): number {
    return this.clients.size;
  }

  /** Whether anybody wants readings: when nobody does they need not even be decoded. */
  wants(type: FeedType): boolean {
    for (const c of this.clients) if (c.filter.types.has(type)) return true;
    return false;
  }

  async add(req: Request, res: Response, filter: FeedFilter): Promise<void> {
    const session = await createSession(req, res, { retry: 1_000, keepAlive: 10_000 });
    const client: Client = { session, res, filter, dropped: 0 };
    this.clients.add(client);
    session.once('disconnected', () => this.clients.delete(client));
  }

  publish(type: FeedType, tenant: string, device: string, id: string, data: () => unknown): void {
    let made: unknown;
    for (const client of this.clients) {
      const { filter } = client;
      if (filter.tenant !== tenant || !filter.types.has(type)) continue;
      if (filter.device !== undefined && filter.device !== device) continue;
      if (!filter.sees(device)) continue;
      this.push(client, type, id, (made ??= data()));
    }
  }

  close(): void {
    for (const { res } of this.clients) res.end();
    this.clients.clear();
  }

  private push(client: Client, type: FeedType, id: string, data: unknown): void {
    const waiting = client.res.writableLength;
    if (waiting > 10 * CLIENT_BUFFER_BYTES) return void client.res.destroy();
    if (waiting > CLIENT_BUFFER_BYTES && type === 'reading') {
      client.dropped++;
      this.droppedTotal++;
      return;
    }
    if (client.dropped > 0) client.session.push({ events: client.dropped }, 'dropped', id);
    client.dropped = 0;
    client.session.push(data, type, id);
  }
}
