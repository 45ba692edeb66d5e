/**
 * Machines that speak AMQP 1.0, and their broker, on a stack written by others (npm rhea), so that our client meets a stranger.
 *   queue telemetry, subject fleet.<region>.<machine>   what machines.ts reports, each period
 *   to commands/<machine>/<name>  {"value": n}: what a machine is told; it answers with its telemetry
 */
import { firstCount, MachinePlant, type PlantOptions, tellOf } from '../machines';
import { Faults } from '../mqtt/faults';
import { type Handed, PlantBroker } from './broker';

export interface GuardedOptions extends PlantOptions {
  /** Names and passwords; anybody may come when absent. */
  readonly users?: Readonly<Record<string, string>>;
}

export const QUEUE = 'telemetry';
export const REGION = 'north';
const machineOf = (subject: string): string => subject.split('.').at(-1) ?? '';
const SET = /^commands\/([^/]+)\/([^/]+)$/;

export class Plant extends MachinePlant {
  override readonly broker: PlantBroker;
  readonly faults = new Faults(() => this.broker.sendGarbage());

  constructor(options: GuardedOptions) {
    super(options.machines, options.period_ms, firstCount(options.acknowledged));
    const { host, port, users, acknowledged } = options;
    this.broker = new PlantBroker(host, port, QUEUE, (message) => this.obey(message), users);
    if (acknowledged)
      this.broker.messages.whenAcknowledged = ({ subject, body }) => tellOf(body, machineOf(subject), acknowledged);
  }

  /** A client's message is answered as the dial says: at once, late, never. */
  private obey({ address, body, accept }: Handed): void {
    const { kind, ms = 0 } = this.faults.current;
    if (kind === 'drop') return;
    const [, machine = '', metric = ''] = SET.exec(address) ?? [];
    this.machines.obey(machine, metric, body);
    if (kind === 'delay') setTimeout(accept, ms);
    else accept();
  }

  protected override tell(name: string): void {
    const report = this.machines.report(name, this.faults.current.kind);
    if (report !== undefined) this.broker.publish(`fleet.${REGION}.${name}`, Buffer.from(report));
  }
}
