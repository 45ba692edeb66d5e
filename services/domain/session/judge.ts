/** What silence says. Nothing happens by itself: whoever holds the sessions asks with the time. */
import { lost, releasedAt, settled, told } from './damping';
import { isAgent, type Session, type Status } from './session';

/** Silence longer than this many intervals makes a session stale, then offline. */
export const STALE_INTERVALS = 2.5;
export const OFFLINE_INTERVALS = 5;
/** What the word of an agent's loss may take to get around. */
export const WORD_MS = 2_000;

/** What is known of the agent behind which a device is. */
export interface AgentView {
  readonly status: Status;
  /** Since when it has this status, platform's clock. */
  readonly since: number;
  readonly interval_ms: number;
  /** Last time anything of this agent was heard; a device silent since long before that is itself the silent one. */
  readonly heard_at: number;
}

export const staleAfter = (interval_ms: number): number => STALE_INTERVALS * interval_ms;
export const offlineAfter = (interval_ms: number): number => OFFLINE_INTERVALS * interval_ms;

/** The session at this time; the same object when nothing changed. `agent`: undefined when it never reported itself. */
export function judge(session: Session, now: number, agent: AgentView | undefined): Session {
  const flapping = settled(session.flapping, now);
  const current = flapping === session.flapping ? session : { ...session, flapping };
  const finding = find(current, now, isAgent(current) ? undefined : agent);
  if (!finding) return current === session ? session : told(current, now);
  const drops = current.observed === 'online' && finding.observed !== 'unknown';
  return told({ ...current, ...finding, flapping: drops ? lost(flapping, now) : flapping }, now);
}

/**
 * The next time at which `judge` could find something new if nothing is heard and no agent changes; Infinity: never. Lets
 * whoever holds many sessions leave them alone meanwhile.
 */
export function nextLook(s: Session, agent: AgentView | undefined): number {
  return Math.min(releasedAt(s.flapping), nextFinding(s, agent));
}

function nextFinding(s: Session, agent: AgentView | undefined): number {
  const lost = agent !== undefined && agent.status !== 'online';
  switch (s.observed) {
    case 'offline':
      return Infinity;
    case 'online':
      return s.silent_from + staleAfter(s.interval_ms);
    case 'stale':
      return s.silent_from + offlineAfter(s.interval_ms);
    case 'unknown':
      return lost ? Infinity : Math.max(s.silent_from, agent?.since ?? 0) + offlineAfter(s.interval_ms);
    default:
      return never(s.observed);
  }
}

function never(status: never): never {
  throw new Error(`status ${String(status)} is not known`);
}

type Finding = Pick<Session, 'observed' | 'observed_reason'>;

/** Undefined: as it was. */
function find(s: Session, now: number, agent: AgentView | undefined): Finding | undefined {
  if (s.observed === 'offline') return undefined;
  const silence_ms = now - s.silent_from;
  const isStale = silence_ms > staleAfter(s.interval_ms);
  // A device heard after its agent was missed proves the agent alive.
  if (agent && agent.status !== 'online' && (isStale || s.silent_from <= agent.since))
    return s.observed === 'unknown'
      ? undefined
      : { observed: 'unknown', observed_reason: `agent ${s.agent_id} is ${agent.status}` };
  if (s.observed === 'unknown') return returned(s, now, agent);
  if (silence_ms > offlineAfter(s.interval_ms) && isItsOwn(s, silence_ms, agent))
    return { observed: 'offline', observed_reason: silent(silence_ms, s) };
  if (isStale && s.observed === 'online') return { observed: 'stale', observed_reason: silent(silence_ms, s) };
  return undefined;
}

/** Its agent is back (or never said a word): it has the usual time to be heard again. */
function returned(s: Session, now: number, agent: AgentView | undefined): Finding | undefined {
  const silence_ms = now - Math.max(s.silent_from, agent?.since ?? 0);
  if (silence_ms <= offlineAfter(s.interval_ms)) return undefined;
  return { observed: 'offline', observed_reason: silent(silence_ms, s) };
}

/**
 * Whether the silence is the device's own. When an agent dies, its quick devices would be called offline before the agent is
 * missed; so either the agent was heard well after the device fell silent, or it would have been missed by now.
 */
function isItsOwn(s: Session, silence_ms: number, agent: AgentView | undefined): boolean {
  if (!agent) return true;
  if (agent.heard_at - s.silent_from >= staleAfter(s.interval_ms)) return true;
  return silence_ms > staleAfter(agent.interval_ms) + WORD_MS;
}

function silent(silence_ms: number, s: Session): string {
  return `no sign of life for ${seconds(silence_ms)}, expected every ${seconds(s.interval_ms)}`;
}

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;
