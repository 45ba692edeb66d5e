/** One launcher per data directory. The lock names its owner, so that a dead one's lock can be told and taken over. */
import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { LauncherError } from './errors';
import { identify, isAlive, type ProcessId } from './process-table';

const MAX_ATTEMPTS = 5;

const codeOf = (e: unknown): string | undefined => (e as NodeJS.ErrnoException).code;

function read(path: string): ProcessId | undefined {
  try {
    const [pid, start] = readFileSync(path, 'utf8').trim().split(' ');
    return pid && start ? { pid: Number(pid), start } : undefined;
  } catch (e) {
    if (codeOf(e) === 'ENOENT') return undefined;
    throw e;
  }
}

/** The live owner of the lock, if there is one. */
export function lockOwner(path: string): ProcessId | undefined {
  const owner = read(path);
  return owner && isAlive(owner) ? owner : undefined;
}

/** A hard link either appears whole or fails: nobody sees a lock without an owner. */
function tryLink(path: string, self: ProcessId): boolean {
  const draft = `${path}.${self.pid}`;
  writeFileSync(draft, `${self.pid} ${self.start}\n`);
  try {
    linkSync(draft, path);
    return true;
  } catch (e) {
    if (codeOf(e) !== 'EEXIST') throw e;
    return false;
  } finally {
    unlinkSync(draft);
  }
}

/** Moves a dead owner's lock away. Of several who try, one succeeds; a live one's that slipped in is put back. */
function clearStale(path: string): void {
  const grave = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, grave);
  } catch (e) {
    if (codeOf(e) === 'ENOENT') return;
    throw e;
  }
  if (lockOwner(grave)) renameSync(grave, path);
  else unlinkSync(grave);
}

/** Returns how to release it. Throws LauncherError `launcher-running` when a live launcher has it. */
export function takeLock(path: string): () => void {
  const self = identify(process.pid);
  if (!self) throw new LauncherError('prerequisite', 'lock', '/proc does not show this process', 'is /proc mounted?');
  mkdirSync(dirname(path), { recursive: true });
  for (let n = 0; n < MAX_ATTEMPTS; n++) {
    if (tryLink(path, self)) return () => release(path, self);
    const owner = lockOwner(path);
    if (owner) throw alreadyRunning(owner);
    clearStale(path);
  }
  throw new LauncherError('launcher-running', 'lock', `${path} changes hands all the time`, 'try again');
}

function release(path: string, self: ProcessId): void {
  if (read(path)?.start === self.start) unlinkSync(path);
}

function alreadyRunning(owner: ProcessId): LauncherError {
  return new LauncherError(
    'launcher-running',
    'up',
    `already running here (launcher pid ${owner.pid})`,
    'see `millrace status`, stop it with `millrace down`, or run a second one with --data DIR --ports auto',
  );
}
