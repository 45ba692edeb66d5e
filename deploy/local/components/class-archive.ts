/**
 * Class data sharing: a JVM that maps an archive of parsed classes starts in half the time. The archive is made by
 * running a component once, on free ports and in a temporary folder, and ending it in order.
 */
import { existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../install/run';
import { freePorts } from '../ports';
import { type ComponentSpec } from './spec';

export interface ArchiveTrainee {
  readonly ports: number;
  readonly specOf: (dataDir: string, ports: readonly number[]) => ComponentSpec;
}

/** Also ends a JVM whose launcher was killed meanwhile. */
const MAX_TRAINING_s = 60;
/** The archive is written after the signal to end: 4 s alone, a minute on a machine that is busy with other things. */
const MAX_WRITING_s = 60;
const POLL_ms = 200;
const ARCHIVE = 'classes.jsa';
/** Says why there is no archive, so that it is not tried again at every start, but some other day. */
const FAILED = 'classes.jsa.failed';
const RETRY_ms = 24 * 3_600_000;

/** Flag for a JVM whose program is installed in `dir`. Without an archive, or with one of another Java, it does nothing. */
export function classArchiveFlags(dir: string): string[] {
  return ['-Xshare:auto', `${USE}${join(dir, ARCHIVE)}`];
}

const USE = '-XX:SharedArchiveFile=';

export function hasClassArchive(dir: string): boolean {
  if (existsSync(join(dir, ARCHIVE))) return true;
  const failed = statSync(join(dir, FAILED), { throwIfNoEntry: false });
  return failed !== undefined && Date.now() - failed.mtimeMs < RETRY_ms;
}

/** Never throws: the component works without, only slower to start. */
export async function makeClassArchive(
  dir: string,
  trainee: ArchiveTrainee,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-training-'));
  const fresh = join(dir, `${ARCHIVE}.${process.pid}`);
  try {
    const spec = trainee.specOf(dataDir, await freePorts(trainee.ports));
    await spec.prepare();
    await runOnce(spec, fresh, env);
    await check(spec, fresh);
    renameSync(fresh, join(dir, ARCHIVE));
  } catch (error) {
    if (!(error instanceof Interrupted)) writeFileSync(join(dir, FAILED), String(error));
  } finally {
    rmSync(fresh, { force: true });
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Exit codes of a JVM that SIGINT or SIGTERM ended. */
const BY_SIGNAL = new Set([130, 143]);

/** Somebody else ended the training: that says nothing about the component. */
class Interrupted extends Error {}

/** The archive is written while the JVM ends. */
async function runOnce(spec: ComponentSpec, archive: string, env: NodeJS.ProcessEnv): Promise<void> {
  const args = spec.args.map((arg) => (arg.startsWith(USE) ? `-XX:ArchiveClassesAtExit=${archive}` : arg));
  const ended = new AbortController();
  // --foreground: Ctrl-C reaches it
  const bounded = ['--foreground', `--kill-after=${MAX_WRITING_s}`, String(MAX_TRAINING_s), spec.command, ...args];
  const running = run('timeout', bounded, {
    cwd: spec.cwd,
    env: { ...env, ...spec.env },
    stop: ended.signal,
  });
  let over = false;
  const outcome = running.finally(() => (over = true));
  let ready = false;
  while (!over && !ready) {
    ready = (await spec.ready()).ready;
    if (!ready) await sleep(POLL_ms);
  }
  ended.abort();
  const { exitCode, stderr } = await outcome;
  if (ready) return;
  if (exitCode === null || BY_SIGNAL.has(exitCode)) throw new Interrupted(`${spec.name} was ended`);
  throw new Error(`${spec.name} did not start: ${stderr}`);
}

/** A torn archive can crash the JVM that maps it. */
async function check(spec: ComponentSpec, archive: string): Promise<void> {
  const flags = spec.args.map((arg) => (arg.startsWith(USE) ? `${USE}${archive}` : arg));
  const at = flags.findIndex((arg) => arg === '-cp' || arg === '-jar');
  const args = [...flags.slice(0, at), '-XX:+VerifySharedSpaces', '-cp', flags[at + 1] ?? '', '-version'];
  const result = await run(
    spec.command,
    args.map((arg) => arg.replace('-Xshare:auto', '-Xshare:on')),
  );
  if (result.exitCode !== 0) throw new Error(`the archive cannot be used: ${result.stdout}${result.stderr}`);
}
