/**
 * Machines that speak AMQP 0-9-1, and their broker.
 *   queue telemetry, routing key fleet.<region>.<machine>   what machines.ts reports, each period
 *   to commands.<machine>.<name>  {"value": n}: what a machine is told; it answers with its telemetry
 */
import { createServer, type Server, type Socket } from 'node:net';
import { rebooted } from '../boiler';
import { firstCount, Machines, type PlantOptions, tellOf } from '../machines';
import { Faults } from '../mqtt/faults';
import { MessageQueue } from '../queue';
import { Client, type ClientHost, type Queued } from './client';

export const QUEUE = 'telemetry';
export const REGION = 'north';
const SET = /^commands\.([^.]+)\.([^.]+)$/;
const GARBAGE = Buffer.from('ff0001000000020a0bceff00ff1234', 'hex');

export class Plant {
  readonly faults = new Faults(() => this.sockets.forEach((socket) => socket.write(GARBAGE)));
  readonly queue = new MessageQueue<Queued>();
  private readonly sockets = new Set<Socket>();
  private readonly machines: Machines;
  private server: Server | undefined;
  private beat: NodeJS.Timeout | undefined;

  constructor(private readonly options: PlantOptions) {
    const { machines, acknowledged } = options;
    this.machines = new Machines(machines, firstCount(acknowledged));
    if (acknowledged)
      this.queue.whenAcknowledged = ({ key, body }) => tellOf(body, key.split('.').at(-1) ?? '', acknowledged);
  }

  get writes(): Machines['writes'] {
    return this.machines.writes;
  }

  get running(): boolean {
    return this.server !== undefined;
  }

  /** What the broker knows of its clients. */
  get broker(): { readonly connections: number; readonly acknowledged: number } {
    return { connections: this.sockets.size, acknowledged: this.queue.acknowledged };
  }

  /** Resolves when the port listens. */
  async start(): Promise<void> {
    const server = createServer((socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
      new Client(socket, this.host);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.options.port, this.options.host, resolve);
    });
    this.server = server;
    this.beat = setInterval(() => this.machines.names.forEach((m) => this.tell(m)), this.options.period_ms);
  }

  /** The port is closed and connections are cut; messages stay. */
  async stop(): Promise<void> {
    clearInterval(this.beat);
    const { server } = this;
    this.server = undefined;
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  reboot(down_ms: number): Promise<void> {
    return rebooted(this, down_ms);
  }

  private readonly host: ClientHost = {
    queue: QUEUE,
    consumes: (consumer) => this.queue.join(consumer),
    gone: (consumer) => this.queue.leave(consumer),
    settled: (delivery, how) => this.queue.settled(delivery, how),
    published: (key, body, confirm) => this.obey(key, body, confirm),
  };

  /** A client's message is answered as the dial says: at once, late, never. */
  private obey(key: string, body: Buffer, confirm: () => void): boolean {
    const [, machine = '', metric = ''] = SET.exec(key) ?? [];
    if (!this.machines.names.includes(machine)) return false;
    const { kind, ms = 0 } = this.faults.current;
    if (kind === 'drop') return true;
    this.machines.obey(machine, metric, body);
    if (kind === 'delay') setTimeout(confirm, ms);
    else confirm();
    return true;
  }

  private tell(name: string): void {
    const report = this.machines.report(name, this.faults.current.kind);
    if (report !== undefined) this.queue.put({ key: `fleet.${REGION}.${name}`, body: Buffer.from(report) });
  }
}
