/**
 * Simulated devices on npm coap: each posts its numbered readings until they are acknowledged, and serves /setpoint (GET,
 * observe, PUT) on a port of its own, for all of them: /<device>/setpoint.
 */
import { createServer, request, type IncomingMessage, type OutgoingMessage, type Server } from 'coap';
import { createSocket } from 'node:dgram';
import { Faults } from '../mqtt/faults';
import { posted, rebooted, temperatureAt } from '../boiler';
import { type Acknowledged } from '../ledger';

export interface PlantOptions {
  /** Where the agent listens. */
  readonly agent: { readonly host: string; readonly port: number };
  readonly host: string;
  /** Where the devices serve their resources. */
  readonly port: number;
  readonly period_ms: number;
  /** Token by device. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly acknowledged?: Acknowledged;
}

interface Machine {
  readonly name: string;
  readonly token: string;
  /** Of the post that is not acknowledged yet, or of the next. */
  seq: number;
  busy: boolean;
  setpoint: number;
}

const TIMEOUT_MS = 5_000;
const GARBAGE = 'f0ff1234deadbeef';
const JSON_FORMAT = 'application/json';

type Observer = OutgoingMessage & { readonly request: unknown };

export class Plant {
  readonly faults = new Faults(() => this.sendGarbage());
  readonly writes: { count: number; last?: { device: string; value: number } } = { count: 0 };
  /** Posts that were answered with 2.04. */
  acknowledged = 0;
  running = false;
  private readonly machines: ReadonlyMap<string, Machine>;
  private readonly observers = new Map<Observer, Machine>();
  private server: Server | undefined;
  private beat: NodeJS.Timeout | undefined;

  constructor(private readonly options: PlantOptions) {
    this.machines = new Map(
      Object.entries(options.tokens).map(([name, token]) => [
        name,
        { name, token, seq: Date.now(), busy: false, setpoint: 65 },
      ]),
    );
  }

  /** Resolves when the resources are served. */
  async start(): Promise<void> {
    const { host, port, period_ms } = this.options;
    const server = createServer((req, res) => this.faults.whenAsked(() => this.serve(req, res)));
    await new Promise<void>((resolve, reject) => server.listen(port, host, (e?: Error) => (e ? reject(e) : resolve())));
    this.server = server;
    this.running = true;
    this.beat = setInterval(() => {
      for (const machine of this.machines.values()) this.post(machine);
      this.tellObservers();
    }, period_ms);
  }

  async stop(): Promise<void> {
    this.running = false;
    clearInterval(this.beat);
    const { server } = this;
    this.server = undefined;
    this.observers.clear();
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  reboot(down_ms: number): Promise<void> {
    return rebooted(this, down_ms);
  }

  /** One at a time for each device; what was not answered keeps its number and goes again. */
  private post(machine: Machine): void {
    const { kind } = this.faults.current;
    if (machine.busy || kind === 'drop') return;
    machine.busy = true;
    const ts = Date.now();
    const { seq } = machine;
    const good = { temperature: temperatureAt(ts), count: seq };
    const values = posted(good, kind);
    const req = request({
      ...this.options.agent,
      method: 'POST',
      pathname: `/v1/devices/${encodeURIComponent(machine.name)}/readings`,
      query: `token=${machine.token}`,
      options: { 'Content-Format': JSON_FORMAT },
    });
    const over = setTimeout(() => (machine.busy = false), TIMEOUT_MS);
    const done = (): void => {
      clearTimeout(over);
      machine.busy = false;
    };
    req.on('response', (res: IncomingMessage) => {
      if (res.code === '2.04') {
        this.acknowledged++;
        this.options.acknowledged?.(machine.name, seq);
        // An answer that was given up may come after all, and then twice.
        if (machine.seq === seq) machine.seq++;
      }
      done();
    });
    // The agent is away: the same again with the next beat.
    req.on('error', done);
    req.end(JSON.stringify({ seq, ts, values }));
  }

  private serve(req: IncomingMessage, res: OutgoingMessage): void {
    const machine = this.machines.get(decodeURIComponent(req.url.split('/')[1] ?? ''));
    const { kind } = this.faults.current;
    if (!machine || kind === 'exception') {
      res.code = machine ? '5.00' : '4.04';
      return void res.end();
    }
    if (req.method === 'PUT') {
      machine.setpoint = Number(JSON.parse(req.payload.toString()));
      this.writes.count++;
      this.writes.last = { device: machine.name, value: machine.setpoint };
      res.code = '2.04';
      res.end();
      return this.tellObservers();
    }
    res.setOption('Content-Format', JSON_FORMAT);
    if (req.headers['Observe'] !== 0) return void res.end(JSON.stringify(machine.setpoint));
    const observer = res as Observer;
    this.observers.set(observer, machine);
    res.on('finish', () => this.observers.delete(observer));
    res.write(JSON.stringify(machine.setpoint));
  }

  private tellObservers(): void {
    if (this.faults.current.kind === 'drop') return;
    for (const [observer, { setpoint }] of this.observers) observer.write(JSON.stringify(setpoint));
  }

  private sendGarbage(): void {
    const { host, port } = this.options.agent;
    const socket = createSocket('udp4');
    socket.send(Buffer.from(GARBAGE, 'hex'), port, host, () => socket.close());
  }
}
