/**
 * The transport protocol of J1939-21: groups of 9 to 1785 bytes in packets of 7.
 *   TP.CM 0xEC00  16 request to send · 17 clear to send · 19 all received · 32 announcement to all · 255 abort
 *   TP.DT 0xEB00  number from 1, then 7 bytes
 * What others send each other is put together as well; what is sent to the own address is answered. Pure: time comes in.
 */
import { pgnOf } from '../../core/profile/pgn';
import { frameOf, GLOBAL, type Group } from './j1939';
import { type CanFrame } from './frame';

export const MANAGEMENT = 0xec00;
export const TRANSFER = 0xeb00;
export const MAX_GROUP_BYTES = 1_785;
const PACKET_BYTES = 7;
const [RTS, CTS, ACK, BAM, ABORT] = [16, 17, 19, 32, 255];
/** Packets asked for at once. */
const MAX_BURST = 16;
/** Transfers under way: one for each pair of sender and receiver. */
const MAX_SESSIONS = 64;
/** Times that missing packets are asked for before the transfer is given up. */
const MAX_REPEATS = 2;
/** Reason in an abort: a timeout. */
const TIMED_OUT = 3;
/** Longest wait for the next packet, ms: T1 and T2 of the standard. */
const BROADCAST_WAIT_MS = 750;
const DIRECTED_WAIT_MS = 1_250;

interface Session {
  readonly pgn: number;
  readonly source: number;
  readonly destination: number;
  readonly data: Buffer;
  readonly got: boolean[];
  readonly burst: number;
  /** Last packet of the burst that was asked for. */
  asked: number;
  repeats: number;
  until: number;
}

export interface Taken {
  readonly group?: Group;
  readonly send: readonly CanFrame[];
}

const NOTHING: Taken = { send: [] };

export class TransportProtocol {
  readonly counters = { transfers: 0, transfers_lost: 0 };
  private readonly sessions = new Map<number, Session>();

  /** `address`: the own one. */
  constructor(private readonly address: number) {}

  get underWay(): number {
    return this.sessions.size;
  }

  /** A group of TP.CM or TP.DT. `now` is monotonic, ms. */
  take(part: Group, now: number): Taken {
    if (part.data.length !== 8) return NOTHING;
    return part.pgn === MANAGEMENT ? this.manage(part, now) : this.receive(part, now);
  }

  /** What nobody went on with: told to the sender where it is ours to tell. */
  expire(now: number): readonly CanFrame[] {
    return [...this.sessions.values()].flatMap((session) => {
      if (now < session.until) return [];
      if (session.destination === this.address && session.repeats < MAX_REPEATS) return this.ask(session, now);
      this.drop(session);
      return session.destination === this.address ? [this.say(session, [ABORT, TIMED_OUT, 0xff, 0xff, 0xff])] : [];
    });
  }

  private manage(part: Group, now: number): Taken {
    const { source, destination, data } = part;
    const kind = data.readUInt8(0);
    const pgn = pgnOf(data.readUIntLE(5, 3) << 8);
    const known = this.sessions.get(keyOf(part));
    if (kind === ABORT) {
      for (const s of [known, this.sessions.get(keyOf({ source: destination, destination: source }))])
        if (s?.pgn === pgn) this.drop(s);
      return NOTHING;
    }
    const opens = (kind === BAM && destination === GLOBAL) || (kind === RTS && destination !== GLOBAL);
    if (!opens) return NOTHING;
    if (known) this.drop(known);
    const bytes = data.readUInt16LE(1);
    const packets = data.readUInt8(3);
    const fits = bytes > 8 && bytes <= MAX_GROUP_BYTES && packets === Math.ceil(bytes / PACKET_BYTES);
    if (!fits || this.sessions.size >= MAX_SESSIONS) {
      this.counters.transfers_lost++;
      return NOTHING;
    }
    const got = Array.from({ length: packets }, () => false);
    const burst = Math.max(1, Math.min(MAX_BURST, kind === RTS ? data.readUInt8(4) : packets));
    const session = {
      ...{ pgn, source, destination, data: Buffer.alloc(bytes), got, burst },
      asked: 0,
      repeats: 0,
      until: 0,
    };
    this.sessions.set(keyOf(part), session);
    if (destination === this.address) return { send: this.ask(session, now, false) };
    session.until = now + waitOf(session);
    return NOTHING;
  }

  private receive(part: Group, now: number): Taken {
    const session = this.sessions.get(keyOf(part));
    const number = part.data.readUInt8(0);
    if (!session || number < 1 || number > session.got.length) return NOTHING;
    part.data.copy(session.data, (number - 1) * PACKET_BYTES, 1);
    session.got[number - 1] = true;
    session.until = now + waitOf(session);
    const { pgn, source, destination, data, got } = session;
    if (got.every(Boolean)) {
      this.sessions.delete(keyOf(part));
      this.counters.transfers++;
      const size = [data.length & 0xff, data.length >> 8];
      const send = destination === this.address ? [this.say(session, [ACK, ...size, got.length, 0xff])] : [];
      return { group: { pgn, source, destination, data }, send };
    }
    // An announcement is not repeated: what is out of order there is lost.
    if (destination === GLOBAL && number > 1 && !got[number - 2]) {
      this.drop(session);
      return NOTHING;
    }
    if (destination !== this.address || number < session.asked) return NOTHING;
    return { send: this.ask(session, now, got.indexOf(false) < session.asked) };
  }

  /** Clear to send: the first packets that are missing. `again`: they were asked for before. */
  private ask(session: Session, now: number, again = true): CanFrame[] {
    const first = session.got.indexOf(false) + 1;
    const count = Math.min(session.burst, session.got.length - first + 1);
    session.asked = first + count - 1;
    session.repeats = again ? session.repeats + 1 : 0;
    session.until = now + waitOf(session);
    if (session.repeats <= MAX_REPEATS) return [this.say(session, [CTS, count, first, 0xff, 0xff])];
    this.drop(session);
    return [this.say(session, [ABORT, TIMED_OUT, 0xff, 0xff, 0xff])];
  }

  private say({ pgn, source }: Session, head: readonly number[]): CanFrame {
    const data = Buffer.from([...head, pgn & 0xff, (pgn >> 8) & 0xff, pgn >> 16]);
    return frameOf({ pgn: MANAGEMENT, source: this.address, destination: source, data }, 7);
  }

  private drop(session: Session): void {
    this.sessions.delete(keyOf(session));
    this.counters.transfers_lost++;
  }
}

const keyOf = ({ source, destination }: Pick<Group, 'source' | 'destination'>): number => (source << 8) | destination;
const waitOf = ({ destination }: Session): number => (destination === GLOBAL ? BROADCAST_WAIT_MS : DIRECTED_WAIT_MS);
