/** How the points of a server are shared out among requests. Pure. */
import { type UaPoint } from './point';

export function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}

const MIN_PUBLISHING_MS = 10;
const DEFAULT_PUBLISHING_MS = 1_000;

/** The server sends as often as its fastest point is read, unless the profile says otherwise. */
export function publishing_ms(points: readonly UaPoint[], asked: number | undefined): number {
  if (asked !== undefined) return asked;
  const fastest = points.reduce((min, p) => Math.min(min, p.scan_ms), Infinity);
  return Number.isFinite(fastest) ? Math.max(MIN_PUBLISHING_MS, fastest) : DEFAULT_PUBLISHING_MS;
}

/** Both limits count when there are two; a server says 0 for none. */
export function limitOf(stated: unknown, ours: number): number {
  return typeof stated === 'number' && stated > 0 ? Math.min(stated, ours) : ours;
}

/** A subscription that has nothing to say speaks this often, ms. */
const KEEP_ALIVE_MS = 10_000;

/** Part 4, 5.13.1: counts of publishing intervals. The lifetime must be three keep-alives at least. */
export function countsOf(publishing: number, session_timeout_ms: number): { keepAlive: number; lifetime: number } {
  const keepAlive = Math.max(1, Math.round(KEEP_ALIVE_MS / publishing));
  return { keepAlive, lifetime: Math.max(3 * keepAlive, Math.ceil(session_timeout_ms / publishing)) };
}
