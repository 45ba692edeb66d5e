/** The helper that runs components for tests: nothing outlives the test process, however that ends. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ComponentSpec, notReady, READY, type Readiness } from '../../../deploy/local/components/spec';
import { guardGroup, runSpec } from '../../support/run-spec';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'millrace-run-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function shell(script: string, ready: ComponentSpec['ready'] = async () => READY): ComponentSpec {
  return {
    ...{ name: 'kafka', command: '/bin/sh', args: ['-c', script], env: {}, cwd: dir, ready },
    ...{ prepare: async () => undefined, address: '', clientEnv: {}, ports: [] },
    ...{ stopSignal: 'SIGTERM', stopTimeout_ms: 300, startTimeout_ms: 300 },
  };
}

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

/** Waits for the pid that a script wrote. */
async function pidIn(name: string): Promise<number> {
  const file = join(dir, name);
  while (!existsSync(file) || !readFileSync(file, 'utf8').endsWith('\n')) await sleep(10);
  return Number(readFileSync(file, 'utf8'));
}

async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(10);
}

test('ends the children too, and one that ignores the signal', async () => {
  const running = await runSpec(shell(`trap '' TERM; sleep 60 & echo $! >child; wait; sleep 60`), join(dir, 'log'));
  const child = await pidIn('child');
  await running.stop();
  await gone(child);
  expect(isAlive(running.pid)).toBe(false);
});

test('says why it did not start, with the end of its log', async () => {
  const thinking = async (): Promise<Readiness> => notReady('still thinking');
  const failing = { ...shell('echo out of luck; exit 3', thinking), startTimeout_ms: 60_000 };
  await expect(runSpec(failing, join(dir, 'log'))).rejects.toThrow(/exited with 3\nout of luck/);
  const never = shell('sleep 60', thinking);
  await expect(runSpec(never, join(dir, 'log'))).rejects.toThrow('not ready: still thinking');
});

test('a group dies with the process that guards it', async () => {
  const guarded = spawn('/bin/sh', ['-c', 'sleep 60'], { detached: true, stdio: 'ignore' });
  const guard = guardGroup(guarded.pid ?? 0);
  guard.stdin?.destroy(); // what the kernel does when this process is killed
  await gone(guarded.pid ?? 0);
});
