/** The whole platform as a user has it: `./millrace` in a data directory and on ports of the test's own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../../deploy/local/ports';
import { publicPorts, variableOf } from '../../../deploy/local/port-plan';
import { readRunFile, type RunFile } from '../../../deploy/local/supervisor/run-file';
import { projectRoot } from '../../../schemas/root';

const UP_TIMEOUT_MS = 300_000;
const CLI_TIMEOUT_MS = 120_000;
/** JVMs that live for minutes: compiling their hot paths as well as can be costs more than it gives. */
const SHORT_LIVED = { JAVA_TOOL_OPTIONS: '-XX:TieredStopAtLevel=1' };
/** Most of what is waited for asks the command line, whose start costs half a second of processor. */
const POLL_MS = 1_000;
export const millrace = join(projectRoot(), 'millrace');

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProcessStatus {
  readonly name: string;
  readonly pid: number;
  readonly state: string;
  readonly address: string;
  readonly restarts: number;
  readonly lag: number | null;
}

export interface Status {
  readonly healthy: boolean;
  readonly launcher_pid: number;
  readonly processes: readonly ProcessStatus[];
}

export class Platform {
  private launcher: ChildProcess | undefined;
  /** What the launcher printed since it was last started. */
  printed = '';

  private constructor(
    readonly data: string,
    readonly env: NodeJS.ProcessEnv,
    readonly ports: Readonly<Record<string, number>>,
  ) {}

  static async create(): Promise<Platform> {
    const data = mkdtempSync(join(tmpdir(), 'millrace-e2e-'));
    const free = await freePorts(publicPorts.length);
    const ports = Object.fromEntries(publicPorts.map((name, i) => [name, free[i] as number]));
    const chosen = publicPorts.map((name) => [variableOf(name), String(ports[name])]);
    return new Platform(
      data,
      { ...process.env, ...Object.fromEntries(chosen), MILLRACE_DATA: data, NO_COLOR: '1', ...SHORT_LIVED },
      ports,
    );
  }

  /** `./millrace up` in the foreground; resolves with the seconds it took until it said it is ready. */
  async up(): Promise<number> {
    const begun = performance.now();
    this.printed = '';
    const child = spawn(millrace, ['up'], { env: this.env, cwd: projectRoot(), stdio: ['ignore', 'pipe', 'pipe'] });
    this.launcher = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (d: Buffer) => (this.printed += d.toString()));
    await until(
      () => /ready after/.test(this.printed) || child.exitCode !== null,
      'up says it is ready',
      UP_TIMEOUT_MS,
    );
    if (child.exitCode !== null) throw new Error(`up exited with ${child.exitCode}:\n${this.printed}`);
    return (performance.now() - begun) / 1_000;
  }

  cli(...args: string[]): Promise<Finished> {
    return run(millrace, args, this.env);
  }

  /** A script as a user would paste it. */
  shell(script: string): Promise<Finished> {
    return run('bash', ['-euo', 'pipefail', '-c', script], this.env);
  }

  /** Straight to ClickHouse: what is asked again and again would otherwise start a command line each time. */
  async sql<T = Record<string, unknown>>(query: string): Promise<T[]> {
    const password = readFileSync(join(this.data, 'secrets', 'clickhouse-password'), 'utf8').trim();
    const answer = await fetch(`http://127.0.0.1:${this.ports['clickhouse']}/?database=millrace`, {
      method: 'POST',
      headers: { 'X-ClickHouse-User': 'millrace', 'X-ClickHouse-Key': password },
      body: `${query} FORMAT JSONEachRow`,
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as T);
  }

  async status(): Promise<Status> {
    return JSON.parse((await this.cli('status', '--json')).stdout) as Status;
  }

  async process(name: string): Promise<ProcessStatus> {
    const found = (await this.status()).processes.find((p) => p.name === name);
    if (!found) throw new Error(`status knows no ${name}`);
    return found;
  }

  /** kill -9 of a process; resolves when the launcher has another one ready in its place. */
  async killAndWait(name: string): Promise<void> {
    const { pid } = this.recorded(name);
    process.kill(pid, 'SIGKILL');
    const replaced = (): boolean => this.recorded(name).pid !== pid && this.recorded(name).state === 'ready';
    await until(replaced, `${name} is ready again`, 120_000);
    await this.untilHealthy();
  }

  /** As the launcher has it on disk: whoever waits need not start a command line for each look. */
  runFile(): RunFile {
    const run = readRunFile(join(this.data, 'run.json'));
    if (!run) throw new Error('no launcher has written what it runs');
    return run;
  }

  private recorded(name: string): { readonly pid: number; readonly state: string } {
    const found = this.runFile().processes.find((p) => p.name === name);
    if (!found) throw new Error(`run.json knows no ${name}`);
    return { pid: found.id?.pid ?? 0, state: found.state };
  }

  /** kill -9 of the launcher alone: its children go on. */
  async killLauncher(): Promise<void> {
    const { launcher_pid } = await this.status();
    const gone = new Promise((resolve) => this.launcher?.once('exit', resolve));
    process.kill(launcher_pid, 'SIGKILL');
    await gone;
  }

  async untilHealthy(): Promise<void> {
    const late = async (): Promise<string> => {
      const { processes } = await this.status();
      return JSON.stringify(processes.filter((p) => p.state !== 'ready'));
    };
    await until(async () => (await this.status()).healthy, 'everything is healthy again', 120_000).catch(
      async (error: Error) => {
        throw new Error(`${error.message}; not ready: ${await late()}`);
      },
    );
  }

  async down(): Promise<Finished> {
    return this.cli('down');
  }

  async destroy(): Promise<void> {
    await this.down();
    this.launcher?.kill('SIGKILL');
    rmSync(this.data, { recursive: true, force: true });
  }
}

export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeout_ms: number,
): Promise<void> {
  const end = Date.now() + timeout_ms;
  while (Date.now() < end) {
    if (await condition()) return;
    await new Promise((r) => setTimeout(r, POLL_MS));
  }
  throw new Error(`not within ${timeout_ms} ms: ${what}`);
}

function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(
      file,
      args,
      { env, cwd: projectRoot(), timeout: CLI_TIMEOUT_MS, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, stdout, stderr });
      },
    );
  });
}
