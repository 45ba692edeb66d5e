/**
 * Simulated devices that speak CoAP over TCP or TLS (RFC 8323), each over one connection that it keeps open: it posts its numbered readings
 * until they are acknowledged, and serves /setpoint (GET, observe, PUT) over the same connection.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { posted, rebooted, temperatureAt } from '../boiler';
import { type Acknowledged } from '../ledger';
import { Faults } from '../mqtt/faults';
import { CODE, encode, type Frame, FrameReader, NOTHING, OPTION } from './frames';

export interface PlantOptions {
  /** Where the agent listens. */
  readonly agent: { readonly host: string; readonly port: number };
  /** Certificate of the agent's authority: over TLS. */
  readonly ca?: Buffer;
  readonly period_ms: number;
  /** Token by device. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly acknowledged?: Acknowledged;
}

interface Machine {
  readonly name: string;
  readonly token: string;
  socket: Socket | undefined;
  /** Of the post that is not acknowledged yet, or of the next. */
  seq: number;
  busy: boolean;
  setpoint: number;
  /** Tokens under which the agent observes the setpoint. */
  observers: Buffer[];
  observed: number;
}

/** After so long without an answer the connection is begun anew, ms. */
const TIMEOUT_MS = 5_000;
const MAX_OBSERVERS = 8;
/** A length that no message has. */
const GARBAGE = 'ffffffffffdeadbeef';
const POST_TOKEN = Buffer.of(1);
const JSON_FORMAT = Buffer.of(50);

const path = (text: string): Frame['options'] => text.split('/').map((part) => [OPTION.path, Buffer.from(part)]);

export class Plant {
  readonly faults = new Faults(() => this.machines.forEach(({ socket }) => socket?.write(Buffer.from(GARBAGE, 'hex'))));
  readonly writes: { count: number; last?: { device: string; value: number } } = { count: 0 };
  /** Posts that were answered with 2.04. */
  acknowledged = 0;
  running = false;
  private readonly machines: readonly Machine[];
  private beat: NodeJS.Timeout | undefined;

  constructor(private readonly options: PlantOptions) {
    this.machines = Object.entries(options.tokens).map(([name, token]) => ({
      ...{ name, token, socket: undefined, seq: Date.now(), busy: false },
      ...{ setpoint: 65, observers: [], observed: 0 },
    }));
  }

  get connections(): number {
    return this.machines.filter(({ socket }) => socket?.readyState === 'open').length;
  }

  start(): Promise<void> {
    this.running = true;
    this.beat = setInterval(() => this.machines.forEach((m) => this.speak(m)), this.options.period_ms);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.running = false;
    clearInterval(this.beat);
    for (const { socket } of this.machines) socket?.destroy();
    return Promise.resolve();
  }

  reboot(down_ms: number): Promise<void> {
    return rebooted(this, down_ms);
  }

  private speak(machine: Machine): void {
    const { kind } = this.faults.current;
    machine.socket ??= this.open(machine);
    if (kind === 'drop' || machine.socket.readyState !== 'open') return;
    this.post(machine, kind);
    this.tellObservers(machine);
  }

  private open(machine: Machine): Socket {
    const { agent, ca } = this.options;
    const socket = ca ? connectTls({ ...agent, ca, ALPNProtocols: ['coap'] }) : connect({ ...agent, noDelay: true });
    const reader = new FrameReader();
    machine.busy = false;
    machine.observers = [];
    socket.on('data', (chunk: Buffer) => {
      for (const frame of reader.feed(chunk)) this.hear(machine, frame);
    });
    // What went wrong is followed by close.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => (machine.socket = undefined));
    socket.setTimeout(TIMEOUT_MS, () => machine.busy && socket.destroy());
    this.say(socket, { code: CODE.csm });
    return socket;
  }

  /** One at a time for each device; what was not answered keeps its number and goes again. */
  private post(machine: Machine, fault: string): void {
    const { name, token, seq, socket } = machine;
    if (machine.busy || !socket) return;
    machine.busy = true;
    const ts = Date.now();
    const values = posted({ temperature: temperatureAt(ts), count: seq }, fault);
    const query = Buffer.from(`token=${token}`);
    this.say(socket, {
      code: CODE.post,
      token: POST_TOKEN,
      options: [...path(`v1/devices/${name}/readings`), [OPTION.format, JSON_FORMAT], [OPTION.query, query]],
      payload: Buffer.from(JSON.stringify({ seq, ts, values })),
    });
  }

  private hear(machine: Machine, frame: Frame): void {
    const { code, token } = frame;
    if (code >= CODE.get && code <= CODE.put) return this.faults.whenAsked(() => this.serve(machine, frame));
    if (!token.equals(POST_TOKEN)) return;
    machine.busy = false;
    if (code !== CODE.changed) return;
    this.acknowledged++;
    this.options.acknowledged?.(machine.name, machine.seq);
    machine.seq++;
  }

  private serve(machine: Machine, { code, token, options, payload }: Frame): void {
    const { socket } = machine;
    if (!socket) return;
    const asked = options.flatMap(([number, value]) => (number === OPTION.path ? [value.toString()] : []));
    if (asked.join('/') !== 'setpoint') return this.say(socket, { code: CODE.notFound, token });
    if (this.faults.current.kind === 'exception') return this.say(socket, { code: CODE.internal, token });
    if (code === CODE.put) return this.obey(machine, socket, token, Number(payload.toString()));
    const observes = options.some(([number, value]) => number === OPTION.observe && value.length === 0);
    if (observes) machine.observers = [...machine.observers, token].slice(-MAX_OBSERVERS);
    this.tell(machine, socket, token, observes);
  }

  private obey(machine: Machine, socket: Socket, token: Buffer, value: number): void {
    machine.setpoint = value;
    this.writes.count++;
    this.writes.last = { device: machine.name, value };
    this.say(socket, { code: CODE.changed, token });
    this.tellObservers(machine);
  }

  private tellObservers(machine: Machine): void {
    const { socket, observers } = machine;
    if (socket && this.faults.current.kind !== 'drop')
      for (const token of observers) this.tell(machine, socket, token, true);
  }

  private tell(machine: Machine, socket: Socket, token: Buffer, observed: boolean): void {
    const number = Buffer.alloc(3);
    number.writeUIntBE(++machine.observed % 2 ** 24, 0, 3);
    const options: Frame['options'] = [
      ...(observed ? [[OPTION.observe, number] as const] : []),
      [OPTION.format, JSON_FORMAT],
    ];
    this.say(socket, { code: CODE.content, token, options, payload: Buffer.from(JSON.stringify(machine.setpoint)) });
  }

  private say(socket: Socket, frame: Partial<Frame> & Pick<Frame, 'code'>): void {
    if (socket.writable) socket.write(encode({ token: NOTHING, options: [], payload: NOTHING, ...frame }));
  }
}
