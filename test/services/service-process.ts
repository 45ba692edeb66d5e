/** A compiled service as a child process: started, watched until ready, killed as hard as a test asks. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../deploy/local/ports';
import { projectRoot } from '../../schemas/root';

const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
const LAST_LINES = 5;
const TICKS_PER_SECOND = 100;

export class ServiceProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly logFile: string,
    readonly healthUrl: string,
  ) {}

  /** Resolves when /readyz says so. `logFile` gets what it prints. */
  static async start(name: string, env: Readonly<Record<string, string>>, logFile: string): Promise<ServiceProcess> {
    const starting = await ServiceProcess.launch(name, env, logFile);
    try {
      await starting.ready();
    } catch (err) {
      await starting.kill();
      throw err;
    }
    return starting;
  }

  static async launch(name: string, env: Readonly<Record<string, string>>, logFile: string): Promise<ServiceProcess> {
    const main = join(projectRoot(), 'dist', 'services', name, 'main.js');
    if (!existsSync(main)) throw new Error(`${name} is not compiled: npx tsc -p tsconfig.build.json`);
    const [port = 0] = await freePorts(1);
    const log = openSync(logFile, 'a');
    const child = spawn(process.execPath, [main], {
      env: { PATH: process.env['PATH'], ...env, HEALTH_PORT: String(port) },
      stdio: ['ignore', log, log],
    });
    const orphan = (): void => void child.kill('SIGKILL');
    process.once('exit', orphan);
    child.once('exit', () => process.off('exit', orphan));
    return new ServiceProcess(child, logFile, `http://127.0.0.1:${port}`);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async ready(): Promise<void> {
    for (const deadline = Date.now() + READY_TIMEOUT_MS; Date.now() < deadline;) {
      if (!this.alive)
        throw new Error(`exited with ${this.child.exitCode ?? this.child.signalCode}:\n${this.lastWords()}`);
      const answer = await fetch(`${this.healthUrl}/readyz`).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new Error(`not ready after ${READY_TIMEOUT_MS} ms:\n${this.lastWords()}`);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  /** To a process that has ended meanwhile it does nothing. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  cpuSeconds(): number {
    return cpuSecondsOf(this.pid);
  }

  /** Resident set, bytes. */
  memory(): number {
    const kib = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1];
    return Number(kib ?? 0) * 1_024;
  }

  /** What it has printed so far. */
  log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  /** Why it says that it is not ready; undefined when it is. */
  async notReady(): Promise<string | undefined> {
    const answer = await fetch(`${this.healthUrl}/readyz`);
    const text = await answer.text();
    return answer.ok ? undefined : text;
  }

  private lastWords(): string {
    return this.log().split('\n').slice(-LAST_LINES).join('\n');
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (!this.alive) return;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    await exited;
  }
}

/** User and system time of a process so far. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
