/**
 * One process owns the data directory. The lock is a listening socket named after the directory's inode: the kernel frees
 * it at the owner's death, however it dies, and hands it to one contender only. On Linux the name is abstract, so nothing
 * stays on disk; elsewhere it is a socket file, removed when nobody answers on it.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, statSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class OwnedError extends Error {
  readonly code = 'owned';
  readonly operation = 'open data directory';

  constructor(
    readonly dir: string,
    owner: string,
    readonly hint = 'stop that process, or give this one another CLICKHOUSE_DATA_DIR',
  ) {
    super(`${dir} is owned by ${owner}: ${hint}`);
    this.name = 'OwnedError';
  }
}

const ASK_TIMEOUT_MS = 1_000;

/** Takes the directory; `about` is told to whoever is refused. Throws OwnedError. */
export async function own(dir: string, about: object): Promise<{ release: () => void }> {
  mkdirSync(dir, { recursive: true });
  const name = socketName(dir);
  for (let attempt = 0; ; attempt++) {
    const server = await listen(name, JSON.stringify(about));
    if (server) return { release: () => void server.close() };
    const owner = await ask(name);
    if (owner !== undefined || attempt > 0) throw new OwnedError(dir, owner || 'another process');
    if (!name.startsWith('\0')) unlinkSync(name);
  }
}

function socketName(dir: string): string {
  const { dev, ino } = statSync(dir);
  const id = createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 32);
  return process.platform === 'linux'
    ? `\0millrace-clickhouse-${id}`
    : join(tmpdir(), `millrace-clickhouse-${id}.sock`);
}

function listen(name: string, about: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.end(about);
    });
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(name, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** What the owner says of itself; undefined when nobody listens, empty when it does not say. */
function ask(name: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(name);
    socket.setTimeout(ASK_TIMEOUT_MS, () => socket.destroy());
    socket.on('data', (chunk) => (said += chunk.toString()));
    socket.on('close', () => resolve(said));
    socket.on('error', () => resolve(undefined));
  });
}
