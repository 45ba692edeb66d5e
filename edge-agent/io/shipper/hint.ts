/** The agent's own note of what was shipped, for the case that the stream has forgotten. */
import { readFile, rename, writeFile } from 'node:fs/promises';
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
