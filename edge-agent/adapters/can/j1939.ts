/** Addresses of J1939 and what its values leave for saying that there is none (J1939-21, J1939-71). Pure. */
import { BROADCAST_FORMAT, pgnOf } from '../../core/profile/pgn';
import { type CanFrame } from './frame';

/** Everybody. */
export const GLOBAL = 0xff;
export const REQUEST = 0xea00;
const PRIORITY = 6;

/** A parameter group as it came, out of one frame or put together from several. */
export interface Group {
  readonly pgn: number;
  readonly source: number;
  readonly destination: number;
  readonly data: Buffer;
}

/** Undefined when the frame is none of J1939. */
export function groupOf({ id, extended, remote, data }: CanFrame): Group | undefined {
  if (!extended || remote) return undefined;
  const pgn = pgnOf(id);
  const isBroadcast = ((id >>> 16) & 0xff) >= BROADCAST_FORMAT;
  return { pgn, source: id & 0xff, destination: isBroadcast ? GLOBAL : (id >>> 8) & 0xff, data };
}

export function frameOf({ pgn, source, destination, data }: Group, priority = PRIORITY): CanFrame {
  const isBroadcast = ((pgn >>> 8) & 0xff) >= BROADCAST_FORMAT;
  const middle = isBroadcast ? pgn : pgn | destination;
  return { id: ((priority << 26) | (middle << 8) | source) >>> 0, extended: true, remote: false, data };
}

/** Asks the device for a group. */
export function requestOf(pgn: number, source: number, destination: number): CanFrame {
  const data = Buffer.alloc(3);
  data.writeUIntLE(pgn, 0, 3);
  return frameOf({ pgn: REQUEST, source, destination, data });
}

/**
 * error and missing are not values. From 8 bits on the highest byte tells (0xfe, 0xff); below, all ones but the lowest, and
 * all ones.
 */
export function indicatorOf(raw: number, length: number): 'error' | 'missing' | undefined {
  if (length < 2) return undefined;
  const [high, error] = length >= 8 ? [Math.floor(raw / 2 ** (length - 8)), 0xfe] : [raw, 2 ** length - 2];
  if (high === error) return 'error';
  return high === error + 1 ? 'missing' : undefined;
}
