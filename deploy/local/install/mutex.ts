import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { InstallError } from './errors';

const POLL_ms = 250;
const MAX_WAIT_ms = 15 * 60_000;

/**
 * Runs `work` while no other process runs it under the same file. The lock of a dead process is taken over. Two
 * processes taking over at the same instant may both get it: what they do under it must be safe then, only wasteful
 * (installs end in one atomic rename).
 */
export async function withMutex<T>(file: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  for (let waited_ms = 0; !tryLock(file); waited_ms += POLL_ms) {
    if (waited_ms >= MAX_WAIT_ms) throw busy(file);
    await sleep(POLL_ms);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function tryLock(file: string): boolean {
  try {
    const fd = openSync(file, 'wx');
    writeSync(fd, identity(process.pid) ?? String(process.pid));
    closeSync(fd);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (isStale(file)) takeAway(file);
  return false;
}

function isStale(file: string): boolean {
  try {
    const holder = readFileSync(file, 'utf8');
    if (holder === '') return false; // being written just now
    return identity(Number(holder.split(' ')[0])) !== holder;
  } catch {
    return false; // given back meanwhile
  }
}

function takeAway(file: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    rmSync(aside, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** `pid start-time` of a living process: the start time tells a reused pid apart. Undefined when it is gone. */
function identity(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return undefined;
  }
}

function busy(file: string): InstallError {
  const hint = `if no other millrace is installing, remove ${file}`;
  return new InstallError('busy', 'install components', 'another process has been installing for too long', hint);
}
