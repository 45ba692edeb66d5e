/** Answers of Modbus units, over TCP and on a serial line, and the values that are made of them. */
import { crc16 } from '../../../edge-agent/adapters/modbus/codec/crc16';
import { FramingError } from '../../../edge-agent/adapters/modbus/codec/framing';
import { Mbap } from '../../../edge-agent/adapters/modbus/codec/mbap';
import { decodeResponse, PduError, type Request } from '../../../edge-agent/adapters/modbus/codec/pdu';
import { Rtu } from '../../../edge-agent/adapters/modbus/codec/rtu';
import { type PlannedRead } from '../../../edge-agent/adapters/modbus/plan';
import { PointTable } from '../../../edge-agent/adapters/modbus/points';
import { connectionOf } from '../../edge-agent/plan-of';
import { type Target } from './target';

/** Every type of value, in one read of holding registers and one of coils. */
const PROFILE = `
agent: { id: fuzz }
connections: [{ name: line, protocol: modbus-tcp, host: plc.example }]
devices:
  - id: all
    connection: line
    points:
      - { metric: i16, table: holding-register, address: 0, type: int16 }
      - { metric: f32, table: holding-register, address: 1, type: float32, word_order: little }
      - { metric: f64, table: holding-register, address: 3, type: float64, byte_order: little }
      - { metric: u64, table: holding-register, address: 7, type: uint64 }
      - { metric: text, table: holding-register, address: 11, type: string, length: 4, byte_order: little }
      - { metric: mode, table: holding-register, address: 15, type: bits, bit: 4, bit_count: 3 }
      - { metric: coil, table: coil, address: 3 }
`;
const NOW = 1_700_000_000_000;
const REGISTER_BYTES = 32;

const table = new PointTable(connectionOf(PROFILE));
const reads = table.plan(new Set());
const requestOf = ({ fn, address, count }: PlannedRead): Request => ({ fn, address, count });

/** What a unit answers to: reads of every kind, and writes of every kind. */
const WRITES: readonly Request[] = [
  { fn: 5, address: 1, value: 1 },
  { fn: 6, address: 1, value: 7 },
  { fn: 15, address: 1, bits: [true, false] },
  { fn: 16, address: 1, data: Buffer.from('0001', 'hex') },
  { fn: 22, address: 1, and: 0xff, or: 1 },
  { fn: 23, address: 1, count: 1, write: 1, data: Buffer.from('0001', 'hex') },
];
const ANSWERS = [
  Buffer.concat([Buffer.of(3, REGISTER_BYTES), Buffer.alloc(REGISTER_BYTES, 'ab')]),
  Buffer.from('010101', 'hex'),
  Buffer.from('8302', 'hex'),
  ...['050001ff00', '0600010007', '0f00010002', '1000010001', '16000100ff0001', '17020001'].map((h) =>
    Buffer.from(h, 'hex'),
  ),
];

const refuses = (error: unknown): boolean => error instanceof FramingError || error instanceof PduError;

/** One answer that fits no request is refused; what fits a read is values. */
function take(pdu: Buffer): void {
  const fn = pdu[0] ?? 0;
  const read = reads.find((r) => r.fn === (fn & 0x7f));
  const request = read ? requestOf(read) : WRITES.find((w) => w.fn === (fn & 0x7f));
  if (!request) throw new PduError(`function ${fn}`);
  const answer = decodeResponse(request, pdu);
  if (read && answer.ok) table.samples(read, answer.data, NOW);
}

const tcp: Target = {
  name: 'modbus tcp answer',
  seeds: ANSWERS.map((pdu, i) => new Mbap().encode(i, 1, pdu)),
  read: (bytes) => {
    for (const { pdu } of new Mbap().feed(bytes)) take(pdu);
  },
  refuses,
};

/** A line lives longer than a frame: one decoder takes all, in two pieces each, with silence behind it. */
function rtuTarget(): Target {
  const line = new Rtu();
  return {
    name: 'modbus rtu answer',
    seeds: ANSWERS.map((pdu) => new Rtu().encode(0, 1, pdu)),
    read: (bytes) => {
      // Every other frame gets a checksum that fits: without it what is behind the checksum would be reached by chance only.
      if (bytes.length > 3 && (bytes[0] ?? 0) % 2 === 1)
        bytes.writeUInt16LE(crc16(bytes, 0, bytes.length - 2), bytes.length - 2);
      const middle = bytes.length >> 1;
      line.reset();
      for (const part of [bytes.subarray(0, middle), bytes.subarray(middle)])
        for (const { pdu } of line.feed(part)) take(pdu);
      line.silence();
    },
    refuses,
  };
}

export const MODBUS_TARGETS: readonly Target[] = [tcp, rtuTarget()];
