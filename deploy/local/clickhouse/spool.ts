/** The data of an INSERT on its way in: whole on disk before the engine sees it, so a broken upload inserts nothing. */
import { open, rm } from 'node:fs/promises';
import { FrontError } from './errors';
import { MAX_INSERT_BYTES, MAX_SPOOL_BYTES } from './limits';

/** Pieces come as a socket gives them; they are written so many bytes at a time, for every write costs as much as one. */
const WRITE_BYTES = 1024 * 1024;

export class Spool {
  private total = 0;
  private next = 0;

  constructor(
    private readonly dir: string,
    private readonly maxInsert_bytes = MAX_INSERT_BYTES,
    private readonly maxTotal_bytes = MAX_SPOOL_BYTES,
  ) {}

  get bytes(): number {
    return this.total;
  }

  /** Writes the pieces to a file, lets `use` have it, and removes it. Throws LIMIT_EXCEEDED, NOT_ENOUGH_SPACE. */
  async with<T>(pieces: AsyncIterable<Buffer>, use: (path: string, bytes: number) => Promise<T>): Promise<T> {
    const path = `${this.dir}/data-${this.next++}`;
    const size = { bytes: 0 };
    try {
      await this.write(path, pieces, size);
      return await use(path, size.bytes);
    } finally {
      this.total -= size.bytes;
      await rm(path, { force: true });
    }
  }

  private async write(path: string, pieces: AsyncIterable<Buffer>, size: { bytes: number }): Promise<void> {
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const piece of gathered(pieces, (bytes) => this.count(size, bytes))) await file.appendFile(piece);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      throw new FrontError('NOT_ENOUGH_SPACE', 'No space left to receive the data', { cause: error });
    } finally {
      await file.close();
    }
  }

  private count(size: { bytes: number }, bytes: number): void {
    size.bytes += bytes;
    this.total += bytes;
    this.check(size.bytes);
  }

  private check(bytes: number): void {
    if (bytes > this.maxInsert_bytes)
      throw new FrontError('LIMIT_EXCEEDED', `The data of one INSERT is longer than ${this.maxInsert_bytes} bytes`);
    if (this.total > this.maxTotal_bytes)
      throw new FrontError(
        'TOO_MANY_SIMULTANEOUS_QUERIES',
        `INSERTs under way hold ${this.maxTotal_bytes} bytes, which is the limit`,
      );
  }
}

async function* gathered(pieces: AsyncIterable<Buffer>, count: (bytes: number) => void): AsyncIterable<Buffer> {
  let held: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    count(piece.length);
    held.push(piece);
    bytes += piece.length;
    if (bytes < WRITE_BYTES) continue;
    yield Buffer.concat(held, bytes);
    held = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(held, bytes);
}
