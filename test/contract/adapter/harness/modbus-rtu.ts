import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ModbusAdapter } from '../../../../edge-agent/adapters/modbus/adapter';
import { crc16 } from '../../../../edge-agent/adapters/modbus/codec/crc16';
import { systemClock } from '../../../../edge-agent/io/clock';
import { type Answer, exception, obedient, withCrc } from '../../../edge-agent/adapters/modbus/fake-slave';
import { Cable, openPorts } from '../../../edge-agent/adapters/modbus/pty';
import { type Field, type Harness, type Rig } from '../harness';
import { plansOf } from '../simulated';

const BACKOFF_MS = 500;

const profile = (device: string): string => `
agent: { id: a }
connections:
  - name: line
    protocol: modbus-rtu
    serial: { device: ${device}, baud_rate: 115200 }
    timeout_ms: 300
    backoff: { initial_ms: ${BACKOFF_MS / 10}, max_ms: ${BACKOFF_MS} }
devices:
  - id: boiler
    connection: line
    unit: 1
    scan_ms: 50
    points:
      - { metric: setpoint, table: holding-register, address: 0, type: int16, writable: true }
      - { metric: temperature, table: input-register, address: 0, type: int16 }
  - { id: meter, connection: line, unit: 3, scan_ms: 50, points: [{ metric: energy, table: input-register, address: 0, type: uint64 }] }
`;

/** Reads and writes of one register only: both requests are 8 bytes long. */
const REQUEST_BYTES = 8;

/** Two slaves at the far end of a cable of pseudo terminals. */
class Slaves implements Field {
  private cable: Cable | undefined;
  private rest = Buffer.alloc(0);
  private answer: Answer | undefined;
  private setpoint = 0;
  private writes = 0;
  private readonly ports = openPorts();

  constructor(private readonly link: string) {
    this.behave();
  }

  async appear(): Promise<void> {
    this.cable = await Cable.lay(this.link);
    this.ports.know(this.link);
    this.cable.onData((chunk) => this.received(chunk));
  }

  async disappear(): Promise<void> {
    await this.cable?.cut();
  }

  fallSilent(): void {
    this.answer = () => undefined;
  }

  answerErrors(): void {
    this.answer = (_, pdu) => exception(pdu, 4);
  }

  behave(): void {
    this.answer = (unit, pdu) => this.obey(unit, pdu);
  }

  sendGarbage(): void {
    this.cable?.send(Buffer.from('00ff1234deadbeef', 'hex'));
  }

  held(): number {
    return this.setpoint;
  }

  writesTaken(): number {
    return this.writes;
  }

  /** The adapter is in this process: its open port is one of our open files. */
  connections(): number {
    return this.ports.open();
  }

  acknowledged(): number {
    throw new Error('Modbus acknowledges nothing');
  }

  private received(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    for (; this.rest.length >= REQUEST_BYTES; this.rest = this.rest.subarray(REQUEST_BYTES)) {
      const frame = this.rest.subarray(0, REQUEST_BYTES);
      if (crc16(frame, 0, REQUEST_BYTES - 2) !== frame.readUInt16LE(REQUEST_BYTES - 2))
        throw new Error('a bad request');
      const answer = this.answer?.(frame.readUInt8(0), frame.subarray(1, -2));
      if (answer) this.cable?.send(withCrc(frame.readUInt8(0), answer));
    }
  }

  private obey(unit: number, pdu: Buffer): Buffer | undefined {
    const fn = pdu.readUInt8(0);
    if (fn === 6) {
      this.writes++;
      this.setpoint = pdu.readInt16BE(3);
    }
    const answer = obedient(unit, pdu);
    if (answer && fn === 3 && pdu.readUInt16BE(1) === 0) answer.writeInt16BE(this.setpoint, 2);
    return answer;
  }
}

async function create(): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-serial-'));
  const link = join(folder, 'tty');
  const field = new Slaves(link);
  await field.appear();
  const plans = plansOf(profile(link));
  const adapter = new ModbusAdapter(plans.both, { clock: systemClock, random: Math.random });
  return {
    adapter: Object.assign(adapter, { attempts: () => adapter.status().counters['reconnects'] ?? 0 }),
    field,
    plans,
    devices: ['boiler', 'meter'],
    writable: { metric: 'setpoint', value: 700, other: 655 },
    readable: 'temperature',
    backoff_ms: BACKOFF_MS,
    dispose: async () => {
      await adapter.close();
      await field.disappear();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const waivers = { 'acknowledges its source only after the durable append': 'polled: the field waits for nothing' };

export const harnesses: readonly Harness[] = [
  { adapter: 'modbus', variant: 'RTU on a serial port (a pseudo terminal)', waivers, create },
];
