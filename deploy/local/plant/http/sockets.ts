/** Devices that keep a WebSocket open: numbered readings up until they are answered, commands down. */
import { WebSocket } from 'ws';
import { Faults } from '../mqtt/faults';
import { type PlantOptions } from './plant';
import { posted, rebooted, temperatureAt } from '../boiler';

interface Machine {
  readonly name: string;
  socket: WebSocket | undefined;
  seq: number;
  /** The numbered frame that is not answered yet; sent again over another socket. */
  pending: string | undefined;
  /** What the next answers are for: answers come in the order of the frames. */
  sent: ('entry' | 'nonsense')[];
  setpoint: number;
}

const GARBAGE = 'f0ff1234deadbeef';

export class SocketPlant {
  readonly faults = new Faults(() => this.sendGarbage());
  readonly writes: { count: number; last?: { device: string; value: number } } = { count: 0 };
  acknowledged = 0;
  running = false;
  private readonly machines: readonly Machine[];
  private beat: NodeJS.Timeout | undefined;

  constructor(private readonly options: PlantOptions) {
    this.machines = Object.keys(options.tokens).map((name) => ({
      ...{ name, socket: undefined, seq: Date.now(), pending: undefined, sent: [], setpoint: 65 },
    }));
  }

  get connections(): number {
    return this.machines.filter((m) => m.socket?.readyState === WebSocket.OPEN).length;
  }

  start(): Promise<void> {
    this.running = true;
    this.beat = setInterval(() => this.machines.forEach((m) => this.speak(m)), this.options.period_ms);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.running = false;
    clearInterval(this.beat);
    for (const machine of this.machines) machine.socket?.terminate();
    return Promise.resolve();
  }

  reboot(down_ms: number): Promise<void> {
    return rebooted(this, down_ms);
  }

  private speak(machine: Machine): void {
    machine.socket ??= this.open(machine);
    const { kind } = this.faults.current;
    if (machine.socket.readyState !== WebSocket.OPEN || machine.pending !== undefined || kind === 'drop') return;
    const ts = Date.now();
    const { seq, setpoint } = machine;
    const temperature = temperatureAt(ts);
    const good = { temperature, count: seq, setpoint };
    const values = posted(good, kind);
    machine.pending = JSON.stringify({ seq, ts, values });
    this.send(machine);
  }

  private open(machine: Machine): WebSocket {
    const url = `${this.options.agent.replace('http', 'ws')}/v1/devices/${encodeURIComponent(machine.name)}/stream`;
    const authorization = `Bearer ${this.options.tokens[machine.name]}`;
    const socket = new WebSocket(url, { headers: { authorization } });
    socket.on('open', () => {
      machine.sent = [];
      this.send(machine);
    });
    socket.on('message', (data: Buffer) => this.hear(machine, socket, data.toString()));
    // What went wrong is followed by close.
    socket.on('error', () => socket.terminate());
    socket.on('close', () => (machine.socket = undefined));
    return socket;
  }

  private hear(machine: Machine, socket: WebSocket, text: string): void {
    const { command, value, taken, again } = JSON.parse(text) as Record<string, number>;
    if (command !== undefined) return this.faults.whenAsked(() => this.obey(machine, socket, command, value));
    if (machine.sent.shift() === 'nonsense') return;
    if (taken === undefined || again === undefined) {
      // Refused: the same again after a while.
      setTimeout(() => machine.socket === socket && this.send(machine), this.options.period_ms);
      return;
    }
    this.acknowledged++;
    this.options.acknowledged?.(machine.name, machine.seq);
    machine.seq++;
    machine.pending = undefined;
  }

  private send({ pending, socket, sent }: Machine): void {
    if (pending === undefined || socket?.readyState !== WebSocket.OPEN) return;
    sent.push('entry');
    socket.send(pending);
  }

  private obey(machine: Machine, socket: WebSocket, command: number, value = 0): void {
    machine.setpoint = value;
    this.writes.count++;
    this.writes.last = { device: machine.name, value };
    socket.send(JSON.stringify({ command, ok: true }));
  }

  private sendGarbage(): void {
    for (const { socket, sent } of this.machines) {
      if (socket?.readyState !== WebSocket.OPEN) continue;
      sent.push('nonsense');
      socket.send(Buffer.from(GARBAGE, 'hex'));
    }
  }
}
