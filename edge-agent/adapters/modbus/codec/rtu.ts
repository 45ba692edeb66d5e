/**
 * Modbus RTU: unit:u8 PDU crc:u16le. Frames are told apart by silence on a wire, which a stream does not carry: the
 * length follows from the function instead, and silence only ends a frame that broke off. After damage all bytes up to
 * the next request are dropped.
 */
import { crc16 } from './crc16';
import { FramingError, type Inbound } from './framing';
import { PduError, responseLength } from './pdu';

export class Rtu {
  readonly numbered = false;
  private rest: Buffer = Buffer.alloc(0);
  private lost = false;

  encode(_transaction: number, unit: number, pdu: Buffer): Buffer {
    const out = Buffer.allocUnsafe(1 + pdu.length + 2);
    out.writeUInt8(unit, 0);
    pdu.copy(out, 1);
    out.writeUInt16LE(crc16(out, 0, out.length - 2), out.length - 2);
    return out;
  }

  /** The whole frames so far. Throws FramingError `checksum` and forgets what it has; at most 256 bytes are kept back. */
  feed(chunk: Buffer): Inbound[] {
    if (this.lost) return [];
    let bytes = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    const out: Inbound[] = [];
    while (bytes.length >= 2) {
      const length = this.lengthOf(bytes.subarray(1));
      if (length === undefined || bytes.length < 1 + length + 2) break;
      const end = 1 + length;
      if (crc16(bytes, 0, end) !== bytes.readUInt16LE(end)) throw this.damaged(`wrong CRC after ${end} bytes`);
      out.push({ unit: bytes.readUInt8(0), pdu: bytes.subarray(1, end) });
      bytes = bytes.subarray(end + 2);
    }
    this.rest = bytes;
    return out;
  }

  /** Throws FramingError `checksum` when a frame had begun. */
  silence(): void {
    const { length } = this.rest;
    if (length > 0) throw this.damaged(`a frame that broke off after ${length} bytes`);
  }

  reset(): void {
    this.rest = Buffer.alloc(0);
    this.lost = false;
  }

  private lengthOf(pdu: Buffer): number | undefined {
    try {
      return responseLength(pdu);
    } catch (e) {
      if (e instanceof PduError) throw this.damaged(e.message);
      throw e;
    }
  }

  private damaged(message: string): FramingError {
    this.reset();
    this.lost = true;
    return new FramingError('checksum', message);
  }
}
