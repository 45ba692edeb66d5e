import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';

interface StampedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Says that an installation was completed, and of what files. */
interface Stamp {
  readonly digest: string;
  readonly files: readonly StampedFile[];
}

const STAMP = 'installed.json';

/** Lists and hashes every file of a finished installation; written last, so that its presence means completeness. */
export async function writeStamp(dir: string, digest: string): Promise<void> {
  const files: StampedFile[] = [];
  for (const path of filesUnder(dir)) {
    files.push({ path: relative(dir, path), bytes: statSync(path).size, sha256: await sha256Of(path) });
  }
  writeFileSync(join(dir, STAMP), JSON.stringify({ digest, files } satisfies Stamp, null, 1));
}

/** Whether the folder holds that installation whole. Looks at sizes only; with `verify` at every byte. */
export async function isIntact(dir: string, digest: string, verify = false): Promise<boolean> {
  const stamp = readStamp(dir);
  if (stamp?.digest !== digest) return false;
  for (const file of stamp.files) {
    const path = join(dir, file.path);
    if (statSync(path, { throwIfNoEntry: false })?.size !== file.bytes) return false;
    if (verify && (await sha256Of(path)) !== file.sha256) return false;
  }
  return true;
}

export function installedBytes(dir: string): number {
  return readStamp(dir)?.files.reduce((sum, file) => sum + file.bytes, 0) ?? 0;
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

function readStamp(dir: string): Stamp | undefined {
  try {
    return JSON.parse(readFileSync(join(dir, STAMP), 'utf8')) as Stamp;
  } catch {
    return undefined; // absent or torn: not installed
  }
}

function filesUnder(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
