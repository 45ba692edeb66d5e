/** A file system in memory that forgets what was not synced, tears what it was writing, fills up and fails on demand. */
import { dirname } from 'node:path';
import { OutboxError } from '../../../../edge-agent/io/outbox-api';
import { type OutboxFile, type OutboxFs } from '../../../../edge-agent/io/outbox/fs';

type Change = { readonly at: number; readonly bytes: Buffer } | { readonly length: number };

interface Inode {
  synced: Buffer;
  content: Buffer;
  unsynced: Change[];
}

export type Operation = 'create' | 'write' | 'datasync' | 'truncate' | 'remove' | 'rename' | 'syncDirectory' | 'open';

const PAGE_BYTES = 512;

export class MemoryFs implements OutboxFs {
  /** Bytes all files may take. */
  capacity = Number.MAX_SAFE_INTEGER;
  /** Called before an operation; what it returns is thrown. */
  fault: (operation: Operation, path: string) => NodeJS.ErrnoException | undefined = () => undefined;
  operations = 0;
  private durableNames = new Map<string, Inode>();
  private names = new Map<string, Inode>();
  private readonly locks = new Set<string>();
  private dead = false;

  /** The disk as the next start finds it after a loss of power; this one is unusable from now on. */
  crash(random: () => number): MemoryFs {
    this.dead = true;
    const next = new MemoryFs();
    const all = new Set([...this.durableNames.keys(), ...this.names.keys()]);
    for (const path of all) {
      const [before, after] = [this.durableNames.get(path), this.names.get(path)];
      const inode = before === after || random() < 0.5 ? after : before;
      if (inode) next.put(path, survivors(inode, random));
    }
    return next;
  }

  /** A copy of the disk as it is, all synced. */
  copy(): MemoryFs {
    const next = new MemoryFs();
    for (const [path, inode] of this.names) next.put(path, Buffer.from(inode.content));
    return next;
  }

  paths(): string[] {
    return [...this.names.keys()].sort();
  }

  bytesOf(path: string): Buffer {
    return Buffer.from(this.inode(path).content);
  }

  put(path: string, bytes: Buffer): void {
    const inode = { synced: bytes, content: bytes, unsynced: [] };
    this.names.set(path, inode);
    this.durableNames.set(path, inode);
  }

  get used(): number {
    return [...this.names.values()].reduce((n, i) => n + i.content.length, 0);
  }

  makeDirectory(): Promise<void> {
    return this.act(() => undefined);
  }

  list(path: string): Promise<string[]> {
    return this.act(() =>
      [...this.names.keys()].filter((p) => dirname(p) === path).map((p) => p.slice(path.length + 1)),
    );
  }

  create(path: string): Promise<OutboxFile> {
    return this.act(() => {
      this.check('create', path);
      if (this.names.has(path)) throw errno('EEXIST', path);
      this.names.set(path, { synced: Buffer.alloc(0), content: Buffer.alloc(0), unsynced: [] });
      return this.file(path);
    });
  }

  openForReading(path: string): Promise<OutboxFile> {
    return this.act(() => this.file(path));
  }

  openForWriting(path: string): Promise<OutboxFile> {
    return this.act(() => {
      this.check('open', path);
      return this.file(path);
    });
  }

  remove(path: string): Promise<void> {
    return this.act(() => {
      this.check('remove', path);
      this.inode(path);
      this.names.delete(path);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.act(() => {
      this.check('rename', from);
      this.names.set(to, this.inode(from));
      this.names.delete(from);
    });
  }

  syncDirectory(path: string): Promise<void> {
    return this.act(() => {
      this.check('syncDirectory', path);
      for (const p of [...this.durableNames.keys()])
        if (dirname(p) === path && !this.names.has(p)) this.durableNames.delete(p);
      for (const [p, inode] of this.names) if (dirname(p) === path) this.durableNames.set(p, inode);
    });
  }

  lock(path: string): Promise<() => Promise<void>> {
    return this.act(() => {
      if (this.locks.has(path)) throw new OutboxError('locked', 'lock', 'held', 'already running');
      this.locks.add(path);
      return () => {
        this.locks.delete(path);
        return Promise.resolve();
      };
    });
  }

  private file(path: string): OutboxFile {
    const inode = this.inode(path);
    return {
      write: (bytes, at) =>
        this.act(() => {
          this.check('write', path);
          const grown = Math.max(inode.content.length, at + bytes.length);
          if (this.used + grown - inode.content.length > this.capacity) {
            const part = bytes.subarray(0, Math.max(0, this.capacity - this.used));
            apply(inode, { at, bytes: Buffer.from(part) });
            throw errno('ENOSPC', path);
          }
          apply(inode, { at, bytes: Buffer.from(bytes) });
        }),
      read: (at, length) => this.act(() => Buffer.from(inode.content.subarray(at, at + length))),
      size: () => this.act(() => inode.content.length),
      truncate: (length) =>
        this.act(() => {
          this.check('truncate', path);
          apply(inode, { length });
        }),
      datasync: () =>
        this.act(() => {
          this.check('datasync', path);
          inode.synced = inode.content;
          inode.unsynced = [];
        }),
      close: () => Promise.resolve(),
    };
  }

  private inode(path: string): Inode {
    const inode = this.names.get(path);
    if (!inode) throw errno('ENOENT', path);
    return inode;
  }

  private check(operation: Operation, path: string): void {
    this.operations++;
    const error = this.fault(operation, path);
    if (error) throw error;
  }

  /** One turn of the event loop per call, as a disk gives. A dead disk answers nothing any more. */
  private act<T>(f: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        if (this.dead) return;
        try {
          resolve(f());
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  }
}

export function errno(code: string, path = ''): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

function apply(inode: Inode, change: Change): void {
  inode.unsynced.push(change);
  inode.content = applied(inode.content, change);
}

function applied(content: Buffer, change: Change): Buffer {
  if ('length' in change) return Buffer.from(content.subarray(0, change.length));
  const out = Buffer.alloc(Math.max(content.length, change.at + change.bytes.length));
  content.copy(out);
  change.bytes.copy(out, change.at);
  return out;
}

/** Synced bytes, and of what was not synced any pages, in no order. */
function survivors(inode: Inode, random: () => number): Buffer {
  let content = inode.synced;
  const mood = random();
  for (const change of inode.unsynced) {
    if (mood < 0.3) continue;
    if ('length' in change) {
      if (random() < 0.5) content = applied(content, change);
      continue;
    }
    for (let at = 0; at < change.bytes.length; at += PAGE_BYTES)
      if (mood > 0.9 || random() < 0.6)
        content = applied(content, { at: change.at + at, bytes: change.bytes.subarray(at, at + PAGE_BYTES) });
  }
  return content;
}
