/** `up --detach`: the launcher goes to the background, and this process watches it until everything is ready. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { optionOf, publicPorts } from '../../local/port-plan';
import { logPath, openLog } from '../../local/supervisor/log-file';
import { readRunFile } from '../../local/supervisor/run-file';
import { addressed, type Context } from '../context';
import { EXIT } from '../errors';
import { portOption, type RawUpOptions } from './options';
import { StopSignals } from './signals';
import { summary } from './summary';

const POLL_MS = 100;
export const LAUNCHER_LOG = 'launcher';

export async function detach(context: Context, raw: RawUpOptions): Promise<number> {
  const { projectRoot, env, io } = context;
  const dir = context.dir();
  const log = openLog(dir.logs, LAUNCHER_LOG);
  const path = logPath(dir.logs, LAUNCHER_LOG);
  const follow = follower(path, io.err);
  const main = join(projectRoot, 'dist', 'deploy', 'cli', 'main.js');
  const child = spawn(process.execPath, [main, '--data', dir.path, 'up', ...argumentsOf(raw), '--no-summary'], {
    cwd: process.cwd(),
    env: { ...env, NO_COLOR: '1' },
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let ended: number | undefined;
  child.once('exit', (code) => (ended = code ?? EXIT.failed));
  const signals = new StopSignals();
  signals.on(
    () => child.kill('SIGTERM'),
    () => child.kill('SIGTERM'),
  );
  try {
    while (ended === undefined) {
      follow();
      const run = readRunFile(dir.runFile);
      if (run?.launcher.pid === child.pid && run?.phase === 'ready') {
        follow();
        io.out(summary(run.facts, addressed(context), io));
        child.unref();
        return EXIT.ok;
      }
      await sleep(POLL_MS);
    }
    follow();
    return signals.asked ? EXIT.interrupted : ended;
  } finally {
    signals.dispose();
  }
}

/** The same options again, for the background half. */
export function argumentsOf(raw: RawUpOptions): string[] {
  const ports = publicPorts.flatMap((name) => {
    const value = portOption(raw, name);
    return value === undefined ? [] : [optionOf(name), value];
  });
  return [
    ...(raw.plant ? [] : ['--no-plant']),
    ...(raw.secure === true ? ['--secure'] : []),
    ...(raw.profile === undefined ? [] : ['--profile', raw.profile]),
    ...(raw.ports === undefined ? [] : ['--ports', raw.ports]),
    ...(raw.without ?? []).flatMap((name) => ['--without', name]),
    ...ports,
  ];
}

/** Passes on what is appended from now on. */
export function follower(path: string, write: (text: string) => void): () => void {
  let position = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return () => {
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size < position) position = 0; // rotated
    if (size === position) return;
    const buffer = Buffer.alloc(size - position);
    const fd = openSync(path, 'r');
    const read = readSync(fd, buffer, 0, buffer.length, position);
    closeSync(fd);
    position += read;
    write(buffer.toString('utf8', 0, read));
  };
}
