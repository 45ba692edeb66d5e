/** Serial ports made of pseudo terminals: a cable from one to another, or from one to this process. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
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

  /** What is said into a cable that was cut is lost. */
  send(bytes: Buffer): void {
    if (!this.child.stdin.writableEnded) this.child.stdin.write(bytes);
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

/** The ports that links led to, and how many of them this process has open: it knows them by this name, also when the link is gone. */
export function openPorts(): { know(link: string): void; open(): number } {
  const ports = new Set<string>();
  const targetOf = (fd: string): string => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return 'closed meanwhile';
    }
  };
  return {
    know: (link) => void ports.add(readlinkSync(link)),
    open: () => readdirSync('/proc/self/fd').filter((fd) => ports.has(targetOf(fd))).length,
  };
}
