/**
 * Machines that speak MQTT, and their broker, on a stack written by others (npm aedes, MQTT 3.1.1), so that our client meets
 * a stranger. Sessions outlive a reboot, as they do at a broker with a disk.
 *   fleet/<region>/<machine>/telemetry   {"ts": ms, "temperature": Cel, "setpoint": Cel, "count": n}, QoS 1, each period
 *   fleet/<region>/<machine>/set/<name>  {"value": n}: what a machine is told; it answers with its telemetry
 */
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes, type Client } from 'aedes';
import { Faults } from './faults';

export interface PlantOptions {
  readonly host: string;
  readonly port: number;
  readonly period_ms: number;
  readonly machines: readonly string[];
  /** Username and password that clients must show; anybody may come when absent. */
  readonly users?: Readonly<Record<string, string>>;
}

export interface PlantWrite {
  /** ms since 1970-01-01 UTC */
  readonly at: number;
  readonly machine: string;
  readonly metric: string;
  readonly value: unknown;
}

export const REGION = 'north';
const SET = /^fleet\/[^/]+\/([^/]+)\/set\/([^/]+)$/;
const GARBAGE = Buffer.from('f0ff1234deadbeef', 'hex');

interface Machine {
  setpoint: unknown;
  count: number;
}

export class Plant {
  readonly faults = new Faults(() => this.sockets.forEach((s) => s.write(GARBAGE)));
  readonly writes: { count: number; last: PlantWrite | undefined } = { count: 0, last: undefined };
  /** Messages that clients acknowledged, and messages sent by machines. */
  acknowledged = 0;
  sent = 0;
  private readonly machines: ReadonlyMap<string, Machine>;
  private readonly sockets = new Set<Socket>();
  private broker: Aedes | undefined;
  private server: Server | undefined;
  private beat: NodeJS.Timeout | undefined;

  constructor(private readonly options: PlantOptions) {
    this.machines = new Map(options.machines.map((name) => [name, { setpoint: 65, count: 0 }] as const));
  }

  get running(): boolean {
    return this.server !== undefined;
  }

  get connections(): number {
    return this.broker?.connectedClients ?? 0;
  }

  /** Resolves when the port listens. */
  async start(): Promise<void> {
    const broker = (this.broker ??= await this.createBroker());
    const { host, port, period_ms } = this.options;
    const server = createServer((socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
      broker.handle(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    this.server = server;
    this.beat = setInterval(() => [...this.machines.keys()].forEach((m) => this.tell(m)), period_ms);
  }

  /** The port is closed and connections are cut; sessions stay. */
  async stop(): Promise<void> {
    clearInterval(this.beat);
    const { server } = this;
    this.server = undefined;
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  async reboot(down_ms: number): Promise<void> {
    await this.stop();
    await new Promise((resolve) => setTimeout(resolve, down_ms));
    await this.start();
  }

  async end(): Promise<void> {
    await this.stop();
    await new Promise<void>((resolve) => (this.broker ? this.broker.close(() => resolve()) : resolve()));
  }

  /** As a machine would, whatever the dial says. */
  publish(topic: string, payload: Buffer | string, qos: 0 | 1 | 2 = 1): void {
    this.sent++;
    const packet = { cmd: 'publish', topic, payload, qos, retain: false, dup: false } as const;
    this.broker?.publish(packet, (error) => {
      if (error) throw error;
    });
  }

  private async createBroker(): Promise<Aedes> {
    const { users } = this.options;
    const broker = await Aedes.createBroker({
      authenticate: (_, name, password, done) => done(null, !users || users[name ?? ''] === password?.toString()),
      authorizePublish: (client, packet, done) => this.obey(client, packet.topic, packet.payload, done),
    });
    broker.on('ack', () => this.acknowledged++);
    broker.on('clientError', () => undefined);
    broker.on('connectionError', () => undefined);
    return broker;
  }

  /** A client's message is answered as the dial says: at once, late, never. */
  private obey(_: Client | null, topic: string, payload: Buffer | string, done: (error?: Error | null) => void): void {
    const { kind, ms = 0 } = this.faults.current;
    if (kind === 'drop') return;
    const [, machine = '', metric = ''] = SET.exec(topic) ?? [];
    const known = this.machines.get(machine);
    if (known && metric === 'setpoint') {
      const { value } = JSON.parse(payload.toString()) as { value: unknown };
      this.writes.count++;
      this.writes.last = { at: Date.now(), machine, metric, value };
      known.setpoint = value;
    }
    if (kind === 'delay') setTimeout(done, ms);
    else done();
  }

  private tell(name: string): void {
    const { kind } = this.faults.current;
    const machine = this.machines.get(name);
    if (!machine || kind === 'drop') return;
    const ts = Date.now();
    const temperature = Math.round(1_000 * (60 + 5 * Math.sin(ts / 20_000))) / 1_000;
    const said = { ts, temperature, setpoint: machine.setpoint, count: ++machine.count };
    const payload = JSON.stringify(said);
    this.publish(`fleet/${REGION}/${name}/telemetry`, kind === 'exception' ? payload.slice(0, -2) : payload);
  }
}
