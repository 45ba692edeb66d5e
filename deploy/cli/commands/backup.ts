/**
 * `millrace backup`: what the platform keeps, as of one moment. The components are stopped where they are (SIGSTOP), the broker first, so
 * that whatever the others have of it is in its copy, too; copied, as after a loss of power they would be found; and go on.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type DataDir } from '../../local/data-dir';
import { run } from '../../local/install/run';
import { processesOf } from '../../local/supervisor/instance';
import { isAlive, type ProcessId } from '../../local/supervisor/process-table';
import { readRunFile, writeAtomically } from '../../local/supervisor/run-file';
import { type Context } from '../context';
import { CliError, EXIT } from '../errors';
import { json } from '../io';

/** In the order in which they are stopped: effects after their causes. */
const COMPONENTS = ['kafka', 'schema-registry', 'temporal', 'clickhouse'] as const;
/** What an agent has stays with the agent: it ships again what a restored log does not know. */
const KEPT = [...COMPONENTS, 'images', 'secrets', 'ports.json'];
const MANIFEST = 'backup.json';
const COPY_TIMEOUT_MS = 3_600_000;

interface Manifest {
  readonly version: 1;
  /** ms since 1970, when everything stood still. */
  readonly taken_at: number;
  readonly parts: readonly string[];
}

export interface BackupOptions {
  readonly json?: boolean;
}

export interface RestoreOptions {
  readonly confirm?: boolean;
}

/** A folder that is there is never written into: a backup is whole or it is not there. */
export async function backup(context: Context, folder: string, options: BackupOptions): Promise<number> {
  const dir = context.dir();
  const target = resolve(folder);
  if (existsSync(target))
    throw new CliError('usage', 'backup', `${target} is there already`, 'name a folder that is not there');
  const parts = KEPT.filter((name) => existsSync(join(dir.path, name)));
  if (!parts.includes('kafka'))
    throw new CliError('failed', 'backup', `${dir.path} has no broker of ours`, 'back up your own Kafka by its means');
  const draft = `${target}.draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  const taken_at = Date.now();
  const paused_ms = await whileStill(dir, () => copied(dir.path, draft, parts));
  writeAtomically(join(draft, MANIFEST), json({ version: 1, taken_at, parts } satisfies Manifest));
  renameSync(draft, target);
  if (options.json) context.io.out(json({ folder: target, taken_at, paused_ms }));
  else context.io.err(`millrace: ${target} holds ${parts.join(', ')}; they stood still for ${paused_ms} ms\n`);
  return EXIT.ok;
}

/** Puts a backup in place of what is there, which is kept beside it. */
export async function restore(context: Context, folder: string, options: RestoreOptions): Promise<number> {
  const dir = context.dir();
  const { parts, taken_at } = manifestIn(folder);
  if (processesOf(dir.instance).length > 0)
    throw new CliError('failed', 'restore', `something runs in ${dir.path}`, 'stop it first: millrace down');
  const at = new Date(taken_at).toISOString();
  if (!options.confirm) {
    context.io.err(`would put ${parts.join(', ')} of ${at} into ${dir.path}: add --confirm to do it\n`);
    return EXIT.usage;
  }
  const aside = join(dir.path, `replaced-${Date.now()}`);
  mkdirSync(aside, { recursive: true, mode: 0o700 });
  for (const name of KEPT) if (existsSync(join(dir.path, name))) renameSync(join(dir.path, name), join(aside, name));
  await copied(resolve(folder), dir.path, parts);
  context.io.err(`millrace: as of ${at}; what was there before is in ${aside}. Start it with: millrace up\n`);
  return EXIT.ok;
}

function manifestIn(folder: string): Manifest {
  try {
    const found = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8')) as Manifest;
    const missing = found.parts.filter((name) => !readdirSync(folder).includes(name));
    if (found.version === 1 && missing.length === 0) return found;
    throw new Error(`version ${found.version}, without ${missing.join(', ') || 'nothing'}`);
  } catch (cause) {
    const hint = 'name a folder that `millrace backup` has made';
    throw new CliError('usage', 'restore', `${folder} is no backup: ${(cause as Error).message}`, hint, { cause });
  }
}

/** ms for which nothing moved. A signal that ends this program lets the components go on first. */
async function whileStill(dir: DataDir, work: () => Promise<void>): Promise<number> {
  const records = readRunFile(dir.runFile)?.processes ?? [];
  const running = COMPONENTS.flatMap((name) => records.find((r) => r.name === name)?.id ?? []).filter(isAlive);
  const goOn = (): void => signal(running, 'SIGCONT');
  const cut = (): void => {
    goOn();
    process.exit(EXIT.interrupted);
  };
  const begun = Date.now();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, cut);
  try {
    signal(running, 'SIGSTOP');
    await work();
  } finally {
    goOn();
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.removeListener(name, cut);
  }
  return Date.now() - begun;
}

function signal(processes: readonly ProcessId[], name: 'SIGSTOP' | 'SIGCONT'): void {
  for (const id of processes) if (isAlive(id)) process.kill(id.pid, name);
}

/** With the file system's own copies where it has them. */
async function copied(from: string, to: string, parts: readonly string[]): Promise<void> {
  const sources = parts.map((name) => join(from, name));
  const args = ['-a', '--reflink=auto', ...sources, to];
  const { exitCode, stderr } = await run('cp', args, { timeout_ms: COPY_TIMEOUT_MS });
  if (exitCode === 0) return;
  throw new CliError(
    'failed',
    'copy',
    stderr.trim() || `cp ended with ${exitCode}`,
    'is there room, and may you write there?',
  );
}
