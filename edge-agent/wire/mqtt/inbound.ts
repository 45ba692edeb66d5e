/**
 * Messages taken from the other side, and when they may be acknowledged. Pure: packets in, packets out.
 * A message is acknowledged when it is durable, and in the order in which messages came (MQTT 4.6). One that comes again
 * over a new connection because the acknowledgement got lost, or is not due yet, is not handed on a second time.
 */
import { type IPublishPacket, type Packet } from 'mqtt-packet';
import { type Receipts } from '../../adapter';
import { fingerprint } from './codec';
import { type PacketReceipts, receiptOf } from './packet-receipts';

interface Receipt {
  readonly id: number;
  readonly qos: 1 | 2;
  readonly print: string;
  durable: boolean;
}

/** What to do with a message: hand it on and call `durable` in time, or nothing because it was handed on before. */
export type Arrival =
  { readonly kind: 'new'; readonly receipts?: Receipts; durable(): void } | { readonly kind: 'again' };

/** What outlives the process. */
export interface Memory {
  readonly receipts: PacketReceipts;
  /** Messages that an earlier life took, by `receiptOf`. */
  readonly earlier: Set<number>;
}

const NOT_KEPT: Arrival = { kind: 'new', durable: () => undefined };

export class Inbound {
  /** Taken over this connection and not yet answered, in order. */
  private waiting: Receipt[] = [];
  /** The newest message of each id, answered or not. */
  private readonly known = new Map<number, Receipt>();
  /** QoS 2: answered with PUBREC, not yet released. */
  private readonly releasing = new Set<number>();

  /** `bound`: messages the other side may have under way. */
  constructor(
    private readonly bound: number,
    private readonly send: (packet: Packet) => void,
    private readonly memory?: Memory,
  ) {}

  get unanswered(): number {
    return this.waiting.length;
  }

  /** A new connection; nothing is remembered of a session that the other side does not remember. */
  opened(sessionPresent: boolean): void {
    this.waiting = [];
    if (sessionPresent) return;
    this.known.clear();
    this.releasing.clear();
    this.memory?.earlier.clear();
  }

  publish(packet: IPublishPacket): Arrival {
    const { qos, messageId: id = 0 } = packet;
    if (qos === 0) return NOT_KEPT;
    if (this.releasing.has(id)) {
      this.send({ cmd: 'pubrec', messageId: id });
      return { kind: 'again' };
    }
    const print = fingerprint(packet);
    const before = this.known.get(id);
    if (packet.dup && before?.print === print) {
      if (!this.waiting.includes(before)) this.waiting.push(before);
      this.answer();
      return { kind: 'again' };
    }
    const taken = packet.dup && this.memory?.earlier.delete(receiptOf(id, print)) === true;
    const receipt: Receipt = { id, qos, print, durable: taken };
    this.remember(receipt);
    this.waiting.push(receipt);
    if (taken) {
      this.answer();
      return { kind: 'again' };
    }
    const durable = (): void => {
      receipt.durable = true;
      this.answer();
    };
    return { kind: 'new', durable, ...(this.memory && { receipts: this.memory.receipts.of(id, print) }) };
  }

  released(id: number): void {
    this.releasing.delete(id);
    this.send({ cmd: 'pubcomp', messageId: id });
  }

  private answer(): void {
    for (let first = this.waiting[0]; first?.durable; first = this.waiting[0]) {
      this.waiting.shift();
      if (first.qos === 2) this.releasing.add(first.id);
      this.send({ cmd: first.qos === 2 ? 'pubrec' : 'puback', messageId: first.id });
    }
  }

  private remember(receipt: Receipt): void {
    this.known.delete(receipt.id);
    this.known.set(receipt.id, receipt);
    if (this.known.size <= 2 * this.bound) return;
    for (const [id, { durable }] of this.known) {
      if (!durable) continue;
      this.known.delete(id);
      return;
    }
  }
}
