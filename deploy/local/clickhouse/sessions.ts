/** Connections kept between requests by session_id: for SET, USE and temporary tables. */
import { type Connection } from './connection';
import { FrontError } from './errors';
import { MAX_SESSIONS } from './limits';

interface Kept {
  readonly connection: Connection;
  busy: boolean;
  timer: NodeJS.Timeout | undefined;
}

export interface SessionKey {
  readonly user: string;
  readonly id: string;
  readonly timeout_ms: number;
  readonly mustExist: boolean;
}

export class Sessions {
  private readonly kept = new Map<string, Kept>();

  constructor(private readonly engine: { connect(): Connection; discard(connection: Connection): void }) {}

  get size(): number {
    return this.kept.size;
  }

  /** Runs `work` on the session's connection, alone. Throws SESSION_IS_LOCKED, SESSION_NOT_FOUND, TOO_MANY_SIMULTANEOUS_QUERIES. */
  async with<T>(key: SessionKey, work: (connection: Connection) => Promise<T>): Promise<T> {
    const name = `${key.user}/${key.id}`;
    const session = this.kept.get(name) ?? this.open(name, key);
    if (session.busy) throw new FrontError('SESSION_IS_LOCKED', `Session ${key.id} is locked by a concurrent client`);
    session.busy = true;
    clearTimeout(session.timer);
    try {
      return await work(session.connection);
    } finally {
      session.busy = false;
      session.timer = setTimeout(() => this.end(name), key.timeout_ms).unref();
    }
  }

  close(): void {
    for (const name of [...this.kept.keys()]) this.end(name);
  }

  private open(name: string, key: SessionKey): Kept {
    if (key.mustExist) throw new FrontError('SESSION_NOT_FOUND', `Session ${key.id} not found`);
    if (this.kept.size >= MAX_SESSIONS)
      throw new FrontError('TOO_MANY_SIMULTANEOUS_QUERIES', `${MAX_SESSIONS} sessions are open, which is the limit`);
    const session: Kept = { connection: this.engine.connect(), busy: false, timer: undefined };
    this.kept.set(name, session);
    return session;
  }

  private end(name: string): void {
    const session = this.kept.get(name);
    if (!session) return;
    clearTimeout(session.timer);
    this.kept.delete(name);
    this.engine.discard(session.connection);
  }
}
