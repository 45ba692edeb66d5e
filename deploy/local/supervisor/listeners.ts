/** Who listens on a TCP port: /proc/net/tcp gives the socket's inode, /proc/PID/fd whose it is. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { commandLine, pids } from './process-table';

export interface Listener {
  readonly port: number;
  /** Undefined when it is another user's: the kernel does not tell us then. */
  readonly pid?: number;
  readonly command?: string;
}

const LISTEN = '0A';

function orEmpty<T>(read: () => T[]): T[] {
  try {
    return read();
  } catch {
    return []; // gone meanwhile, another user's, or no such protocol family
  }
}

/** Inodes of listening sockets by port. */
function listening(): Map<number, string[]> {
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((f) => orEmpty(() => readFileSync(f, 'utf8').split('\n')));
  const found = new Map<number, string[]>();
  for (const line of lines) {
    const fields = line.trim().split(/\s+/);
    const port = Number.parseInt(fields[1]?.split(':').at(-1) ?? '', 16);
    const inode = fields[9];
    if (fields[3] === LISTEN && inode) found.set(port, [...(found.get(port) ?? []), inode]);
  }
  return found;
}

/** Owners of sockets among the processes that we may look into. */
function ownersOf(inodes: ReadonlySet<string>): Map<string, number> {
  const owners = new Map<string, number>();
  for (const pid of pids()) {
    if (owners.size === inodes.size) break;
    for (const fd of orEmpty(() => readdirSync(`/proc/${pid}/fd`))) {
      const target = orEmpty(() => [readlinkSync(`/proc/${pid}/fd/${fd}`)])[0] ?? '';
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode && inodes.has(inode)) owners.set(inode, pid);
    }
  }
  return owners;
}

/** The listeners on these ports, one entry per taken port. */
export function listenersOn(ports: readonly number[]): Listener[] {
  const all = listening();
  const taken = ports.flatMap((port) => all.get(port)?.map((inode) => ({ port, inode })) ?? []);
  if (taken.length === 0) return [];
  const owners = ownersOf(new Set(taken.map((t) => t.inode)));
  const byPort = new Map<number, Listener>();
  for (const { port, inode } of taken) {
    const pid = owners.get(inode);
    const known = byPort.get(port);
    if (known?.pid === undefined)
      byPort.set(port, pid === undefined ? { port } : { port, pid, command: commandLine(pid) });
  }
  return [...byPort.values()];
}

/** Ports on which processes listen. */
export const listeningPorts = (): ReadonlySet<number> => new Set(listening().keys());
