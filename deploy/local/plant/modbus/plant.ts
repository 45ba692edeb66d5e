/** The plant as a Modbus TCP server, on a stack written by others (npm modbus-serial), so that our client meets a stranger. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServerTCP } from 'modbus-serial';
import { Faults } from './faults';
import { initialState, obey, type PlantState } from './process';
import { FIRST_LOAD_UNIT, orderOf, readRange, type Table } from './registers';
import { rebooted } from '../boiler';

export interface PlantOptions {
  readonly host: string;
  readonly port: number;
  /** Holds writes.jsonl, one line for every value the plant took, and state.json. */
  readonly dataDir: string;
}

export interface PlantWrite {
  /** ms since 1970-01-01 UTC */
  readonly at: number;
  readonly unit: number;
  readonly table: 'coil' | 'holding-register';
  readonly address: number;
  readonly value: number;
}

/** Registers written on load units are kept up to this many, so that a test can read back what it wrote. */
const MAX_WRITTEN = 100_000;

export class Plant {
  readonly faults = new Faults(() => this.sendGarbage());
  readonly writes: { count: number; last: PlantWrite | undefined } = { count: 0, last: undefined };
  private readonly written = new Map<string, number>();
  private state: PlantState;
  private server: ServerTCP | undefined;

  constructor(private readonly options: PlantOptions) {
    mkdirSync(options.dataDir, { recursive: true });
    this.state = this.restore() ?? initialState(Date.now());
  }

  get running(): boolean {
    return this.server !== undefined;
  }

  get connections(): number {
    return this.server?.socks.size ?? 0;
  }

  /** Resolves when the port listens. */
  start(): Promise<void> {
    const { host, port } = this.options;
    return new Promise((resolve, reject) => {
      const server = new ServerTCP(this.vector(), { host, port });
      server.on('initialized', () => {
        this.server = server;
        resolve();
      });
      server.on('serverError', reject);
      server.on('socketError', () => undefined);
      server.on('error', () => undefined);
    });
  }

  stop(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    return new Promise((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  /** Gone for this long, connections cut; setpoints survive. */
  reboot(down_ms: number): Promise<void> {
    return rebooted(this, down_ms);
  }

  private vector(): ConstructorParameters<typeof ServerTCP>[0] {
    const one = (table: Table) => (address: number, unit: number) =>
      this.faults.apply(unit, () => this.read(unit, table, address, 1)[0] ?? 0) as number;
    const bit = (table: Table) => (address: number, unit: number) =>
      this.faults.apply(unit, () => this.read(unit, table, address, 1)[0] === 1) as boolean;
    const many = (table: Table) => (address: number, count: number, unit: number) =>
      this.faults.apply(unit, () => this.read(unit, table, address, count)) as number[];
    const write = (table: 'coil' | 'holding-register') => (address: number, value: number | boolean, unit: number) =>
      this.faults.apply(unit, () => this.write({ at: Date.now(), unit, table, address, value: Number(value) })) as void;
    return {
      getCoil: bit('coil'),
      getDiscreteInput: bit('discrete-input'),
      getHoldingRegister: one('holding-register'),
      getInputRegister: one('input-register'),
      getMultipleHoldingRegisters: many('holding-register'),
      getMultipleInputRegisters: many('input-register'),
      setCoil: write('coil'),
      setRegister: write('holding-register'),
    };
  }

  private read(unit: number, table: Table, address: number, count: number): number[] {
    const values = readRange(this.state, unit, table, address, count, Date.now());
    if (this.written.size === 0 || unit < FIRST_LOAD_UNIT) return values;
    return values.map((v, i) => this.written.get(`${unit} ${table} ${address + i}`) ?? v);
  }

  private write(write: PlantWrite): void {
    const { unit, table, address, value, at } = write;
    const order = unit >= FIRST_LOAD_UNIT ? undefined : orderOf(unit, table, address, value);
    // The log first: what the plant took is on record even when it dies now.
    appendFileSync(this.file('writes.jsonl'), `${JSON.stringify(write)}\n`);
    if (order) this.state = obey(this.state, order, at);
    else if (this.written.size < MAX_WRITTEN) this.written.set(`${unit} ${table} ${address}`, value);
    this.writes.count++;
    this.writes.last = write;
    writeFileSync(this.file('state.json.new'), JSON.stringify(this.state));
    renameSync(this.file('state.json.new'), this.file('state.json'));
  }

  private restore(): PlantState | undefined {
    if (!existsSync(this.file('state.json'))) return undefined;
    return JSON.parse(readFileSync(this.file('state.json'), 'utf8')) as PlantState;
  }

  private sendGarbage(): void {
    for (const socket of this.server?.socks.keys() ?? []) socket.write(Buffer.from('00ff1234deadbeef', 'hex'));
  }

  private file(name: string): string {
    return join(this.options.dataDir, name);
  }
}
