/** The few operations of a file system the outbox rests on; tests give one that fails and forgets. */
import { spawnSync } from 'node:child_process';
import { open, mkdir, readdir, rename, unlink, type FileHandle } from 'node:fs/promises';
import { OutboxError, type OutboxErrorCode } from '../outbox-api';

export interface OutboxFile {
  /** Writes all bytes at a position. */
  write(bytes: Buffer, position: number): Promise<void>;
  /** Fewer bytes than asked for only at the end of the file. */
  read(position: number, length: number): Promise<Buffer>;
  size(): Promise<number>;
  truncate(length: number): Promise<void>;
  /** Returns when what was written survives a loss of power. */
  datasync(): Promise<void>;
  close(): Promise<void>;
}

export interface OutboxFs {
  makeDirectory(path: string): Promise<void>;
  list(path: string): Promise<string[]>;
  /** A new file; fails when there is one. */
  create(path: string): Promise<OutboxFile>;
  openForReading(path: string): Promise<OutboxFile>;
  openForWriting(path: string): Promise<OutboxFile>;
  remove(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Makes creations, renames and removals in a directory durable. */
  syncDirectory(path: string): Promise<void>;
  /** Holds a lock that ends with the process. Throws OutboxError `locked` or `lock-unavailable`. */
  lock(path: string): Promise<() => Promise<void>>;
}

class NodeFile implements OutboxFile {
  constructor(private readonly handle: FileHandle) {}

  async write(bytes: Buffer, position: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
  }

  async read(position: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.handle.read(buffer, done, length - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return buffer.subarray(0, done);
  }

  async size(): Promise<number> {
    return (await this.handle.stat()).size;
  }

  truncate(length: number): Promise<void> {
    return this.handle.truncate(length);
  }

  datasync(): Promise<void> {
    return this.handle.datasync();
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

export const nodeFs: OutboxFs = {
  makeDirectory: async (path) => void (await mkdir(path, { recursive: true })),
  list: (path) => readdir(path),
  create: async (path) => new NodeFile(await open(path, 'wx+')),
  openForReading: async (path) => new NodeFile(await open(path, 'r')),
  openForWriting: async (path) => new NodeFile(await open(path, 'r+')),
  remove: (path) => unlink(path),
  rename: (from, to) => rename(from, to),
  syncDirectory: async (path) => {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  lock: lockWithFlock,
};

const FLOCK_TAKEN = 1;

/**
 * flock(2) through flock(1), on a descriptor we share with it and keep: the kernel drops the lock when this process
 * ends, however it ends, and no stale file has to be told from a live one.
 */
async function lockWithFlock(path: string): Promise<() => Promise<void>> {
  const handle = await open(path, 'a');
  const { status, error, stderr } = spawnSync('flock', ['-n', '3'], {
    stdio: ['ignore', 'ignore', 'pipe', handle.fd],
    encoding: 'utf8',
  });
  if (status === 0) return () => handle.close();
  await handle.close();
  if (status === FLOCK_TAKEN)
    throw new OutboxError('locked', `lock ${path}`, 'another process holds it', 'is this agent already running?');
  const message = error?.message ?? stderr;
  throw new OutboxError('lock-unavailable', `lock ${path}`, message, 'install flock (util-linux or busybox)', {
    cause: error,
  });
}

const BY_ERRNO: Readonly<Record<string, { code: OutboxErrorCode; hint: string }>> = {
  ENOSPC: { code: 'disk-full', hint: 'make room on the disk, or give the outbox a smaller bound' },
  EDQUOT: { code: 'disk-full', hint: 'raise the quota, or give the outbox a smaller bound' },
  EROFS: { code: 'read-only', hint: 'the file system was mounted or turned read-only: look at the kernel log' },
  EACCES: { code: 'read-only', hint: 'give the agent’s user write access to the data directory' },
  EPERM: { code: 'read-only', hint: 'give the agent’s user write access to the data directory' },
};

/** What a failed system call means for the outbox. */
export function diskError(operation: string, cause: unknown): OutboxError {
  if (cause instanceof OutboxError) return cause;
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const known = BY_ERRNO[code] ?? { code: 'io' as const, hint: 'look at the kernel log: the disk may be failing' };
  return new OutboxError(known.code, operation, message, known.hint, { cause });
}

/** Whole file. Segments are bounded, so is this. */
export async function readWhole(fs: OutboxFs, path: string): Promise<Buffer> {
  const file = await fs.openForReading(path);
  try {
    return await file.read(0, await file.size());
  } finally {
    await file.close();
  }
}
