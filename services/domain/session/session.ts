/** What is known of a device's connection. Times are the platform's clock: agents' clocks may be anything. */
import { type Presence, type SessionEvent } from '../../../schemas/generated';

export const STATUSES = ['online', 'stale', 'offline', 'unknown'] as const;
export type Status = (typeof STATUSES)[number];

export interface Session {
  readonly tenant: string;
  readonly device_id: string;
  readonly agent_id: string;
  /** Empty after a restart, until the next event. */
  readonly session_id: string;
  /** What events and silence say, before damping. */
  readonly observed: Status;
  readonly observed_reason: string;
  /** What is told. */
  readonly status: Status;
  readonly since: number;
  readonly reason: string;
  readonly last_seen: number;
  /** From when silence counts: last_seen, or the restart of presence if that was later. */
  readonly silent_from: number;
  readonly interval_ms: number;
  readonly declared: boolean;
  readonly flapping: Flapping;
}

/** Penalty for each loss of connection, halved with time; above the limit a device is called flapping. */
export interface Flapping {
  readonly penalty: number;
  readonly at: number;
  readonly damped: boolean;
}

export type SessionOrNone = Session | null;

export const DEFAULT_INTERVAL_MS = 60_000;
export const MIN_INTERVAL_MS = 1_000;
export const MAX_INTERVAL_MS = 24 * 3_600_000;

export const NOT_FLAPPING: Flapping = { penalty: 0, at: 0, damped: false };

export const isAgent = (s: Pick<Session, 'device_id' | 'agent_id'>): boolean => s.device_id === s.agent_id;

/** Whether others would want to hear of it: everything but the last sign of life. */
export function isNews(before: SessionOrNone, after: Session): boolean {
  return (
    before === null ||
    before.status !== after.status ||
    before.agent_id !== after.agent_id ||
    before.reason !== after.reason ||
    (after.declared && before.interval_ms !== after.interval_ms)
  );
}

export function toPresence(s: Session): Presence {
  const { tenant, device_id, agent_id, status, since, last_seen, interval_ms, reason } = s;
  return { tenant, device_id, agent_id, status, since, last_seen, interval_ms, reason };
}

/**
 * The session as its last presence record tells it. Signs of life are not written down one by one, so silence counts from
 * the restart: nobody is called offline because presence was away.
 */
export function fromPresence(record: Presence, now: number): Session {
  const status = STATUSES.find((s) => s === record.status) ?? 'unknown';
  return {
    ...toPresence({ ...record, status } as Session),
    session_id: '',
    observed: status,
    observed_reason: record.reason,
    status,
    silent_from: Math.max(record.last_seen, now),
    declared: false,
    flapping: NOT_FLAPPING,
  };
}

/** The declared interval, kept within reason; otherwise what was learned so far. */
export function declaredInterval(event: SessionEvent): number | undefined {
  return event.interval_ms === null ? undefined : clampInterval(event.interval_ms);
}

export function clampInterval(ms: number): number {
  return Math.min(MAX_INTERVAL_MS, Math.max(MIN_INTERVAL_MS, Math.round(ms)));
}
