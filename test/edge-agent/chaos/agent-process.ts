/** The compiled agent as a process that is killed and started again, and what it says of itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../../deploy/local/ports';
import { projectRoot } from '../../../schemas/root';
import { cpuSecondsOf } from '../../services/service-process';

export interface AgentStatus {
  readonly shipper: { readonly state: string; readonly transactions: number; readonly lastError?: string };
  readonly outbox: { readonly telemetry: { readonly next: number } };
}

export interface AgentSettings {
  readonly profile: string;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
}

const STATUS_TIMEOUT_MS = 1_000;

export class AgentProcess {
  lives = 0;
  /** Ends that nobody asked for. */
  readonly unexpected: string[] = [];
  /** CPU time of lives that have ended, s: what was last seen of each. */
  cpu_s = 0;
  private child: ChildProcess | undefined;
  private healthPort = 0;
  private readonly orphan = (): void => void this.child?.kill('SIGKILL');

  constructor(private readonly settings: AgentSettings) {
    process.on('exit', this.orphan);
  }

  /** Resolves when the process exists; what it needs may be down. */
  async launch(): Promise<void> {
    const main = join(projectRoot(), 'dist', 'edge-agent', 'main.js');
    if (!existsSync(main)) throw new Error('the agent is not compiled: npx tsc -p tsconfig.build.json');
    const { profile, dataDir, env, logFile } = this.settings;
    [this.healthPort = 0] = await freePorts(1);
    const log = openSync(logFile, 'a');
    const child = spawn(process.execPath, [main, 'run', '--profile', profile, '--data', dataDir], {
      env: { PATH: process.env['PATH'], LOG_LEVEL: 'warn', ...env, HEALTH_PORT: String(this.healthPort) },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.child = child;
    this.lives++;
    child.once('exit', (code, signal) => {
      if (this.child !== child) return;
      this.child = undefined;
      this.unexpected.push(`life ${this.lives} ended with ${code ?? signal}`);
    });
  }

  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
    process.off('exit', this.orphan);
  }

  /** Undefined while it does not answer. */
  async status(): Promise<AgentStatus | undefined> {
    try {
      const signal = AbortSignal.timeout(STATUS_TIMEOUT_MS);
      return (await (await fetch(`http://127.0.0.1:${this.healthPort}/status`, { signal })).json()) as AgentStatus;
    } catch {
      return undefined;
    }
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    if (!child) return;
    this.child = undefined;
    this.cpu_s += cpuSecondsOf(child.pid ?? 0);
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}
