/** Which messages were taken, as receipts that are durable together with their readings: an agent killed before it settled them knows them again. Pure. */
import { type Receipts } from '../../adapter';
import { PacketReceipts, receiptOf } from '../mqtt/packet-receipts';

export class Memory {
  private readonly receipts: PacketReceipts;
  private readonly earlier: Set<number>;

  /** `bound`: messages that may be under way; `left`: what an earlier life of the agent left. */
  constructor(connection: string, bound: number, left: Receipts) {
    this.receipts = new PacketReceipts(connection, bound);
    this.earlier = this.receipts.read(left);
  }

  /** What is to be durable with what comes of the message. */
  receiptsOf(print: string): Receipts {
    return this.receipts.of(markOf(print), print);
  }

  /** An earlier life took it. Asked once of each message that comes again. */
  took(print: string): boolean {
    return this.earlier.delete(receiptOf(markOf(print), print));
  }
}

/** MQTT numbers its messages; those of AMQP are told by 16 bits more of what they are. */
const markOf = (print: string): number => Buffer.from(print, 'base64').readUInt16BE(4);
