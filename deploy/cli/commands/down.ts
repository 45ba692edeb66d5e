/** Stops whatever runs for a data directory: by way of its launcher, or, when that was killed, without it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LauncherError } from '../../local/supervisor/errors';
import { processesOf } from '../../local/supervisor/instance';
import { lockOwner, takeLock } from '../../local/supervisor/launcher-lock';
import { listenersOn } from '../../local/supervisor/listeners';
import { isAlive, type ProcessId } from '../../local/supervisor/process-table';
import { type ProcessRecord, readRunFile, type RunFile, writeRunFile } from '../../local/supervisor/run-file';
import { stopAll, stopGroup } from '../../local/supervisor/terminate';
import { type Context } from '../context';
import { EXIT } from '../errors';
import { rememberedPorts } from '../up/ports';

const LAUNCHER_TIMEOUT_MS = 90_000;
const GRACE = { signal: 'SIGTERM', timeout_ms: 20_000 } as const;
const POLL_MS = 100;

/** The edge first, so that what it still sends is taken in; the components that everything rests on last. */
const TIERS: readonly RegExp[] = [/^(agent|plant)$/, /^(registry|presence|projector|relay|worker|api)$/, /./];

export async function down(context: Context): Promise<number> {
  const dir = context.dir();
  const { err } = context.io;
  const launcher = lockOwner(dir.lock);
  if (launcher) await stopLauncher(launcher, err);
  const left = processesOf(dir.instance);
  if (left.length > 0) await withoutLauncher(context, left);
  else if (!launcher) err(`millrace: nothing is running in ${dir.path}\n`);
  verify(context);
  if (launcher || left.length > 0) err('millrace: everything has stopped\n');
  return EXIT.ok;
}

async function stopLauncher(launcher: ProcessId, say: (text: string) => void): Promise<void> {
  say(`millrace: asking the launcher (pid ${launcher.pid}) to stop everything ...\n`);
  process.kill(launcher.pid, 'SIGTERM');
  const deadline = Date.now() + LAUNCHER_TIMEOUT_MS;
  while (isAlive(launcher) && Date.now() < deadline) await sleep(POLL_MS);
  if (!isAlive(launcher)) return;
  say('millrace: it does not end; killing it\n');
  process.kill(launcher.pid, 'SIGKILL');
}

async function withoutLauncher(context: Context, left: readonly ProcessId[]): Promise<void> {
  const dir = context.dir();
  const release = takeLock(dir.lock);
  try {
    context.io.err(`millrace: the launcher is gone; stopping ${left.length} processes that it left ...\n`);
    const run = readRunFile(dir.runFile);
    const alive = (run?.processes ?? []).filter((p) => p.id && isAlive(p.id));
    for (const tier of byTier(alive))
      await Promise.all(tier.flatMap((p) => (p.id ? [stopGroup(p.id.pid, GRACE)] : [])));
    await stopAll(processesOf(dir.instance), GRACE);
    if (run) writeRunFile(dir.runFile, stoppedRun(run));
  } finally {
    release();
  }
}

function byTier(records: readonly ProcessRecord[]): ProcessRecord[][] {
  const tierOf = (r: ProcessRecord): number => TIERS.findIndex((t) => t.test(r.name));
  return TIERS.map((_, i) => records.filter((r) => tierOf(r) === i));
}

function stoppedRun(run: RunFile): RunFile {
  return {
    ...run,
    phase: 'stopped',
    processes: run.processes.map((p) => ({ ...p, id: null, state: 'stopped' as const })),
  };
}

/** Looks instead of believing: no process of the instance, and nobody of it on its ports. */
function verify(context: Context): void {
  const dir = context.dir();
  const left = processesOf(dir.instance);
  const pids = new Set(left.map((p) => p.pid));
  const ports = Object.values(rememberedPorts(dir)).flatMap((p) => p ?? []);
  const held = listenersOn(ports).filter((l) => l.pid !== undefined && pids.has(l.pid));
  if (left.length === 0) return;
  const what = `${[...pids].join(', ')}${held.length > 0 ? ` (ports ${held.map((h) => h.port).join(', ')})` : ''}`;
  throw new LauncherError(
    'not-ready',
    'down',
    `these processes do not end: pid ${what}`,
    `end them with: kill -9 ${[...pids].join(' ')}`,
  );
}
