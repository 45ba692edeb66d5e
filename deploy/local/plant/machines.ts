/** Machines that report by themselves and are told setpoints, whatever carries their messages. */
import { rebooted, temperatureAt } from './boiler';
import { type Acknowledged } from './ledger';

export interface PlantOptions {
  readonly host: string;
  readonly port: number;
  readonly period_ms: number;
  readonly machines: readonly string[];
  /** The ledger of what was acknowledged. */
  readonly acknowledged?: Acknowledged;
}

export interface MachineWrite {
  /** ms since 1970-01-01 UTC */
  readonly at: number;
  readonly machine: string;
  readonly metric: string;
  readonly value: unknown;
}

/** Given a ledger, machines count on from the clock, so that no number comes twice over a restart of the plant. */
export const firstCount = (ledger: Acknowledged | undefined): number => (ledger ? Date.now() : 0);

interface Machine {
  setpoint: unknown;
  count: number;
}

export class Machines {
  readonly writes: { count: number; last: MachineWrite | undefined } = { count: 0, last: undefined };
  private readonly machines: ReadonlyMap<string, Machine>;

  /** `count`: where the count of each begins. */
  constructor(
    readonly names: readonly string[],
    count = 0,
  ) {
    this.machines = new Map(names.map((name) => [name, { setpoint: 65, count }] as const));
  }

  /** {"ts": ms, "temperature": Cel, "setpoint": Cel, "count": n}; cut off while the dial says that machines err. */
  report(name: string, fault: string): string | undefined {
    const machine = this.machines.get(name);
    if (!machine || fault === 'drop') return undefined;
    const ts = Date.now();
    const temperature = temperatureAt(ts);
    const text = JSON.stringify({ ts, temperature, setpoint: machine.setpoint, count: ++machine.count });
    return fault === 'exception' ? text.slice(0, -2) : text;
  }

  /** `payload`: {"value": n}. Nothing happens when there is no such machine, or nothing to set. */
  obey(machine: string, metric: string, payload: Buffer | string): void {
    const known = this.machines.get(machine);
    if (!known || metric !== 'setpoint') return;
    const { value } = JSON.parse(payload.toString()) as { value: unknown };
    this.writes.count++;
    this.writes.last = { at: Date.now(), machine, metric, value };
    known.setpoint = value;
  }
}

/** Tells the ledger of a report that was acknowledged. */
export function tellOf(report: Buffer | string, machine: string, ledger: Acknowledged): void {
  ledger(machine, (JSON.parse(report.toString()) as { count: number }).count);
}

/** A plant whose machines report by themselves, each period, over a broker of its own. */
export abstract class MachinePlant {
  protected readonly machines: Machines;
  private beat: NodeJS.Timeout | undefined;

  constructor(
    names: readonly string[],
    private readonly period_ms: number,
    count = 0,
  ) {
    this.machines = new Machines(names, count);
  }

  abstract readonly broker: { readonly running: boolean; start(): Promise<void>; stop(): Promise<void> };

  get writes(): Machines['writes'] {
    return this.machines.writes;
  }

  get running(): boolean {
    return this.broker.running;
  }

  /** Resolves when the port listens. */
  async start(): Promise<void> {
    await this.broker.start();
    this.beat = setInterval(() => this.machines.names.forEach((m) => this.tell(m)), this.period_ms);
  }

  async stop(): Promise<void> {
    clearInterval(this.beat);
    await this.broker.stop();
  }

  reboot(down_ms: number): Promise<void> {
    return rebooted(this, down_ms);
  }

  protected abstract tell(name: string): void;
}
