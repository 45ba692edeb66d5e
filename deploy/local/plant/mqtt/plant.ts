/**
 * Machines that speak MQTT, and their broker, on a stack written by others (npm aedes, MQTT 3.1.1), so that our client meets
 * a stranger.
 *   fleet/<region>/<machine>/telemetry   {"ts": ms, "temperature": Cel, "setpoint": Cel, "count": n}, QoS 1, each period
 *   fleet/<region>/<machine>/set/<name>  {"value": n}: what a machine is told; it answers with its telemetry
 */
import { type Client } from 'aedes';
import { PlantBroker } from './broker';
import { Faults } from './faults';
import { firstCount, MachinePlant, type PlantOptions, tellOf } from '../machines';

export const REGION = 'north';
const TELEMETRY = /^fleet\/[^/]+\/([^/]+)\/telemetry$/;
const SET = /^fleet\/[^/]+\/([^/]+)\/set\/([^/]+)$/;

export class Plant extends MachinePlant {
  override readonly broker: PlantBroker;
  readonly faults = new Faults(() => this.broker.sendGarbage());

  constructor(private readonly options: PlantOptions) {
    super(options.machines, options.period_ms, firstCount(options.acknowledged));
    this.broker = new PlantBroker(options.host, options.port, {
      authorizePublish: (client, packet, done) => this.obey(client, packet.topic, packet.payload, done),
    });
    this.broker.whenAcknowledged = (topic, payload) => this.acknowledged(topic, payload);
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
    this.machines.obey(machine, metric, payload);
    if (kind === 'delay') setTimeout(done, ms);
    else done();
  }

  /** The agent has a machine's message; the broker tells of no other. */
  private acknowledged(topic: string, payload: string): void {
    const [, machine] = TELEMETRY.exec(topic) ?? [];
    if (machine === undefined || !this.options.acknowledged) return;
    tellOf(payload, machine, this.options.acknowledged);
  }

  protected override tell(name: string): void {
    const report = this.machines.report(name, this.faults.current.kind);
    if (report !== undefined) this.broker.publish(`fleet/${REGION}/${name}/telemetry`, report, 1);
  }
}
