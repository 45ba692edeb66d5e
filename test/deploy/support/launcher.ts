import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DataDir, dataDir } from '../../../deploy/local/data-dir';
import { processesOf } from '../../../deploy/local/supervisor/instance';
import { type ProcessRecord, readRunFile, type RunFile } from '../../../deploy/local/supervisor/run-file';
import { stopAll } from '../../../deploy/local/supervisor/terminate';
import { until } from './fixture';

export interface FakeNode {
  readonly name: string;
  readonly port: number;
  readonly traits?: readonly string[];
  readonly needs?: readonly string[];
  readonly build?: string;
}

const START_MS = 60_000;

/** A launcher in a process of its own, over a data directory that may outlive it. */
export class Launcher {
  stderr = '';
  readonly ended: Promise<number | string>;
  private readonly child: ChildProcess;

  constructor(
    readonly dir: DataDir,
    nodes: readonly FakeNode[],
  ) {
    const hook = join(__dirname, 'typescript.js');
    this.child = spawn(process.execPath, ['-r', hook, join(__dirname, 'fake-launcher.ts'), dir.path], {
      env: { ...process.env, FAKE_NODES: JSON.stringify(nodes) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((resolve) => this.child.once('close', (code, signal) => resolve(code ?? signal ?? '?')));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  run(): RunFile | undefined {
    return readRunFile(this.dir.runFile);
  }

  record(name: string): ProcessRecord | undefined {
    return this.run()?.processes.find((p) => p.name === name);
  }

  async ready(): Promise<void> {
    const ended = this.ended.then((how) => {
      throw new Error(`ended (${how}) before it was ready:\n${this.stderr}`);
    });
    const ready = until(() => this.run()?.phase === 'ready' && this.run()?.launcher.pid === this.pid, START_MS);
    await Promise.race([ready, ended]);
  }

  signal(name: NodeJS.Signals): Promise<number | string> {
    this.child.kill(name);
    return this.ended;
  }
}

/** Data directories for one test; nothing of them survives it. */
export class Directories {
  private readonly dirs: DataDir[] = [];

  make(): DataDir {
    const dir = dataDir(mkdtempSync(join(tmpdir(), 'millrace-launcher-')));
    this.dirs.push(dir);
    return dir;
  }

  pids(dir: DataDir): number[] {
    return processesOf(dir.instance).map((p) => p.pid);
  }

  async dispose(): Promise<void> {
    for (const dir of this.dirs.splice(0)) {
      const launcher = readRunFile(dir.runFile)?.launcher;
      const found = processesOf(dir.instance);
      await stopAll(launcher ? [...found, launcher] : found, { signal: 'SIGKILL', timeout_ms: 0 });
      rmSync(dir.path, { recursive: true, force: true });
    }
  }
}
