/** Report by exception: which readings are worth telling. Pure: state in, decision and state out. */
import { type ExceptionReport } from '../compile/plan';
import { type Reading, type ReadingValue } from '../reading';

/** The last reading told of a point. */
export interface Reported {
  readonly at: number;
  readonly value: ReadingValue;
  readonly quality: number;
}

/** True when the reading must be told: first, moved beyond the band, another quality, or the heartbeat is due. */
export function worthTelling(rule: ExceptionReport, last: Reported | undefined, reading: Reading): boolean {
  if (!last || reading.quality !== last.quality) return true;
  // A clock set back must not silence a point.
  const age_ms = reading.at - last.at;
  if (age_ms >= rule.heartbeat_ms || age_ms < 0) return true;
  return moved(rule.band, last.value, reading.value);
}

function moved(band: number, from: ReadingValue, to: ReadingValue): boolean {
  if (typeof from === 'number' && typeof to === 'number') {
    if (Number.isNaN(from) || Number.isNaN(to)) return Number.isNaN(from) !== Number.isNaN(to);
    return from !== to && !(Math.abs(to - from) <= band);
  }
  if (typeof from === 'string' || typeof to === 'string') return from !== to;
  const [a, b] = [BigInt(from), BigInt(to)];
  return (a > b ? a - b : b - a) > BigInt(Math.floor(band));
}
