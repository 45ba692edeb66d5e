/** Bounded log files that outlive the launcher: the child owns the descriptor, so a killed launcher breaks no pipe. */
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';

export const MAX_LOG_BYTES = 16 * 1024 * 1024;
export const KEPT_LOGS = 3;

export const logPath = (dir: string, name: string): string => join(dir, `${name}.log`);

/** Opened for appending: after a truncation the child goes on at the new end, not at its old offset. */
export function openLog(dir: string, name: string): number {
  mkdirSync(dir, { recursive: true });
  const path = logPath(dir, name);
  rotate(path);
  return openSync(path, 'a', 0o600);
}

/**
 * Beyond the bound the file's content moves to `.1` (… up to KEPT_LOGS) by copy and truncate, because the child keeps
 * its descriptor; lines written between the two are lost, which for logs is the lesser evil.
 */
export function rotate(path: string, maxBytes: number = MAX_LOG_BYTES): boolean {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= maxBytes) return false;
  for (let n = KEPT_LOGS - 1; n >= 1; n--)
    if (existsSync(`${path}.${n}`)) renameSync(`${path}.${n}`, `${path}.${n + 1}`);
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
  return true;
}

const TAIL_BYTES = 64 * 1024;

/** The last lines of a file, at most 64 KiB of them; none when it does not exist. */
export function lastLines(path: string, count: number): string[] {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return [];
  const from = Math.max(0, size - TAIL_BYTES);
  const buffer = Buffer.alloc(size - from);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, buffer, 0, buffer.length, from);
  } finally {
    closeSync(fd);
  }
  const lines = buffer.toString('utf8').replace(/\n$/, '').split('\n');
  return lines.slice(-count);
}
