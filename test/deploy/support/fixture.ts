import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../../deploy/local/ports';
import { tcpProbe } from '../../../deploy/local/probes';
import { processesOf } from '../../../deploy/local/supervisor/instance';
import { type ProcessSpec } from '../../../deploy/local/supervisor/spec';
import { type Progress, Supervisor } from '../../../deploy/local/supervisor/supervisor';
import { stopAll } from '../../../deploy/local/supervisor/terminate';
import { type NodeSpec } from '../../../deploy/local/supervisor/spec';

export const CHILD = join(__dirname, 'child.js');

/** A port whose successor is free as well. */
export async function portPair(): Promise<number> {
  for (;;) {
    const [port = 0] = await freePorts(1);
    if ((await tcpProbe('127.0.0.1', port + 1)()) !== undefined) return port;
  }
}

export async function until(condition: () => boolean | Promise<boolean>, timeout_ms = 45_000): Promise<void> {
  const deadline = Date.now() + timeout_ms;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('did not come true in time');
    await sleep(20);
  }
}

/** A directory and an instance of its own; everything that it started ends with it. */
export class Fixture {
  readonly dir = mkdtempSync(join(tmpdir(), 'millrace-supervisor-'));
  readonly instance = randomBytes(6).toString('hex');
  readonly events: Progress[] = [];

  spec(name: string, port: number, traits: readonly string[] = [], more: Partial<ProcessSpec> = {}): ProcessSpec {
    return {
      kind: 'process',
      name,
      needs: [],
      command: process.execPath,
      args: [CHILD, String(port), ...traits],
      env: { LIVES_FILE: join(this.dir, `${name}.lives`) },
      cwd: this.dir,
      ports: [port],
      ready: port ? tcpProbe('127.0.0.1', port) : () => Promise.resolve(undefined),
      readyTimeout_ms: 5_000,
      stopSignal: 'SIGTERM',
      stopTimeout_ms: 1_000,
      ...more,
    };
  }

  supervisor(nodes: readonly NodeSpec[], changed: () => void = () => undefined): Supervisor {
    const { instance } = this;
    return new Supervisor(nodes, { instance, logDir: this.dir, progress: (p) => this.events.push(p), changed });
  }

  pids(): number[] {
    return processesOf(this.instance).map((p) => p.pid);
  }

  async dispose(): Promise<void> {
    await stopAll(processesOf(this.instance), { signal: 'SIGKILL', timeout_ms: 0 });
    rmSync(this.dir, { recursive: true, force: true });
  }
}
