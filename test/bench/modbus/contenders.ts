/** Who reads the plant into Kafka: our agent, and what a user would put together instead. Each is one process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../schemas/root';
import { Topics } from '../../../schemas/topics';
import { POINTS, profileOf } from './plant';

export interface Job {
  readonly devices: number;
  readonly port: number;
  /** Empty folder for state and logs. */
  readonly folder: string;
  /** KAFKA_BROKERS, SCHEMA_REGISTRY_URL */
  readonly env: Readonly<Record<string, string>>;
  /** Options of node itself, such as --cpu-prof. */
  readonly nodeOptions: readonly string[];
  readonly healthPort: number;
}

export interface Contender {
  readonly name: string;
  readonly topic: string;
  start(job: Job): ChildProcess;
  /** Answers that came after their timeout: told as readings of bad quality. */
  late?(job: Job): Promise<number>;
}

const TICKS_PER_SECOND = 100;
const compiled = (...path: string[]): string => join(projectRoot(), 'dist', ...path);

function launch(command: string, args: readonly string[], job: Job, env: Record<string, string> = {}): ChildProcess {
  mkdirSync(job.folder, { recursive: true });
  const log = openSync(join(job.folder, 'log'), 'a');
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], ...job.env, ...env },
    stdio: ['ignore', log, log],
  });
  const orphan = (): void => void child.kill('SIGKILL');
  process.once('exit', orphan);
  child.once('exit', () => process.off('exit', orphan));
  return child;
}

export const millrace: Contender = {
  name: 'millrace agent (outbox, transactions)',
  topic: Topics.telemetry.name,
  start(job) {
    mkdirSync(job.folder, { recursive: true });
    const profile = join(job.folder, 'profile.yaml');
    writeFileSync(profile, profileOf(job.devices, job.port));
    const args = ['run', '--profile', profile, '--data', join(job.folder, 'data')];
    const main = compiled('edge-agent', 'main.js');
    return launch(process.execPath, [...job.nodeOptions, main, ...args], job, { HEALTH_PORT: String(job.healthPort) });
  },
  async late({ healthPort }) {
    const answer = await fetch(`http://127.0.0.1:${healthPort}/status`);
    const { connections } = (await answer.json()) as { connections: { counters: Record<string, number> }[] };
    return connections.reduce((n, c) => n + (c.counters['late'] ?? 0), 0);
  },
};

/** npm modbus-serial and kafkajs, one JSON message a scan, nothing on disk. */
export const script: Contender = {
  name: 'modbus-serial + kafkajs (no outbox)',
  topic: 'bench.script',
  start(job) {
    const args = [job.port, job.devices, 'bench.script'].map(String);
    return launch(process.execPath, [compiled('test', 'bench', 'modbus', 'script.js'), ...args], job);
  },
};

/** pymodbus and aiokafka, one JSON message a scan, nothing on disk. */
export const python = (pythonPath: string): Contender => ({
  name: 'pymodbus + aiokafka (no outbox)',
  topic: 'bench.python',
  start(job) {
    const file = join(projectRoot(), 'test', 'bench', 'modbus', 'peer.py');
    const args = [file, String(job.port), String(job.devices), String(POINTS), 'bench.python'];
    return launch('python3', args, job, { PYTHONPATH: pythonPath, PYTHONDONTWRITEBYTECODE: '1' });
  },
});

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

export const lastWords = (folder: string): string => readFileSync(join(folder, 'log'), 'utf8').slice(-2_000);

/** CPU time so far, s. */
export function cpuOf(pid: number): { all: number; system: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [user = 0, system = 0] = fields.slice(11, 13);
  return { all: (user + system) / TICKS_PER_SECOND, system: system / TICKS_PER_SECOND };
}

/** Resident memory now and at its highest, bytes. */
export function memory(pid: number): { rss: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kb = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1_024;
  return { rss: kb('VmRSS'), peak: kb('VmHWM') };
}
