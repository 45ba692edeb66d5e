/** Rows from the engine through a named pipe: it blocks when we are slow, so memory stays bounded however large the answer. */
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';

/**
 * Runs `query`, which writes to the pipe, and hands every piece to `take`, waiting for it. Gives the query's own result.
 * The reader stays to the end even when `take` no longer wants anything: an engine thread blocked on a pipe cannot be killed.
 */
export async function throughPipe<T>(
  path: string,
  query: () => Promise<T>,
  take: (piece: Buffer) => Promise<void>,
): Promise<T> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const socket = new Socket({ fd, readable: true, writable: false });
  const ended = query().finally(() => endPipe(path));
  ended.catch(() => undefined);
  for await (const piece of socket) await take(piece as Buffer);
  return ended;
}

/** A query may end without opening the pipe (no rows to tell, or refused): opening and closing it ends the reading. */
function endPipe(path: string): void {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
  }
}
