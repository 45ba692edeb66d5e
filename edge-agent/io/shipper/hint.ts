/** The agent's own note of what was shipped: for the time before the stream can be asked, and in case it has forgotten. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { type Clock } from '../clock';
import { type Commits } from './commit';

export interface HintStore {
  read(): Promise<Commits | undefined>;
  write(commits: Commits): Promise<void>;
}

/** Not synced: an old note is as good as none, only the stream decides. */
export class HintFile implements HintStore {
  constructor(private readonly path: string) {}

  async read(): Promise<Commits | undefined> {
    try {
      return JSON.parse(await readFile(this.path, 'utf8')) as Commits;
    } catch {
      return undefined;
    }
  }

  async write(commits: Commits): Promise<void> {
    await writeFile(`${this.path}.new`, JSON.stringify(commits));
    await rename(`${this.path}.new`, this.path);
  }
}

const INTERVAL_MS = 5_000;

/** Writes the note now and then. A disk that does not take it only makes the note older. */
export class Note {
  private writtenAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly store: HintStore,
    private readonly clock: Clock,
  ) {}

  read(): Promise<Commits | undefined> {
    return this.store.read();
  }

  async write(commits: Commits, now: boolean): Promise<void> {
    if (!now && this.clock.monotonic() - this.writtenAt < INTERVAL_MS) return;
    this.writtenAt = this.clock.monotonic();
    await this.store.write(commits).catch(() => undefined);
  }
}
