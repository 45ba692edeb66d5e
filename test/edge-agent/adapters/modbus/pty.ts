/** Serial ports made of pseudo terminals: a cable from one to another, or from one to this process. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Readable, type Writable } from 'node:stream';
import { projectRoot } from '../../../../schemas/root';
import { until } from '../../../contract/adapter/observer';

export class Cable {
  private constructor(private readonly child: ChildProcessByStdio<Writable, Readable, null>) {}

  /** Resolves when the ports are there. With one link, this process holds the other end. */
  static async lay(...links: string[]): Promise<Cable> {
    const script = join(projectRoot(), 'test/edge-agent/adapters/modbus/pty.py');
    const child = spawn('python3', [script, ...links], { stdio: ['pipe', 'pipe', 'inherit'] });
    await until('the pseudo terminals', () => child.exitCode !== null || links.every((l) => existsSync(l)), 10_000);
    if (child.exitCode !== null) throw new Error(`pty.py ended with ${child.exitCode}`);
    return new Cable(child);
  }

  send(bytes: Buffer): void {
    this.child.stdin.write(bytes);
  }

  onData(take: (chunk: Buffer) => void): void {
    this.child.stdout.on('data', take);
  }

  /** The ports are gone when it resolves, as when a USB adapter is pulled. */
  async cut(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const exited = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin.end();
    await exited;
  }
}
