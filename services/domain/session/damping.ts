/**
 * Flapping, damped the way routers damp routes: each loss adds one to a penalty that halves every two minutes. Above the
 * limit the device is told as `stale` whatever it does, until it has been quiet long enough.
 */
import { type Flapping, type Session } from './session';

export const HALF_LIFE_MS = 120_000;
export const SUPPRESS_ABOVE = 4;
export const REUSE_BELOW = 2;
/** Bounds how long a device that flapped for hours stays suppressed: under six minutes. */
export const MAX_PENALTY = 16;
/** The reason that is told while a device is damped. */
export const FLAPPING = 'flapping: it keeps connecting and disconnecting';

export function penaltyAt(f: Flapping, now: number): number {
  return f.penalty * 0.5 ** (Math.max(0, now - f.at) / HALF_LIFE_MS);
}

export function lost(f: Flapping, now: number): Flapping {
  return settled({ ...f, penalty: Math.min(MAX_PENALTY, penaltyAt(f, now) + 1), at: now }, now);
}

/** The same object when nothing changes. */
export function settled(f: Flapping, now: number): Flapping {
  // A penalty only sinks: nothing to work out for those who behave.
  if (!f.damped && f.penalty <= SUPPRESS_ABOVE) return f;
  const penalty = penaltyAt(f, now);
  const damped = f.damped ? penalty >= REUSE_BELOW : penalty > SUPPRESS_ABOVE;
  return damped === f.damped ? f : { ...f, damped };
}

/** When a damped device will have been quiet long enough; Infinity when it is not damped. */
export function releasedAt(f: Flapping): number {
  return f.damped ? f.at + HALF_LIFE_MS * Math.log2(f.penalty / REUSE_BELOW) + 1 : Infinity;
}

/** What is told of what was observed. An agent lost outranks flapping: then nothing is known at all. */
export function told(s: Session, now: number): Session {
  const damped = s.flapping.damped && s.observed !== 'unknown';
  const status = damped ? 'stale' : s.observed;
  const reason = damped ? FLAPPING : s.observed_reason;
  if (status === s.status) return reason === s.reason ? s : { ...s, reason };
  return { ...s, status, reason, since: now };
}
