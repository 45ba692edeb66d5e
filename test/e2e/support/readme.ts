import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../schemas/root';

/** The shell blocks of README.md, in order. Blocks marked `text` are not for running. */
export function readmeBlocks(): string[] {
  const text = readFileSync(join(projectRoot(), 'README.md'), 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((m) => (m[1] as string).trim());
}
