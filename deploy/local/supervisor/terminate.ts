/** Ends process groups: asks first, insists later, and looks whether they are really gone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { groupMembers, groupOf, identify, isAlive, type ProcessId } from './process-table';

const POLL_MS = 50;
const KILL_WAIT_MS = 5_000;

/** Negative: a group. Nobody there is what we want, so it is no error. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'ESRCH') throw e;
  }
}

/** The leader is one read, the whole group a walk over /proc: looked at only once the leader is gone. */
const groupGone = (group: number): boolean => identify(group) === undefined && groupMembers(group).length === 0;

async function goneWithin(group: number, timeout_ms: number, forced?: AbortSignal): Promise<boolean> {
  const deadline = Date.now() + timeout_ms;
  while (!groupGone(group)) {
    if (forced?.aborted || Date.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

export interface StopOptions {
  readonly signal: NodeJS.Signals;
  readonly timeout_ms: number;
  /** Aborted: no more patience. */
  readonly forced?: AbortSignal;
}

/** Resolves when no member of the group is left: how it went. The caller made the group or has verified its leader. */
export async function stopGroup(group: number, options: StopOptions): Promise<'gone' | 'stopped' | 'killed'> {
  if (groupGone(group)) return 'gone';
  signal(-group, options.signal);
  if (await goneWithin(group, options.timeout_ms, options.forced)) return 'stopped';
  signal(-group, 'SIGKILL');
  await goneWithin(group, KILL_WAIT_MS);
  return 'killed';
}

/** Stops processes found by a scan: each leader with its group; a member of a foreign group alone. */
export async function stopAll(found: readonly ProcessId[], options: StopOptions): Promise<void> {
  const groups = new Set<number>();
  const singles: ProcessId[] = [];
  const ids = new Set(found.map((p) => p.pid));
  for (const p of found) {
    const group = groupOf(p.pid);
    if (group !== undefined && ids.has(group)) groups.add(group);
    else singles.push(p);
  }
  await Promise.all([...[...groups].map((g) => stopGroup(g, options)), ...singles.map((p) => stopOne(p, options))]);
}

async function stopOne(id: ProcessId, options: StopOptions): Promise<void> {
  const send = (name: NodeJS.Signals): void => {
    if (isAlive(id)) signal(id.pid, name);
  };
  send(options.signal);
  const deadline = Date.now() + options.timeout_ms;
  while (isAlive(id) && Date.now() < deadline && !options.forced?.aborted) await sleep(POLL_MS);
  send('SIGKILL');
  while (isAlive(id) && Date.now() < deadline + KILL_WAIT_MS) await sleep(POLL_MS);
}
