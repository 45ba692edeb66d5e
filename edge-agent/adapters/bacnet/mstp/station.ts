/** What a master node of MS/TP is and knows, and how long it waits (ASHRAE 135, clause 9.5). Pure. */
import { encodeFrame, type Frame } from './frame';

export interface NodeConfig {
  /** Own address, 0 to max_master. */
  readonly station: number;
  /** Highest address that is asked whether there is a master. */
  readonly max_master: number;
  /** Frames sent with one token. */
  readonly max_info_frames: number;
  readonly baud_rate: number;
}

/** Times of the standard, ms. The usage timeout may be 20 to 100: a process under an operating system takes its time. */
export const T_NO_TOKEN_MS = 500;
export const T_REPLY_TIMEOUT_MS = 255;
export const T_REPLY_DELAY_MS = 200;
export const T_USAGE_TIMEOUT_MS = 60;
export const T_SLOT_MS = 10;
/** Tokens between two searches for new masters. */
export const N_POLL = 50;
export const N_RETRY_TOKEN = 1;
/** Octets that show that the token is being used. */
export const N_MIN_OCTETS = 4;
/** Frames that wait for the token; more are refused. */
export const MAX_QUEUE = 64;
const BITS_PER_OCTET = 10;

export interface Outgoing {
  readonly destination: number;
  readonly data: Buffer;
  readonly expects_reply: boolean;
}

export type Mode = 'idle' | 'wait-for-reply' | 'pass-token' | 'no-token' | 'poll-for-master' | 'answer-data-request';

export interface NodeState {
  readonly mode: Mode;
  /** Time since which the line is silent, ms. */
  readonly silent_since: number;
  /** Octets heard since it was last of interest. */
  readonly heard: number;
  readonly next_station: number;
  readonly poll_station: number;
  readonly token_count: number;
  readonly frame_count: number;
  readonly retry_count: number;
  readonly sole_master: boolean;
  /** Who waits for an answer; of answer-data-request. */
  readonly asker: number;
  readonly queue: readonly Outgoing[];
}

export type NodeInput =
  | { readonly kind: 'time' }
  /** Octets were heard, of whatever they are. */
  | { readonly kind: 'octets'; readonly count: number }
  | { readonly kind: 'frame'; readonly frame: Frame }
  | { readonly kind: 'broken' }
  | { readonly kind: 'send'; readonly outgoing: Outgoing };

export type NodeEffect =
  | { readonly kind: 'transmit'; readonly frame: Frame }
  | { readonly kind: 'deliver'; readonly frame: Frame }
  /** No room for what was to be sent. */
  | { readonly kind: 'refused'; readonly outgoing: Outgoing };

export interface NodeStep {
  readonly state: NodeState;
  readonly effects: readonly NodeEffect[];
}

export const initialNode = ({ station }: NodeConfig, now: number): NodeState => ({
  ...{ mode: 'idle', silent_since: now, heard: 0, next_station: station, poll_station: station },
  // The first token looks for others at once.
  ...{ token_count: N_POLL, frame_count: 0, retry_count: 0, sole_master: false, asker: 0, queue: [] },
});

/** Time on the wire, ms. */
export const wire_ms = (frame: Frame, baud_rate: number): number =>
  (encodeFrame(frame).length * BITS_PER_OCTET * 1_000) / baud_rate;

/** When the node is next to be told the time, ms, should it hear nothing until then. */
export function wakeAt({ station }: NodeConfig, { mode, silent_since }: NodeState): number {
  switch (mode) {
    case 'idle':
      return silent_since + T_NO_TOKEN_MS;
    case 'no-token':
      return silent_since + T_NO_TOKEN_MS + T_SLOT_MS * station;
    case 'wait-for-reply':
      return silent_since + T_REPLY_TIMEOUT_MS;
    case 'pass-token':
    case 'poll-for-master':
      return silent_since + T_USAGE_TIMEOUT_MS;
    case 'answer-data-request':
      return silent_since + T_REPLY_DELAY_MS;
  }
}
