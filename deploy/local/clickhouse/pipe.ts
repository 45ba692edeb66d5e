/** Rows from the engine through a named pipe: it blocks when we are slow, so memory stays bounded however large the answer. */
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';

/**
 * Runs `query`, which writes to the pipe, and hands every piece to `take`, waiting for it. Gives the query's own result.
 * When `take` fails, `stop` is called and the rest is read and thrown away: the engine does not notice a reader that leaves,
 * and a thread of its blocked on a full pipe could not be stopped.
 */
export async function throughPipe<T>(
  path: string,
  query: () => Promise<T>,
  take: (piece: Buffer) => Promise<void>,
  stop: () => void,
): Promise<T> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const socket = new Socket({ fd, readable: true, writable: false });
  const ended = query().finally(() => endPipe(path));
  ended.catch(() => undefined);
  let failure: { error: unknown } | undefined;
  for await (const piece of socket) {
    if (failure) continue;
    await take(piece as Buffer).catch((error: unknown) => {
      failure = { error };
      stop();
    });
  }
  const result = await ended.catch((error: unknown) => {
    throw failure ? failure.error : error;
  });
  if (failure) throw failure.error;
  return result;
}

/** A query may end without opening the pipe (no rows to tell, or refused): opening and closing it ends the reading. */
function endPipe(path: string): void {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
  }
}
