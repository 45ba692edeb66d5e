/**
 * Machines that speak MQTT, and their broker, on a stack written by others (npm aedes, MQTT 3.1.1), so that our client meets
 * a stranger.
 *   fleet/<region>/<machine>/telemetry   {"ts": ms, "temperature": Cel, "setpoint": Cel, "count": n}, QoS 1, each period
 *   fleet/<region>/<machine>/set/<name>  {"value": n}: what a machine is told; it answers with its telemetry
 */
import { type Client } from 'aedes';
import { PlantBroker } from './broker';
import { Faults } from './faults';
import { rebooted, temperatureAt } from '../boiler';
import { type Acknowledged } from '../ledger';

export interface PlantOptions {
  readonly host: string;
  readonly port: number;
  readonly period_ms: number;
  readonly machines: readonly string[];
  /** Then a machine's count goes on from the clock, so that no number comes twice over a restart of the plant. */
  readonly acknowledged?: Acknowledged;
}

export interface PlantWrite {
  /** ms since 1970-01-01 UTC */
  readonly at: number;
  readonly machine: string;
  readonly metric: string;
  readonly value: unknown;
}

export const REGION = 'north';
const TELEMETRY = /^fleet\/[^/]+\/([^/]+)\/telemetry$/;
const SET = /^fleet\/[^/]+\/([^/]+)\/set\/([^/]+)$/;

interface Machine {
  setpoint: unknown;
  count: number;
}

export class Plant {
  readonly broker: PlantBroker;
  readonly faults = new Faults(() => this.broker.sendGarbage());
  readonly writes: { count: number; last: PlantWrite | undefined } = { count: 0, last: undefined };
  private readonly machines: ReadonlyMap<string, Machine>;
  private beat: NodeJS.Timeout | undefined;

  constructor(private readonly options: PlantOptions) {
    const count = options.acknowledged ? Date.now() : 0;
    this.machines = new Map(options.machines.map((name) => [name, { setpoint: 65, count }] as const));
    this.broker = new PlantBroker(options.host, options.port, {
      authorizePublish: (client, packet, done) => this.obey(client, packet.topic, packet.payload, done),
    });
    this.broker.whenAcknowledged = (topic, payload) => this.acknowledged(topic, payload);
  }

  get running(): boolean {
    return this.broker.running;
  }

  /** Resolves when the port listens. */
  async start(): Promise<void> {
    await this.broker.start();
    this.beat = setInterval(() => [...this.machines.keys()].forEach((m) => this.tell(m)), this.options.period_ms);
  }

  async stop(): Promise<void> {
    clearInterval(this.beat);
    await this.broker.stop();
  }

  reboot(down_ms: number): Promise<void> {
    return rebooted(this, down_ms);
  }

  async end(): Promise<void> {
    await this.stop();
    await this.broker.end();
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

  /** The agent has a machine's message; the broker tells of no other. */
  private acknowledged(topic: string, payload: string): void {
    const [, machine] = TELEMETRY.exec(topic) ?? [];
    if (machine === undefined || !this.options.acknowledged) return;
    this.options.acknowledged(machine, (JSON.parse(payload) as { count: number }).count);
  }

  private tell(name: string): void {
    const { kind } = this.faults.current;
    const machine = this.machines.get(name);
    if (!machine || kind === 'drop') return;
    const ts = Date.now();
    const temperature = temperatureAt(ts);
    const said = { ts, temperature, setpoint: machine.setpoint, count: ++machine.count };
    const payload = JSON.stringify(said);
    const sent = kind === 'exception' ? payload.slice(0, -2) : payload;
    this.broker.publish(`fleet/${REGION}/${name}/telemetry`, sent, 1);
  }
}
