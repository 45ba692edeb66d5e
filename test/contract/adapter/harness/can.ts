import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CanAdapter } from '../../../../edge-agent/adapters/can/adapter';
import { type Line, SlcanReader } from '../../../../edge-agent/adapters/can/slcan';
import { systemClock } from '../../../../edge-agent/io/clock';
import { type BusFrame, Machines } from '../../../../deploy/local/plant/can/machines';
import { CanPlant } from '../../../../deploy/local/plant/can/plant';
import { Cable, openPorts } from '../../../edge-agent/adapters/modbus/pty';
import { type Field, type Harness, type Rig } from '../harness';
import { acknowledgesNothing, dialOf, plansOf } from '../simulated';

const BACKOFF_MS = 500;
const PERIOD_MS = 50;
const ADDRESSES = { boiler: 1, meter: 2 };

const profile = (link: string): string => `
agent: { id: a }
connections:
  - name: bus
    protocol: can
    ${link}
    timeout_ms: 300
    backoff: { initial_ms: ${BACKOFF_MS / 10}, max_ms: ${BACKOFF_MS} }
devices:
  - id: boiler
    connection: bus
    can: { source: ${ADDRESSES.boiler}, silence_ms: 400 }
    points:
      - { metric: temperature, scale: { factor: 0.03125, offset: -273 }, can: { pgn: 0xff10, start: 0, length: 16 } }
      - { metric: setpoint, writable: true, can: { pgn: 0xff10, start: 16, length: 16, write: { pgn: 0xef00, start: 0, length: 16 } } }
  - { id: meter, connection: bus, can: { source: ${ADDRESSES.meter}, silence_ms: 400 }, points: [{ metric: count, can: { pgn: 0xff10, start: 32, length: 32 } }] }
`;

function rigOf(text: string, field: (adapter: CanAdapter) => Field, dispose: () => Promise<void>): Rig {
  const plans = plansOf(text);
  const adapter = new CanAdapter(plans.both, { clock: systemClock, random: Math.random });
  return {
    adapter: Object.assign(adapter, { attempts: () => adapter.status().counters['reconnects'] ?? 0 }),
    field: field(adapter),
    plans,
    devices: ['boiler', 'meter'],
    writable: { metric: 'setpoint', value: 700, other: 655 },
    readable: 'temperature',
    backoff_ms: BACKOFF_MS,
    dispose: async () => {
      await adapter.close();
      await dispose();
    },
  };
}

/** What a machine was told last, in raw units. */
const told = ({ last }: Machines['writes']): number => Math.round(10 * (last?.value ?? NaN));

async function overTunnel(): Promise<Rig> {
  const [port, agent_port] = [await freeUdpPort(), await freeUdpPort()];
  const addresses = Object.values(ADDRESSES);
  const plant = new CanPlant({
    host: '127.0.0.1',
    port,
    agent_host: '127.0.0.1',
    agent_port,
    period_ms: PERIOD_MS,
    addresses,
  });
  await plant.start();
  const link = `host: 127.0.0.1\n    port: ${port}\n    can: { link: udp, listen: 127.0.0.1, listen_port: ${agent_port} }`;
  const field = (adapter: CanAdapter): Field => ({
    ...dialOf(plant),
    disappear: () => plant.stop(),
    held: () => told(plant.writes),
    writesTaken: () => plant.writes.count,
    connections: () => Number(adapter.status().connected),
    acknowledged: acknowledgesNothing('a frame'),
  });
  return rigOf(profile(link), field, () => plant.stop());
}

/** A port of UDP that is free; that of TCP with the same number may not be. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

/** A converter with a bus of machines behind it, at the far end of a cable of pseudo terminals. */
class Converter implements Field {
  private readonly machines = new Machines(Object.values(ADDRESSES));
  private readonly ports = openPorts();
  private cable: Cable | undefined;
  private reader = new SlcanReader();
  private rest = '';
  private isOpen = false;
  private kind: 'none' | 'silent' | 'broken' = 'none';
  private beat: NodeJS.Timeout | undefined;

  constructor(private readonly link: string) {}

  async appear(): Promise<void> {
    this.cable = await Cable.lay(this.link);
    this.ports.know(this.link);
    this.isOpen = false;
    this.reader = new SlcanReader();
    this.cable.onData((chunk) => this.received(chunk));
    this.beat = setInterval(() => {
      if (this.isOpen && this.kind !== 'silent') this.put(this.machines.beat(Date.now(), this.kind === 'broken'));
    }, PERIOD_MS);
  }

  async disappear(): Promise<void> {
    clearInterval(this.beat);
    await this.cable?.cut();
  }

  fallSilent(): void {
    this.kind = 'silent';
  }

  answerErrors(): void {
    this.kind = 'broken';
  }

  behave(): void {
    this.kind = 'none';
  }

  sendGarbage(): void {
    this.cable?.send(
      Buffer.from(
        'T18FF1001G\rt12\rT1FFFFFFF9\r\0\xff\rtttttttttttttttttttttttttttttttttttttttttttttttttttt\r',
        'latin1',
      ),
    );
  }

  held(): number {
    return told(this.machines.writes);
  }

  writesTaken(): number {
    return this.machines.writes.count;
  }

  connections(): number {
    return this.ports.open();
  }

  acknowledged(): number {
    throw new Error('a frame is not acknowledged');
  }

  private received(chunk: Buffer): void {
    const lines = (this.rest + chunk.toString('latin1')).split('\r');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.obey(line);
  }

  private obey(line: string): void {
    const answer = (text: string): void => {
      if (this.kind !== 'silent') this.cable?.send(Buffer.from(text, 'latin1'));
    };
    if (line === 'C') {
      // Closing what is closed is refused.
      answer(this.isOpen ? '\r' : '\x07');
      this.isOpen = false;
    } else if (line === 'O' || line === 'S5') {
      this.isOpen = line === 'O';
      answer('\r');
    } else {
      const [read] = this.reader.feed(Buffer.from(`${line}\r`, 'latin1'));
      if (read?.kind !== 'frame' || !this.isOpen) return answer('\x07');
      answer(read.frame.extended ? 'Z\r' : 'z\r');
      this.put(this.machines.take(frameOf(read), Date.now()));
    }
  }

  private put(frames: readonly BusFrame[]): void {
    for (const { id, data } of frames) {
      const name = id.toString(16).toUpperCase().padStart(8, '0');
      this.cable?.send(Buffer.from(`T${name}${data.length}${data.toString('hex').toUpperCase()}\r`, 'latin1'));
    }
  }
}

const frameOf = ({ frame }: Extract<Line, { kind: 'frame' }>): BusFrame => ({ id: frame.id, data: frame.data });

async function overSerial(): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-slcan-'));
  const link = join(folder, 'tty');
  const converter = new Converter(link);
  await converter.appear();
  const text = profile(`serial: { device: ${link} }\n    can: { link: slcan }`);
  return rigOf(
    text,
    () => converter,
    async () => {
      await converter.disappear();
      rmSync(folder, { recursive: true, force: true });
    },
  );
}

const UNACKNOWLEDGED = {
  'acknowledges its source only after the durable append': 'a frame on a bus waits for nothing',
};
const UNANSWERED = 'a datagram is not answered: what became of it is seen on the bus only';
const OF_TUNNEL = {
  ...UNACKNOWLEDGED,
  'waits longer and longer between attempts': 'a tunnel over UDP is not connected: a far end that is away is silence',
  'says of a write that was not answered that it does not know': UNANSWERED,
  'closes at once and leaves nothing behind': UNANSWERED,
};

export const harnesses: readonly Harness[] = [
  { adapter: 'can', variant: 'UDP tunnel', waivers: OF_TUNNEL, create: overTunnel },
  {
    adapter: 'can',
    variant: 'slcan on a serial port (a pseudo terminal)',
    waivers: UNACKNOWLEDGED,
    create: overSerial,
  },
];
