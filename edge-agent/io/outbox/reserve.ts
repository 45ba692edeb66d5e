/** Room kept on disk for the moment it is full: gaps and command results must still find a place. */
import { dirname } from 'node:path';
import { RESERVE_BYTES } from './bounds';
import { type OutboxFs } from './fs';

export class Reserve {
  missing = true;

  constructor(
    private readonly fs: OutboxFs,
    private readonly path: string,
  ) {}

  /** Writes the reserve if there is none. A disk too full for it has none: then it is missing, and tried again later. */
  async restore(): Promise<void> {
    try {
      const known = await this.fs.openForReading(this.path).then(
        async (file) => {
          const bytes = await file.size();
          await file.close();
          return bytes;
        },
        () => -1,
      );
      this.missing = known < RESERVE_BYTES && !(await this.make(known >= 0));
    } catch {
      this.missing = true;
    }
  }

  /** Gives the room back. False when there was none. */
  async release(): Promise<boolean> {
    if (this.missing) return false;
    this.missing = true;
    return this.fs.remove(this.path).then(
      () => true,
      () => false,
    );
  }

  private async make(there: boolean): Promise<boolean> {
    if (there) await this.fs.remove(this.path);
    const file = await this.fs.create(this.path);
    try {
      await file.write(Buffer.alloc(RESERVE_BYTES, 0xff), 0);
      await file.datasync();
      await this.fs.syncDirectory(dirname(this.path));
      return true;
    } catch {
      await this.fs.remove(this.path).catch(() => undefined);
      return false;
    } finally {
      await file.close();
    }
  }
}
