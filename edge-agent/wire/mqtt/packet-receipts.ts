/**
 * Which messages of a broker were taken, as receipts that are durable together with their readings. Pure. An agent killed before it
 * acknowledged them knows them again when they come again. No more than the session allows under way can be in that state.
 *   <connection>/packet/<slot>   packet id * 2^32 + the first 32 bits of the message's fingerprint
 */
import { type Receipts } from '../../adapter';

const PRINT_BITS = 2 ** 32;

export class PacketReceipts {
  private readonly prefix: string;
  private count = 0;

  /** `bound`: messages that may be under way. */
  constructor(
    connection: string,
    private readonly bound: number,
  ) {
    this.prefix = `${encodeURIComponent(connection)}/packet/`;
  }

  of(id: number, print: string): Receipts {
    return new Map([[`${this.prefix}${this.count++ % this.bound}`, receiptOf(id, print)]]);
  }

  /** What an earlier life of the agent left, each as `receiptOf` has it; none of them gives way at once. */
  read(receipts: Receipts): Set<number> {
    const left = [...receipts].flatMap(([name, value]) => (name.startsWith(this.prefix) ? [value] : []));
    this.count = left.length;
    return new Set(left);
  }
}

/** The value of a message's receipt. */
export const receiptOf = (id: number, print: string): number => id * PRINT_BITS + bitsOf(print);

const bitsOf = (print: string): number => Buffer.from(print, 'base64').readUInt32BE(0);
