/** The plant of the bench: what its devices hold, and the simulator as a process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { projectRoot } from '../../../schemas/root';

export const FLOATS = 10;
export const INTEGERS = 20;
export const POINTS = FLOATS + INTEGERS;
export const REGISTERS = 2 * FLOATS + INTEGERS;
export const SCAN_MS = 1_000;

const NAMES = ['temperature', 'pressure', 'flow', 'level', 'speed', 'current', 'voltage', 'torque', 'vibration', 'ph'];

/** As a user writes it: one model, a device for each address. */
export function profileOf(devices: number, port: number): string {
  const floats = NAMES.map((n, i) => `{ metric: ${n}, table: holding-register, address: ${2 * i}, type: float32 }`);
  const integers = Array.from(
    { length: INTEGERS },
    (_, i) =>
      `{ metric: counter_${i}, table: holding-register, address: ${2 * FLOATS + i}, type: int16, scale: { factor: 0.1 } }`,
  );
  const lines = (make: (i: number) => string): string => Array.from({ length: devices }, (_, i) => make(i)).join('\n');
  return `agent: { id: bench }
models:
  machine:
    scan_ms: ${SCAN_MS}
    points:
${[...floats, ...integers].map((p) => `      - ${p}`).join('\n')}
connections:
${lines((i) => `  - { name: line-${i}, protocol: modbus-tcp, host: 127.0.0.1, port: ${port} }`)}
devices:
${lines((i) => `  - { id: machine-${i}, connection: line-${i}, unit: ${(i % 247) + 1}, model: machine }`)}
`;
}

export class Simulator {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    private readonly nextLine: () => Promise<Record<string, number>>,
  ) {}

  static async start(): Promise<Simulator> {
    const script = join(projectRoot(), 'dist', 'test', 'bench', 'modbus', 'simulator.js');
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const orphan = (): void => void child.kill('SIGKILL');
    process.once('exit', orphan);
    child.once('exit', () => process.off('exit', orphan));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const nextLine = async (): Promise<Record<string, number>> => {
      const { value } = (await lines.next()) as { value: string };
      return JSON.parse(value) as Record<string, number>;
    };
    return new Simulator(child, (await nextLine())['port'] ?? 0, nextLine);
  }

  /** How often it answered so far; with `SIGUSR2` it does no more. */
  async answers(signal: 'SIGUSR1' | 'SIGUSR2' = 'SIGUSR1'): Promise<number> {
    this.child.kill(signal);
    return (await this.nextLine())['answers'] ?? 0;
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}
