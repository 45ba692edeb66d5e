/**
 * Network messages (ASHRAE 135, clause 6) <-> bytes, and what they are wrapped in on BACnet/IP (annex J). Pure.
 *   datagram = 81 function length(2) [origin(6) when forwarded] npdu
 *   npdu     = 01 control [dnet(2) dlen dadr] [snet(2) slen sadr] [hops] (apdu | type ...)
 */
import { MAX_NETWORK, MAX_OCTETS, type Remote } from './place';

export const Bvlc = {
  result: 0x00,
  forwarded: 0x04,
  registerForeignDevice: 0x05,
  distributeBroadcast: 0x09,
  unicast: 0x0a,
  broadcast: 0x0b,
} as const;

export interface Datagram {
  readonly kind: number;
  /** Six octets: who sent what a BBMD forwards. */
  readonly origin?: Buffer;
  readonly npdu: Buffer;
}

const BVLC_TYPE = 0x81;
const BVLC_OCTETS = 4;
const ORIGIN_OCTETS = 6;

/** Undefined: it is none. */
export function decodeDatagram(bytes: Buffer): Datagram | undefined {
  if (bytes.length < BVLC_OCTETS || bytes[0] !== BVLC_TYPE || bytes.readUInt16BE(2) !== bytes.length) return undefined;
  const kind = bytes.readUInt8(1);
  if (kind !== Bvlc.forwarded) return { kind, npdu: bytes.subarray(BVLC_OCTETS) };
  const at = BVLC_OCTETS + ORIGIN_OCTETS;
  if (bytes.length < at) return undefined;
  return { kind, origin: bytes.subarray(BVLC_OCTETS, at), npdu: bytes.subarray(at) };
}

export function encodeDatagram(kind: number, npdu: Buffer): Buffer {
  const length = BVLC_OCTETS + npdu.length;
  return Buffer.concat([Buffer.of(BVLC_TYPE, kind, length >> 8, length & 0xff), npdu]);
}

/** Everybody on every network, or one device; everybody on one network has no octets. */
export type Destination = 'all' | Remote;

export interface Npdu {
  readonly expects_reply: boolean;
  readonly to?: Destination;
  /** Where it came from, when a router brought it. */
  readonly from?: Remote;
  /** Type of a message of the network itself; absent: `data` is for the application. */
  readonly message?: number;
  readonly data: Buffer;
}

export const NetworkMessage = { iAmRouter: 0x01, reject: 0x03 } as const;

const VERSION = 1;
const ALL_NETWORKS = 0xffff;
const MOST_HOPS = 255;
const Control = { message: 0x80, destination: 0x20, source: 0x08, expectsReply: 0x04 } as const;
/** From here on types of messages are a vendor's own, and his number follows. */
const PROPRIETARY = 0x80;

export function encodeNpdu({ expects_reply, to, data }: Pick<Npdu, 'expects_reply' | 'to' | 'data'>): Buffer {
  const reply = expects_reply ? Control.expectsReply : 0;
  if (!to) return Buffer.concat([Buffer.of(VERSION, reply), data]);
  const { network, octets } = to === 'all' ? { network: ALL_NETWORKS, octets: Buffer.alloc(0) } : to;
  const head = Buffer.of(VERSION, Control.destination | reply, network >> 8, network & 0xff, octets.length);
  return Buffer.concat([head, octets, Buffer.of(MOST_HOPS), data]);
}

/** Undefined: it is none. */
export function decodeNpdu(bytes: Buffer): Npdu | undefined {
  if (bytes.length < 2 || bytes[0] !== VERSION) return undefined;
  const control = bytes.readUInt8(1);
  let at = 2;
  const take = (): Remote | undefined => {
    const length = bytes[at + 2];
    if (length === undefined || bytes.length < at + 3 + length) return undefined;
    const place = { network: bytes.readUInt16BE(at), octets: bytes.subarray(at + 3, at + 3 + length) };
    at += 3 + length;
    return place;
  };
  const to = control & Control.destination ? take() : undefined;
  if (control & Control.destination && !to) return undefined;
  const from = control & Control.source ? take() : undefined;
  if (control & Control.source && !isSource(from)) return undefined;
  if (to) at++;
  const proprietary = control & Control.message && (bytes[at] ?? 0) >= PROPRIETARY;
  const message = control & Control.message ? bytes[at] : undefined;
  at += message === undefined ? 0 : proprietary ? 3 : 1;
  if (at > bytes.length || (message === undefined && control & Control.message)) return undefined;
  return {
    expects_reply: (control & Control.expectsReply) !== 0,
    ...(to && { to: to.network === ALL_NETWORKS ? 'all' : to }),
    ...(from && { from }),
    ...(message !== undefined && { message }),
    data: bytes.subarray(at),
  };
}

/** Nobody is everybody: a source is one device on one network. */
function isSource(from: Remote | undefined): from is Remote {
  if (!from || from.network < 1 || from.network > MAX_NETWORK) return false;
  return from.octets.length >= 1 && from.octets.length <= MAX_OCTETS;
}

/** Networks that a router says it leads to, or one that it says it does not lead to. */
export function networksOf({ message, data }: Npdu): readonly number[] {
  const reject = message === NetworkMessage.reject;
  const list = reject ? data.subarray(1, 3) : data;
  return Array.from({ length: list.length >> 1 }, (_, i) => list.readUInt16BE(2 * i));
}
