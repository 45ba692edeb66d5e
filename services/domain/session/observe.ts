/** What an event says about a connection. Events of a device come in order: same key, same lane. */
import { type SessionEvent } from '../../../schemas/generated';
import { lost, settled, told } from './damping';
import {
  clampInterval,
  declaredInterval,
  DEFAULT_INTERVAL_MS,
  NOT_FLAPPING,
  type Session,
  type SessionOrNone,
} from './session';

/** Weight of the newest gap between heartbeats in what is learned. */
const LEARNING_RATE = 1 / 8;

/** The session after the event; the same object when the event says nothing new. `received_at`: platform's clock, ms. */
export function observe(session: SessionOrNone, event: SessionEvent, received_at: number): SessionOrNone {
  switch (event.type) {
    case 'connect':
    case 'heartbeat':
      return alive(session ?? begin(event, received_at), event, received_at, session === null);
    case 'disconnect':
      return gone(session, event, received_at);
    case 'unknown':
      return session;
    default:
      return unknownType(event.type);
  }
}

function begin(event: SessionEvent, now: number): Session {
  return {
    tenant: event.tenant,
    device_id: event.device_id,
    agent_id: event.agent_id,
    session_id: event.session_id,
    observed: 'unknown',
    observed_reason: '',
    status: 'unknown',
    since: now,
    reason: '',
    last_seen: now,
    silent_from: now,
    interval_ms: declaredInterval(event) ?? DEFAULT_INTERVAL_MS,
    declared: event.interval_ms !== null,
    flapping: NOT_FLAPPING,
  };
}

function alive(session: Session, event: SessionEvent, now: number, isNew: boolean): Session {
  const declared = declaredInterval(event);
  const seen: Session = {
    ...session,
    agent_id: event.agent_id,
    session_id: event.session_id,
    observed: 'online',
    observed_reason: '',
    last_seen: Math.max(now, session.last_seen),
    silent_from: Math.max(now, session.silent_from),
    interval_ms: declared ?? (isNew ? session.interval_ms : learned(session, event, now)),
    declared: declared !== undefined,
    flapping: settled(session.flapping, now),
  };
  return told(seen, now);
}

/** Without a declared interval the gaps between heartbeats of one connection tell it. */
function learned(session: Session, event: SessionEvent, now: number): number {
  if (event.type !== 'heartbeat' || event.session_id !== session.session_id || session.observed !== 'online')
    return session.interval_ms;
  const gap = now - session.last_seen;
  return gap <= 0
    ? session.interval_ms
    : clampInterval(session.interval_ms + (gap - session.interval_ms) * LEARNING_RATE);
}

function gone(session: SessionOrNone, event: SessionEvent, now: number): Session {
  const known = session ?? begin(event, now);
  // The end of a connection that another one has replaced already, here or at another agent.
  const replaced = known.observed === 'online' && known.session_id !== '' && known.session_id !== event.session_id;
  if (replaced) return known;
  const wasConnected = known.observed === 'online' || known.observed === 'stale';
  const after: Session = {
    ...known,
    agent_id: event.agent_id,
    session_id: event.session_id,
    observed: 'offline',
    observed_reason: event.reason || 'disconnected',
    flapping: wasConnected ? lost(known.flapping, now) : settled(known.flapping, now),
  };
  return told(after, now);
}

function unknownType(type: never): never {
  throw new Error(`session event of type ${String(type)} is not known`);
}
