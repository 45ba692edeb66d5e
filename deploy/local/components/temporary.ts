import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** A JVM's own folder for temporary files: what a killed one leaves there is removed at its next start. */
const TEMPORARY = 'tmp';

export function emptyTemporary(dir: string): void {
  rmSync(join(dir, TEMPORARY), { recursive: true, force: true });
  mkdirSync(join(dir, TEMPORARY), { recursive: true });
}

export function temporaryFlag(dir: string): string {
  return `-Djava.io.tmpdir=${join(dir, TEMPORARY)}`;
}
