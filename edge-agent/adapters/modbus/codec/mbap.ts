/**
 * Modbus TCP: transaction:u16 protocol:u16 (0) length:u16 (unit and PDU, 2 to 254) unit:u8 PDU.
 * A wrong protocol or length cannot be recovered from: nothing marks the next frame.
 */
import { FramingError, type Inbound } from './framing';
import { MAX_PDU_BYTES } from './pdu';

export const MBAP_BYTES = 7;
const MAX_LENGTH = MAX_PDU_BYTES + 1;

export class Mbap {
  readonly numbered = true;
  private rest: Buffer = Buffer.alloc(0);

  encode(transaction: number, unit: number, pdu: Buffer): Buffer {
    const out = Buffer.allocUnsafe(MBAP_BYTES + pdu.length);
    out.writeUInt16BE(transaction, 0);
    out.writeUInt16BE(0, 2);
    out.writeUInt16BE(pdu.length + 1, 4);
    out.writeUInt8(unit, 6);
    pdu.copy(out, MBAP_BYTES);
    return out;
  }

  /** The whole frames so far, in order. Throws FramingError `not-modbus`; at most one frame is ever kept back. */
  feed(chunk: Buffer): Inbound[] {
    let bytes = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    const out: Inbound[] = [];
    while (bytes.length >= 6) {
      const protocol = bytes.readUInt16BE(2);
      const length = bytes.readUInt16BE(4);
      if (protocol !== 0) throw new FramingError('not-modbus', `protocol ${protocol} instead of 0`);
      if (length < 2 || length > MAX_LENGTH) throw new FramingError('not-modbus', `a length of ${length}`);
      if (bytes.length < 6 + length) break;
      const pdu = bytes.subarray(MBAP_BYTES, 6 + length);
      out.push({ transaction: bytes.readUInt16BE(0), unit: bytes.readUInt8(6), pdu });
      bytes = bytes.subarray(6 + length);
    }
    this.rest = bytes;
    return out;
  }

  /** Says nothing: the length tells where a frame ends. */
  silence(): void {
    return;
  }

  reset(): void {
    this.rest = Buffer.alloc(0);
  }
}
