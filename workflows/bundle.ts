/**
 * The workflows as one file, made ahead: bundling takes a second or two, loading it milliseconds. The file lies beside
 * the compiled workflows and is named after the content it was made of, so that it is never stale.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, type Logger } from '@temporalio/worker';

/** Folders, beside each other, that workflow code may import from. */
const SOURCES = ['workflows', 'services/domain', 'schemas'];
const PREFIX = 'bundle-';

/** `compiledRoot` is the folder holding workflows/, services/ and schemas/ as JavaScript or TypeScript. */
export async function workflowBundle(compiledRoot: string, logger: Logger): Promise<{ code: string }> {
  const dir = join(compiledRoot, 'workflows');
  const name = `${PREFIX}${digest(compiledRoot)}.cjs`;
  const cached = read(join(dir, name));
  if (cached !== undefined) return { code: cached };
  const { code } = await bundleWorkflowCode({ workflowsPath: entryPoint(dir), logger });
  keep(dir, name, code, logger);
  return { code };
}

const entryPoint = (dir: string): string =>
  ['index.js', 'index.ts'].map((f) => join(dir, f)).find(existsSync) ?? join(dir, 'index.js');

/** The SDK is part of the bundle, so its version counts too. */
function digest(root: string): string {
  const hash = createHash('sha256').update(readFileSync(require.resolve('@temporalio/workflow/package.json')));
  for (const source of SOURCES)
    for (const entry of readdirSync(join(root, source), { recursive: true, withFileTypes: true })
      .filter((e) => e.isFile() && /\.[jt]s$/.test(e.name))
      .map((e) => join(e.parentPath, e.name))
      .sort())
      hash.update(entry.slice(root.length)).update('\0').update(readFileSync(entry)).update('\0');
  return hash.digest('hex').slice(0, 16);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A folder that cannot be written (a read-only image without a bundle) costs a slower start, nothing else. */
function keep(dir: string, name: string, code: string, logger: Logger): void {
  try {
    const temporary = join(dir, `${name}.${process.pid}.tmp`);
    writeFileSync(temporary, code);
    renameSync(temporary, join(dir, name));
    for (const old of readdirSync(dir))
      if (old.startsWith(PREFIX) && old.endsWith('.cjs') && old !== name) rmSync(join(dir, old), { force: true });
  } catch (error) {
    logger.warn('workflow bundle not kept: the next start bundles again', { error: (error as Error).message });
  }
}
