import { run } from './run';

/**
 * `temporal`, when the one on PATH is of our major version and not older than the one we would install: an older
 * server cannot open the state a newer one wrote. Undefined otherwise.
 */
export async function temporalOnPath(wanted: string, env?: NodeJS.ProcessEnv): Promise<string | undefined> {
  const result = await run('temporal', ['--version'], { timeout_ms: 10_000, ...(env && { env }) });
  const found = /temporal version (\d+\.\d+\.\d+)/.exec(result.stdout)?.[1];
  return found !== undefined && isAtLeast(found, wanted) ? 'temporal' : undefined;
}

/** Same major version, and not older. */
export function isAtLeast(found: string, wanted: string): boolean {
  const [a, b] = [found.split('.').map(Number), wanted.split('.').map(Number)];
  if (a[0] !== b[0]) return false;
  const i = b.findIndex((part, at) => part !== a[at]);
  return i === -1 || (a[i] ?? 0) > (b[i] ?? 0);
}
