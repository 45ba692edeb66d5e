/** The far end of a UDP tunnel (format of cannelloni) with machines on its bus, and a fault dial. */
import { createSocket, type Socket } from 'node:dgram';
import { Faults } from '../mqtt/faults';
import { type BusFrame, Machines } from './machines';
import { rebooted } from '../boiler';

export interface PlantOptions {
  readonly host: string;
  /** Own end of the tunnel. */
  readonly port: number;
  /** The agent's end. */
  readonly agent_host: string;
  readonly agent_port: number;
  readonly period_ms: number;
  /** J1939. */
  readonly addresses: readonly number[];
}

const GARBAGE = [
  '',
  '02',
  '0200',
  '020000ffff',
  'deadbeef00112233',
  '0200000001800001007f0011',
  '02000000010000012308',
];
const HEADER_BYTES = 5;
const EXTENDED = 0x80000000;
/** So many fit into a datagram that no network cuts. */
const FRAMES_AT_ONCE = 90;

export class CanPlant {
  readonly machines: Machines;
  readonly faults = new Faults(() => this.sendGarbage());
  private socket: Socket | undefined;
  private beat: NodeJS.Timeout | undefined;
  private sequence = 0;

  constructor(private readonly options: PlantOptions) {
    this.machines = new Machines(options.addresses);
  }

  get running(): boolean {
    return this.socket !== undefined;
  }

  get writes(): Machines['writes'] {
    return this.machines.writes;
  }

  /** Resolves when the port is open. */
  async start(): Promise<void> {
    const { host, port, period_ms } = this.options;
    const socket = createSocket('udp4');
    socket.on('message', (bytes) => this.received(bytes));
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, host, resolve);
    });
    this.socket = socket;
    this.beat = setInterval(() => {
      const { kind } = this.faults.current;
      if (kind !== 'drop') this.say(this.machines.beat(Date.now(), kind === 'exception'));
    }, period_ms);
  }

  stop(): Promise<void> {
    clearInterval(this.beat);
    const { socket } = this;
    this.socket = undefined;
    return new Promise((resolve) => (socket ? socket.close(() => resolve()) : resolve()));
  }

  reboot(down_ms: number): Promise<void> {
    return rebooted(this, down_ms);
  }

  private received(bytes: Buffer): void {
    const { kind, ms = 0 } = this.faults.current;
    const answers = framesOf(bytes).flatMap((frame) => this.machines.take(frame, Date.now()));
    if (kind === 'delay') setTimeout(() => this.say(answers), ms);
    else if (kind !== 'drop') this.say(answers);
  }

  private say(frames: readonly BusFrame[]): void {
    for (let i = 0; i < frames.length; i += FRAMES_AT_ONCE)
      this.send(datagramOf(this.sequence++, frames.slice(i, i + FRAMES_AT_ONCE)));
  }

  private sendGarbage(): void {
    for (const hex of GARBAGE) this.send(Buffer.from(hex, 'hex'));
  }

  private send(bytes: Buffer): void {
    const { agent_port, agent_host } = this.options;
    // Nobody there yet is no reason to end.
    this.socket?.send(bytes, agent_port, agent_host, () => undefined);
  }
}

function framesOf(bytes: Buffer): BusFrame[] {
  const frames: BusFrame[] = [];
  for (let at = HEADER_BYTES; at + 5 <= bytes.length;) {
    const length = bytes.readUInt8(at + 4);
    frames.push({ id: (bytes.readUInt32BE(at) & ~EXTENDED) >>> 0, data: bytes.subarray(at + 5, at + 5 + length) });
    at += 5 + length;
  }
  return frames;
}

function datagramOf(sequence: number, frames: readonly BusFrame[]): Buffer {
  const parts = frames.map(({ id, data }) => {
    const head = Buffer.alloc(5);
    head.writeUInt32BE((id | EXTENDED) >>> 0, 0);
    head.writeUInt8(data.length, 4);
    return Buffer.concat([head, data]);
  });
  const header = Buffer.from([2, 0, sequence & 0xff, frames.length >> 8, frames.length & 0xff]);
  return Buffer.concat([header, ...parts]);
}
