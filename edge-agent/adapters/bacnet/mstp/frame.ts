/**
 * MS/TP frames (ASHRAE 135, clause 9.3) <-> bytes. Pure; a broken frame is told as such, never thrown.
 *
 *   frame = 55 FF type destination source length(2, high first) header-crc [data data-crc(2, low first)]
 */
import { dataCrc, headerCrc } from './crc';

export const FrameType = {
  token: 0,
  pollForMaster: 1,
  replyToPollForMaster: 2,
  testRequest: 3,
  testResponse: 4,
  dataExpectingReply: 5,
  dataNotExpectingReply: 6,
  replyPostponed: 7,
} as const;

export interface Frame {
  /** One of FrameType; 8 to 127 are reserved, from 128 on a vendor's own. */
  readonly type: number;
  /** 0 to 254, or 255 for everybody. */
  readonly destination: number;
  readonly source: number;
  readonly data: Buffer;
}

export const BROADCAST = 0xff;
/** Longest data of a frame, octets. */
export const MAX_DATA = 501;
const PREAMBLE = [0x55, 0xff] as const;
const HEADER_OCTETS = 8;
const CRC_OCTETS = 2;

export function encodeFrame({ type, destination, source, data }: Frame): Buffer {
  if (data.length > MAX_DATA) throw new RangeError(`${data.length} octets of data, more than ${MAX_DATA}`);
  const header = Buffer.from([...PREAMBLE, type, destination, source, data.length >> 8, data.length & 0xff, 0]);
  header[HEADER_OCTETS - 1] = headerCrc(header.subarray(PREAMBLE.length, HEADER_OCTETS - 1));
  if (data.length === 0) return header;
  const crc = Buffer.alloc(CRC_OCTETS);
  crc.writeUInt16LE(dataCrc(data));
  return Buffer.concat([header, data, crc]);
}

export type Received = { readonly kind: 'frame'; readonly frame: Frame } | { readonly kind: 'broken' };

/** Takes bytes as they come. What it holds is never longer than one frame. */
export class FrameReader {
  private held: Buffer = Buffer.alloc(0);

  /** Frames that are whole now, and those that turned out to be none, in their order. */
  take(chunk: Buffer): Received[] {
    this.held = Buffer.concat([this.held, chunk]);
    const received: Received[] = [];
    for (;;) {
      const next = this.next();
      if (next === undefined) return received;
      if (next !== 'noise') received.push(next);
    }
  }

  /** The line fell silent within a frame: it will not be finished. True when there was one. */
  abort(): boolean {
    const isOpen = this.held.length > 0;
    this.held = Buffer.alloc(0);
    return isOpen;
  }

  private next(): Received | 'noise' | undefined {
    const start = preambleIn(this.held);
    if (start > 0) {
      this.drop(start);
      return 'noise';
    }
    const { held } = this;
    if (held.length < HEADER_OCTETS) return undefined;
    const length = held.readUInt16BE(5);
    if (headerCrc(held.subarray(PREAMBLE.length, HEADER_OCTETS - 1)) !== held[HEADER_OCTETS - 1] || length > MAX_DATA) {
      // Only the preamble is given up: the next frame may begin within what was taken for this one.
      this.drop(PREAMBLE.length);
      return { kind: 'broken' };
    }
    const end = HEADER_OCTETS + (length === 0 ? 0 : length + CRC_OCTETS);
    if (held.length < end) return undefined;
    const data = Buffer.from(held.subarray(HEADER_OCTETS, HEADER_OCTETS + length));
    const isWhole = length === 0 || dataCrc(data) === held.readUInt16LE(HEADER_OCTETS + length);
    const [, , type = 0, destination = 0, source = 0] = held;
    this.drop(end);
    return isWhole ? { kind: 'frame', frame: { type, destination, source, data } } : { kind: 'broken' };
  }

  private drop(octets: number): void {
    this.held = Buffer.from(this.held.subarray(octets));
  }
}

/** Where a preamble begins, also one that is not all there yet; otherwise all of it is noise. */
function preambleIn(bytes: Buffer): number {
  for (let at = bytes.indexOf(PREAMBLE[0]); at >= 0; at = bytes.indexOf(PREAMBLE[0], at + 1))
    if (at + 1 === bytes.length || bytes[at + 1] === PREAMBLE[1]) return at;
  return bytes.length;
}
