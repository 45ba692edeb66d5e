/** A slave in memory behind the transport seam: answers in the same process, under fake timers. */
import { Mbap, MBAP_BYTES } from '../../../../edge-agent/adapters/modbus/codec/mbap';
import { crc16 } from '../../../../edge-agent/adapters/modbus/codec/crc16';
import { type Open, type TransportEvents } from '../../../../edge-agent/adapters/modbus/transport';

/** Answer to a PDU of a unit: bytes of a PDU, or nothing at all. */
export type Answer = (unit: number, pdu: Buffer) => Buffer | undefined;

/** Registers that hold their own address, coils on at even addresses, echoes for writes. */
export const obedient: Answer = (_unit, pdu) => {
  const fn = pdu.readUInt8(0);
  if (fn === 5 || fn === 6 || fn === 22) return Buffer.from(pdu);
  if (fn === 15 || fn === 16) return Buffer.from(pdu.subarray(0, 5));
  const [address, count] = [pdu.readUInt16BE(1), pdu.readUInt16BE(3)];
  if (fn <= 2) {
    const bits = Buffer.alloc(Math.ceil(count / 8));
    for (let i = 0; i < count; i++) if ((address + i) % 2 === 0) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
    return Buffer.concat([Buffer.of(fn, bits.length), bits]);
  }
  const data = Buffer.alloc(2 * count);
  for (let i = 0; i < count; i++) data.writeUInt16BE((address + i) & 0xffff, 2 * i);
  return Buffer.concat([Buffer.of(fn, data.length), data]);
};

export const exception = (pdu: Buffer, code: number): Buffer => Buffer.of(pdu.readUInt8(0) | 0x80, code);

export interface Asked {
  readonly at: number;
  readonly unit: number;
  readonly pdu: string;
}

export class FakeSlave {
  readonly asked: Asked[] = [];
  opened = 0;
  answer: Answer = obedient;
  delay_ms = 1;
  refuse = false;
  private events: TransportEvents | undefined;

  constructor(private readonly framing: 'mbap' | 'rtu' = 'mbap') {}

  readonly open: Open = (events) => {
    this.opened++;
    let gone = false;
    const close = (reason: Error): void => {
      if (gone) return;
      gone = true;
      if (this.events === events) this.events = undefined;
      events.closed(reason);
    };
    setTimeout(() => {
      if (gone) return;
      if (this.refuse) return close(new Error('connection refused'));
      this.events = events;
      events.open();
    }, 1);
    return {
      write: (bytes) => this.received(bytes, events),
      destroy: (reason) => void setTimeout(() => close(reason ?? new Error('destroyed')), 0),
    };
  };

  /** Bytes nobody asked for. */
  send(bytes: Buffer): void {
    this.events?.data(bytes);
  }

  /** Says that the line is silent, as a serial port does. */
  silence(): void {
    this.events?.silence();
  }

  hangUp(reason = 'reset by peer'): void {
    const events = this.events;
    this.events = undefined;
    events?.closed(new Error(reason));
  }

  private received(bytes: Buffer, events: TransportEvents): void {
    const rtu = this.framing === 'rtu';
    const unit = bytes.readUInt8(rtu ? 0 : 6);
    const pdu = rtu ? bytes.subarray(1, -2) : bytes.subarray(MBAP_BYTES);
    this.asked.push({ at: performance.now(), unit, pdu: pdu.toString('hex') });
    const answer = this.answer(unit, pdu);
    if (!answer) return;
    const transaction = rtu ? 0 : bytes.readUInt16BE(0);
    const framed = rtu ? withCrc(unit, answer) : new Mbap().encode(transaction, unit, answer);
    setTimeout(() => events === this.events && events.data(framed), this.delay_ms);
  }
}

export function withCrc(unit: number, pdu: Buffer): Buffer {
  const body = Buffer.concat([Buffer.of(unit), pdu]);
  const crc = Buffer.alloc(2);
  crc.writeUInt16LE(crc16(body));
  return Buffer.concat([body, crc]);
}
