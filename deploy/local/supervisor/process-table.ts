/** What the kernel knows about processes (/proc). A pid alone may be reused: with its start time it is an identity. */
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessId {
  readonly pid: number;
  /** Boot id and start time in clock ticks after it: never the same for two processes of one machine. */
  readonly start: string;
}

interface Stat {
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly start_ticks: string;
}

const BOOT = readOr('/proc/sys/kernel/random/boot_id', 'unknown').slice(0, 8);

function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return fallback; // gone meanwhile, or another user's
  }
}

/** proc(5): the command is in parentheses and may hold any character, so fields count from the last ')'. */
function stat(pid: number): Stat | undefined {
  const text = readOr(`/proc/${pid}/stat`, '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group] = fields;
  const start_ticks = fields[19];
  if (!state || !start_ticks) return undefined;
  return { state, parent: Number(parent), group: Number(group), start_ticks };
}

const dead = (s: Stat | undefined): boolean => s === undefined || s.state === 'Z' || s.state === 'X';

const idOf = (pid: number, s: Stat): ProcessId => ({ pid, start: `${BOOT}:${s.start_ticks}` });

/** The identity of a child, which may have died already but has not been reaped. */
export function identityOf(pid: number): ProcessId | undefined {
  const s = stat(pid);
  return s && idOf(pid, s);
}

/** The process's identity; undefined when there is none, or only a zombie. */
export function identify(pid: number): ProcessId | undefined {
  const s = stat(pid);
  return s && !dead(s) ? idOf(pid, s) : undefined;
}

export function isAlive(id: ProcessId): boolean {
  return identify(id.pid)?.start === id.start;
}

/** Every live process of this machine that we may see. */
export function pids(): number[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** Live members of a process group; a leader may be gone while its children remain. */
export function groupMembers(group: number): number[] {
  return pids().filter((pid) => {
    const s = stat(pid);
    return s?.group === group && !dead(s);
  });
}

/** The process and its ancestors, the nearest first. */
export function ancestry(pid: number): number[] {
  const line: number[] = [];
  for (let p = pid; p > 0 && !line.includes(p); p = stat(p)?.parent ?? 0) line.push(p);
  return line;
}

export const groupOf = (pid: number): number | undefined => stat(pid)?.group;

/** Live processes whose environment has the variable with an accepted value; unreadable ones are another user's. */
export function findByEnvironment(variable: string, accepts: (value: string) => boolean): ProcessId[] {
  const marker = `${variable}=`;
  return pids().flatMap((pid) => {
    const entry = readOr(`/proc/${pid}/environ`, '')
      .split('\0')
      .find((e) => e.startsWith(marker));
    const id = entry !== undefined && accepts(entry.slice(marker.length)) ? identify(pid) : undefined;
    return id ? [id] : [];
  });
}

/** The command line, shortened: for people. */
export function commandLine(pid: number, length = 100): string {
  const line = readOr(`/proc/${pid}/cmdline`, '').split('\0').join(' ').trim();
  return line.length > length ? `${line.slice(0, length)}…` : line;
}
