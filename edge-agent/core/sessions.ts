/** Links coming and going to session events. Pure: state, event and now in; events out. */
import { type SessionEvent } from '../../schemas/generated';

export interface SessionOwner {
  readonly tenant: string;
  readonly agent_id: string;
  readonly device_id: string;
  readonly protocol: string;
  readonly interval_ms: number;
}

interface Session {
  readonly id: string;
  /** Last sign of life, agent's clock. */
  alive_at: number;
  told_at: number;
}

export type NewSession = Omit<SessionEvent, 'seq'>;

/** The connection of one device, from connect to disconnect, told at most once per interval while it lives. */
export class SessionTracker {
  private session: Session | undefined;
  private count = 0;

  /** `boot` makes session ids unique across starts of the agent. */
  constructor(
    private readonly owner: SessionOwner,
    private readonly boot: string,
  ) {}

  get connected(): boolean {
    return this.session !== undefined;
  }

  /** Told again of a session that lives: a sign of life of a device whose values do not change. */
  connect(at: number): NewSession[] {
    if (this.session) {
      this.alive(at);
      return [];
    }
    this.session = { id: `${this.owner.device_id}-${this.boot}-${++this.count}`, alive_at: at, told_at: at };
    return [this.event(this.session, 'connect', at, '')];
  }

  /** A sign of life; told by the next `tick`. */
  alive(at: number): void {
    if (this.session && at > this.session.alive_at) this.session.alive_at = at;
  }

  /** Tells a heartbeat when half an interval has passed since the last and the device gave a sign of life meanwhile. */
  tick(now: number): NewSession[] {
    const session = this.session;
    if (!session || session.alive_at <= session.told_at) return [];
    const waited_ms = now - session.told_at;
    if (waited_ms >= 0 && waited_ms < this.owner.interval_ms / 2) return [];
    session.told_at = now;
    return [this.event(session, 'heartbeat', now, '')];
  }

  disconnect(at: number, reason: string): NewSession[] {
    const session = this.session;
    if (!session) return [];
    this.session = undefined;
    return [this.event(session, 'disconnect', at, reason)];
  }

  private event(session: Session, type: SessionEvent['type'], at: number, reason: string): NewSession {
    return { ...this.owner, session_id: session.id, type, at, reason };
  }
}
