/** A whole platform of its own, as `millrace up` starts it: for benchmarks, and for chaos that kills its processes. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type DataDir, dataDir } from '../../../deploy/local/data-dir';
import { readRunFile } from '../../../deploy/local/supervisor/run-file';
import { projectRoot } from '../../../schemas/root';

const START_TIMEOUT_MS = 300_000;
const SHOWN_CHARS = 4_000;

export class Instance {
  private constructor(
    readonly dir: DataDir,
    private readonly token: string,
    private readonly upArguments: readonly string[],
  ) {}

  /** Resolves when everything but `without` is ready; the folder is removed by `stop`. A profile as text is YAML already. `env`: beside what this process has. */
  static async start(
    profile: object | string,
    without: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Instance> {
    const path = mkdtempSync(join(tmpdir(), 'millrace-run-'));
    const profileFile = join(path, 'profile.yaml');
    writeFileSync(profileFile, typeof profile === 'string' ? profile : stringify(profile));
    const left = without.flatMap((name) => ['--without', name]);
    const upArguments = ['up', '--detach', '--ports', 'auto', '--profile', profileFile, ...left];
    const { code, output } = await cli(path, upArguments, env);
    const dir = dataDir(join(path, 'data'));
    if (code !== 0) {
      await cli(path, ['down']);
      rmSync(path, { recursive: true, force: true });
      throw new Error(`up ended with ${code}:\n${output.slice(-SHOWN_CHARS)}`);
    }
    return new Instance(dir, readFileSync(dir.secrets.apiToken, 'utf8').trim(), upArguments);
  }

  /** Addresses and files, as the launcher recorded them. */
  get facts(): Readonly<Record<string, string>> {
    return readRunFile(this.dir.runFile)?.facts ?? {};
  }

  /** Undefined while it is being started again. */
  pid(name: string): number | undefined {
    const process = readRunFile(this.dir.runFile)?.processes.find((p) => p.name === name);
    return process?.id?.pid;
  }

  isReady(name: string): boolean {
    return readRunFile(this.dir.runFile)?.processes.find((p) => p.name === name)?.state === 'ready';
  }

  /** Values the plant took, in its own order. */
  plantWrites(): { unit: number; address: number; value: number; at: number }[] {
    const file = join(this.dir.of('plant'), 'writes.jsonl');
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as ReturnType<Instance['plantWrites']>[number]);
  }

  /** Calls the API; the body's JSON. Throws with status and answer when it is no 2xx. */
  async api<T>(method: 'GET' | 'POST', path: string, body?: object, headers: Record<string, string> = {}): Promise<T> {
    const answer = await fetch(`${this.apiUrl}/api/v1${path}`, {
      method,
      headers: { ...this.headers, ...headers, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as T;
  }

  /** Uploads a file. */
  async put(path: string, content: Buffer): Promise<void> {
    const headers = { ...this.headers, 'content-type': 'application/octet-stream' };
    const body = new Uint8Array(content);
    const answer = await fetch(`${this.apiUrl}/api/v1${path}`, { method: 'PUT', headers, body });
    if (!answer.ok) throw new Error(`PUT ${path}: ${answer.status} ${await answer.text()}`);
  }

  /** Registers devices, a line of JSON each, and brings them to active. Throws when one is not. */
  async bulk(lines: string): Promise<void> {
    const headers = { ...this.headers, 'content-type': 'application/x-ndjson' };
    const url = `${this.apiUrl}/api/v1/devices:bulk?until=active`;
    const answer = await fetch(url, { method: 'POST', headers, body: lines });
    const text = await answer.text();
    const summary = answer.ok ? (JSON.parse(text.trimEnd().split('\n').at(-1) ?? '{}') as { refused?: number }) : {};
    if (summary.refused !== 0) throw new Error(`bulk: ${answer.status} ${text.slice(0, SHOWN_CHARS)}`);
  }

  /** Calls `on` with each event of the types from the API's stream until aborted. Resolves when it is open. */
  async follow(types: string, on: (data: unknown) => void, signal: AbortSignal): Promise<void> {
    const answer = await fetch(`${this.apiUrl}/api/v1/stream?types=${types}`, { headers: this.headers, signal });
    if (!answer.ok || !answer.body) throw new Error(`stream: ${answer.status}`);
    void (async (body: AsyncIterable<Uint8Array>) => {
      let rest = '';
      const decoder = new TextDecoder();
      for await (const chunk of body) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line.startsWith('data:')) on(JSON.parse(line.slice(5)));
      }
    })(answer.body).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  async sql<T>(query: string): Promise<T[]> {
    const { CLICKHOUSE_URL = '', CLICKHOUSE_USER = '', CLICKHOUSE_PASSWORD_FILE = '' } = this.facts;
    const answer = await fetch(`${CLICKHOUSE_URL}/?database=millrace&default_format=JSONEachRow`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${CLICKHOUSE_USER}:${readFileSync(CLICKHOUSE_PASSWORD_FILE, 'utf8').trim()}`).toString('base64')}`,
      },
      body: query,
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${query}: ${text}`);
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as T);
  }

  /** A verb of the command line for this instance; what it wrote. Throws when it fails. */
  async verb(...args: readonly string[]): Promise<string> {
    const { code, output } = await cli(join(this.dir.path, '..'), args);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}:\n${output.slice(-SHOWN_CHARS)}`);
    return output;
  }

  /** Once more, after `verb('down')`. Resolves when everything is ready. */
  async up(): Promise<void> {
    await this.verb(...this.upArguments);
  }

  async stop(): Promise<void> {
    await cli(join(this.dir.path, '..'), ['down']);
    rmSync(join(this.dir.path, '..'), { recursive: true, force: true });
  }

  private get apiUrl(): string {
    return this.facts['API_URL'] ?? this.facts['MILLRACE_API_URL'] ?? '';
  }

  private get headers(): Record<string, string> {
    return { authorization: `Bearer ${this.token}` };
  }
}

function cli(
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; output: string }> {
  const main = join(projectRoot(), 'dist', 'deploy', 'cli', 'main.js');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, '--data', join(path, 'data'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      timeout: START_TIMEOUT_MS,
    });
    let output = '';
    const keep = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-SHOWN_CHARS * 4));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('exit', (code) => resolve({ code: code ?? -1, output }));
  });
}
