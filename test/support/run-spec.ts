/** Runs one component of deploy/local/components for a test, so that it never outlives the test process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ComponentSpec } from '../../deploy/local/components/spec';

const POLL_ms = 100;
const SHOWN_LOG_CHARS = 4_000;

export interface RunningSpec {
  readonly pid: number;
  /** From spawn to ready. */
  readonly start_ms: number;
  /** Stop signal, then SIGKILL; resolves when the whole group is gone. */
  stop(): Promise<void>;
  /** kill -9 of the whole group. */
  kill(): Promise<void>;
}

/** Prepares, starts, waits until ready. Its output is appended to `logFile`. Rejects with the log's tail. */
export async function runSpec(spec: ComponentSpec, logFile: string): Promise<RunningSpec> {
  await spec.prepare();
  const started_ms = performance.now();
  const child = spawnInOwnGroup(spec, logFile);
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${spec.name}: ${spec.command} cannot be started`);
  const guard = guardGroup(pid);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    signalGroup(pid, signal);
    const exited = await waitForExit(child, spec.stopTimeout_ms);
    signalGroup(pid, 'SIGKILL');
    if (!exited) await waitForExit(child, spec.stopTimeout_ms);
    guard.kill('SIGKILL');
  };
  const kill = (): Promise<void> => end('SIGKILL');
  try {
    await waitReady(spec, child, logFile);
  } catch (error) {
    await kill();
    throw error;
  }
  return { pid, start_ms: performance.now() - started_ms, stop: () => end(spec.stopSignal), kill };
}

function spawnInOwnGroup(spec: ComponentSpec, logFile: string): ChildProcess {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  const env = { ...process.env, ...spec.env };
  const child = spawn(spec.command, spec.args, { cwd: spec.cwd, env, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  child.on('error', () => undefined); // seen by the missing pid
  return child;
}

/** kill -9 of the group. dash does not take `-9 --`. */
const KILL_GROUP = 'kill -s KILL -- "-$1"';

/** A shell whose input ends when this process dies, however it dies; then it runs the script with the argument. */
export function whenThisProcessDies(script: string, argument: string): ChildProcess {
  const guard = spawn('/bin/sh', ['-c', `cat >/dev/null; ${script}`, 'guard', argument], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  (guard.stdin as unknown as { unref?(): void }).unref?.();
  return guard;
}

export function guardGroup(pid: number): ChildProcess {
  return whenThisProcessDies(KILL_GROUP, String(pid));
}

async function waitReady(spec: ComponentSpec, child: ChildProcess, logFile: string): Promise<void> {
  const deadline_ms = performance.now() + spec.startTimeout_ms;
  for (;;) {
    const probe = await spec.ready();
    if (hasExited(child)) throw failure(spec, `exited with ${child.exitCode ?? child.signalCode}`, logFile);
    if (probe.ready) return;
    if (performance.now() > deadline_ms) throw failure(spec, `not ready: ${probe.reason}`, logFile);
    await sleep(POLL_ms);
  }
}

function failure(spec: ComponentSpec, what: string, logFile: string): Error {
  return new Error(`${spec.name}: ${what}\n${readFileSync(logFile, 'utf8').slice(-SHOWN_LOG_CHARS)}`);
}

const hasExited = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

function waitForExit(child: ChildProcess, timeout_ms: number): Promise<boolean> {
  if (hasExited(child)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), timeout_ms);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
