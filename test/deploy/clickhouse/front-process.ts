/** The embedded front as a process of its own, on a free port, in a folder that goes with it. Needs a build. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sourceFiles } from '../../../deploy/clickhouse/files';
import { over } from '../../../deploy/clickhouse/http';
import { migrate } from '../../../deploy/clickhouse/migrate';
import { render } from '../../../deploy/clickhouse/render';
import { projectRoot } from '../../../schemas/root';

export const PASSWORD = 'test-only';
export const ANALYSTS = {
  'analyst-a': { password: 'a-only', tenant: 'tenant-a' },
  'analyst-b': { password: 'b-only', tenant: 'tenant-b' },
  auditor: { password: 'audit' },
};
const START_TIMEOUT_MS = 60_000;

export interface Front {
  url: string;
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  process: ChildProcess;
  /** SQL as the full user; settings and parameters go into the URL. Throws with the server's words. */
  sql(text: string, url?: Record<string, string>): Promise<string>;
  insert(table: string, format: string, body: Uint8Array | string, url?: Record<string, string>): Promise<void>;
  migrate(): Promise<void>;
  /** kill -9 and start again in the same folder. */
  crash(): Promise<void>;
  start(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<number | null>;
  stop(): Promise<void>;
}

export function secretFile(dir: string, name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

export async function startFront(extra: NodeJS.ProcessEnv = {}): Promise<Front> {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-clickhouse-'));
  const env = {
    ...process.env,
    CLICKHOUSE_DATA_DIR: join(dir, 'data'),
    CLICKHOUSE_HTTP_PORT: '0',
    CLICKHOUSE_PASSWORD_FILE: secretFile(dir, 'password', PASSWORD),
    CLICKHOUSE_ANALYSTS_FILE: secretFile(dir, 'analysts', JSON.stringify(ANALYSTS)),
    ...extra,
  };
  const front = new FrontProcess(dir, env);
  await front.start();
  return front;
}

class FrontProcess implements Front {
  url = '';
  process!: ChildProcess;

  constructor(
    readonly dir: string,
    readonly env: NodeJS.ProcessEnv,
  ) {}

  async start(): Promise<void> {
    this.process = spawnFront(this.env);
    this.url = await ready(this.process);
  }

  async sql(text: string, url: Record<string, string> = {}): Promise<string> {
    return this.post(`?${new URLSearchParams(url)}`, text);
  }

  async insert(
    table: string,
    format: string,
    body: Uint8Array | string,
    url: Record<string, string> = {},
  ): Promise<void> {
    await this.post(`?${new URLSearchParams({ ...url, query: `INSERT INTO ${table} FORMAT ${format}` })}`, body);
  }

  async migrate(): Promise<void> {
    const target = { kind: 'single', database: 'millrace' } as const;
    await migrate(over({ url: this.url, user: 'millrace', password: PASSWORD }), render(sourceFiles(), target), target);
  }

  async crash(): Promise<void> {
    await this.kill('SIGKILL');
    await this.start();
  }

  async kill(signal: NodeJS.Signals): Promise<number | null> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return this.process.exitCode;
    const exited = once(this.process, 'exit');
    this.process.kill(signal);
    return ((await exited) as [number | null])[0];
  }

  async stop(): Promise<void> {
    await this.kill('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async post(path: string, body: Uint8Array | string): Promise<string> {
    const headers = { 'X-ClickHouse-User': 'millrace', 'X-ClickHouse-Key': PASSWORD };
    const answer = await fetch(`${this.url}/${path}`, { method: 'POST', headers, body: body as string });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text.trim());
    return text.trimEnd();
  }
}

export function spawnFront(env: NodeJS.ProcessEnv): ChildProcess {
  const main = join(projectRoot(__dirname), 'dist', 'deploy', 'local', 'clickhouse', 'main.js');
  if (!existsSync(main)) throw new Error('the front is not compiled: npx tsc -p tsconfig.build.json');
  return spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Address of a front that says it is ready; throws with what it says when it is not. */
export function ready(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(
      () => reject(new Error(`not ready after ${START_TIMEOUT_MS} ms: ${said}`)),
      START_TIMEOUT_MS,
    );
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      const port = /"port":(\d+).*"msg":"ready"/.exec(said)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(`http://127.0.0.1:${port}`);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`exited with ${code}: ${said}`));
    });
  });
}
