/** One compiled program of ours as a child process, for tests that kill it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../../deploy/local/ports';
import { projectRoot } from '../../../schemas/root';
import { until } from './until';

const READY_TIMEOUT_MS = 60_000;
const SHOWN_LOG_CHARS = 3_000;

export class NodeProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly healthUrl: string,
    private readonly logFile: string,
  ) {}

  /** `program` is a path in dist, such as `workflows/worker.js`. Resolves once spawned; see `ready`. */
  static async launch(program: string, env: Readonly<Record<string, string>>, logFile: string): Promise<NodeProcess> {
    const main = join(projectRoot(), 'dist', program);
    if (!existsSync(main)) throw new Error(`${program} is not compiled: npx tsc -p tsconfig.build.json`);
    const [port = 0] = await freePorts(1);
    const log = openSync(logFile, 'a');
    const child = spawn(process.execPath, [main], {
      env: { PATH: process.env['PATH'], ...env, HEALTH_PORT: String(port) },
      stdio: ['ignore', log, log],
    });
    return new NodeProcess(child, `http://127.0.0.1:${port}`, logFile);
  }

  static async start(program: string, env: Readonly<Record<string, string>>, logFile: string): Promise<NodeProcess> {
    const launched = await NodeProcess.launch(program, env, logFile);
    await launched.ready();
    return launched;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async ready(): Promise<void> {
    await until(async () => {
      if (!this.alive) throw new Error(`ended: ${readFileSync(this.logFile, 'utf8').slice(-SHOWN_LOG_CHARS)}`);
      const answer = await fetch(`${this.healthUrl}/readyz`).catch(() => undefined);
      return answer?.ok ?? false;
    }, READY_TIMEOUT_MS);
  }

  /** Why it is not ready; undefined when it is. */
  async notReady(): Promise<string | undefined> {
    const answer = await fetch(`${this.healthUrl}/readyz`);
    return answer.ok ? undefined : (await answer.text()).trim();
  }

  /** Sum of a metric's samples whose line holds all of `having`. */
  async metric(name: string, ...having: string[]): Promise<number> {
    const body = await (await fetch(`${this.healthUrl}/metrics`)).text();
    const lines = body.split('\n').filter((l) => l.startsWith(name) && having.every((h) => l.includes(h)));
    return lines.reduce((sum, l) => sum + Number(l.slice(l.lastIndexOf(' ') + 1)), 0);
  }

  /** kill -9. */
  kill(): Promise<number> {
    return this.end('SIGKILL');
  }

  stop(): Promise<number> {
    return this.end('SIGTERM');
  }

  /** Exit code; -1 for a signal. */
  private async end(signal: NodeJS.Signals): Promise<number> {
    if (this.alive) {
      const exited = once(this.child, 'exit');
      this.child.kill(signal);
      await exited;
    }
    return this.child.exitCode ?? -1;
  }
}
