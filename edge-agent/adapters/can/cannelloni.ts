/**
 * The UDP tunnel of cannelloni, format version 2 (doc/udp_format.md there). Big endian. Pure.
 *   datagram = version (2) · operation (0 data) · sequence (1 byte) · count (2 bytes) · count frames
 *   frame    = id (4 bytes with the flags of linux/can.h) · length (1; 0x80 says FD) · FD flags (1, FD only) · data
 * A remote frame has a length and no data.
 */
import { FrameError, MAX_EXTENDED_ID, MAX_FRAME_BYTES, MAX_STANDARD_ID, type CanFrame } from './frame';

const VERSION = 2;
const DATA = 0;
const HEADER_BYTES = 5;
const FD = 0x80;
const EXTENDED = 0x80000000;
const REMOTE = 0x40000000;
/** Not a frame: a report of the far controller's. */
const ERROR = 0x20000000;
const CLASSIC_BYTES = 8;

export interface Datagram {
  readonly sequence: number;
  readonly frames: readonly CanFrame[];
  /** Error reports that came with them. */
  readonly errors: number;
}

/** Throws FrameError. */
export function decodeDatagram(bytes: Buffer): Datagram {
  if (bytes.length < HEADER_BYTES) throw new FrameError(`${bytes.length} bytes`);
  const [version, operation, sequence = 0] = bytes;
  if (version !== VERSION || operation !== DATA) throw new FrameError(`version ${version}, operation ${operation}`);
  const count = bytes.readUInt16BE(3);
  const frames: CanFrame[] = [];
  let [at, errors] = [HEADER_BYTES, 0];
  for (let i = 0; i < count; i++) {
    if (at + 5 > bytes.length) throw new FrameError(`cut off in frame ${i} of ${count}`);
    const word = bytes.readUInt32BE(at);
    const sized = bytes.readUInt8(at + 4);
    const isFd = (sized & FD) !== 0;
    const length = sized & ~FD;
    if (length > (isFd ? MAX_FRAME_BYTES : CLASSIC_BYTES)) throw new FrameError(`a frame of ${length} bytes`);
    const remote = (word & REMOTE) !== 0;
    const begin = at + 5 + (isFd ? 1 : 0);
    at = remote ? begin : begin + length;
    if (at > bytes.length) throw new FrameError(`cut off in frame ${i} of ${count}`);
    const extended = (word & EXTENDED) !== 0;
    if ((word & ERROR) !== 0) errors++;
    else
      frames.push({
        id: word & (extended ? MAX_EXTENDED_ID : MAX_STANDARD_ID),
        extended,
        remote,
        data: bytes.subarray(begin, at),
      });
  }
  if (at !== bytes.length) throw new FrameError(`${bytes.length - at} bytes after ${count} frames`);
  return { sequence, frames, errors };
}

/** One frame in a datagram of its own: a write is not to wait for company. */
export function encodeDatagram(sequence: number, { id, extended, remote, data }: CanFrame): Buffer {
  const isFd = data.length > CLASSIC_BYTES;
  const header = Buffer.alloc(HEADER_BYTES + (isFd ? 6 : 5));
  header.writeUInt8(VERSION, 0);
  header.writeUInt8(DATA, 1);
  header.writeUInt8(sequence & 0xff, 2);
  header.writeUInt16BE(1, 3);
  header.writeUInt32BE((id | (extended ? EXTENDED : 0) | (remote ? REMOTE : 0)) >>> 0, HEADER_BYTES);
  header.writeUInt8(data.length | (isFd ? FD : 0), HEADER_BYTES + 4);
  return Buffer.concat([header, data]);
}
