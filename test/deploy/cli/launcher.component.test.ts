/** The launcher as a process: signals, a violent end and what comes after, two of them, and what belongs to nobody. */
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { down } from '../../../deploy/cli/commands/down';
import { type Context } from '../../../deploy/cli/context';
import { statusOf } from '../../../deploy/cli/status';
import { type DataDir } from '../../../deploy/local/data-dir';
import { freePorts } from '../../../deploy/local/ports';
import { listenersOn } from '../../../deploy/local/supervisor/listeners';
import { CHILD, until } from '../support/fixture';
import { Directories, Launcher } from '../support/launcher';

jest.setTimeout(60_000);

const dirs = new Directories();
afterEach(() => dirs.dispose());

function contextOf(dir: DataDir): Context {
  const io = { out: () => undefined, err: () => undefined, outTty: false, errTty: false, input: false };
  return { projectRoot: '', env: {}, io: { ...io, color: { out: false, err: false } }, dir: () => dir };
}

async function two(): Promise<{ name: string; port: number; needs?: string[] }[]> {
  const [a = 0, b = 0] = await freePorts(2);
  return [
    { name: 'kafka', port: a },
    { name: 'agent', port: b, needs: ['kafka'] },
  ];
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s stops everything in order', async (signal) => {
  const nodes = await two();
  const launcher = new Launcher(dirs.make(), nodes);
  await launcher.ready();
  expect(listenersOn(nodes.map((n) => n.port))).toHaveLength(2);
  expect(await launcher.signal(signal)).toBe(0);
  expect(launcher.stderr.indexOf('· agent')).toBeLessThan(launcher.stderr.indexOf('· kafka'));
  expect(launcher.run()).toMatchObject({ phase: 'stopped' });
  expect(listenersOn(nodes.map((n) => n.port))).toEqual([]);
  expect(dirs.pids(launcher.dir)).toEqual([]);
});

test('the run file is for its owner only, and tells every process', async () => {
  const launcher = new Launcher(dirs.make(), await two());
  await launcher.ready();
  expect(statSync(launcher.dir.runFile).mode & 0o777).toBe(0o600);
  expect(launcher.run()?.processes.map((p) => [p.name, p.state, p.restarts])).toEqual([
    ['kafka', 'ready', 0],
    ['agent', 'ready', 0],
  ]);
  await launcher.signal('SIGTERM');
});

test('a second signal does not wait', async () => {
  const [port = 0] = await freePorts(1);
  const launcher = new Launcher(dirs.make(), [{ name: 'deaf', port, traits: ['ignore-term'] }]);
  await launcher.ready();
  const begun = Date.now();
  process.kill(launcher.pid, 'SIGINT');
  await until(() => launcher.stderr.includes('in order'));
  await launcher.signal('SIGINT');
  expect(Date.now() - begun).toBeLessThan(2_000); // its stop timeout
  expect(dirs.pids(launcher.dir)).toEqual([]);
});

test('a signal while starting stops what has started', async () => {
  const [port = 0] = await freePorts(1);
  const launcher = new Launcher(dirs.make(), [
    { name: 'kafka', port },
    { name: 'never', port: 1, needs: ['kafka'] },
  ]);
  await until(() => launcher.stderr.includes('✓ kafka'));
  expect(await launcher.signal('SIGINT')).toBe(130);
  expect(dirs.pids(launcher.dir)).toEqual([]);
});

test('a second launcher of the same directory says so and leaves the first alone', async () => {
  const nodes = await two();
  const first = new Launcher(dirs.make(), nodes);
  await first.ready();
  const second = new Launcher(first.dir, nodes);
  expect(await second.ended).toBe(1);
  expect(second.stderr).toContain(`already running here (launcher pid ${first.pid})`);
  expect(first.run()).toMatchObject({ phase: 'ready', launcher: { pid: first.pid } });
  await first.signal('SIGTERM');
});

test('two directories run side by side, and stopping one spares the other', async () => {
  const [one, other] = [await two(), await two()];
  const first = new Launcher(dirs.make(), one);
  const second = new Launcher(dirs.make(), other);
  await Promise.all([first.ready(), second.ready()]);
  await first.signal('SIGTERM');
  expect(dirs.pids(first.dir)).toEqual([]);
  expect(dirs.pids(second.dir)).toHaveLength(2);
  await second.signal('SIGTERM');
});

describe('after kill -9 of the launcher', () => {
  async function orphaned(): Promise<{ launcher: Launcher; nodes: Awaited<ReturnType<typeof two>>; pids: number[] }> {
    const nodes = await two();
    const launcher = new Launcher(dirs.make(), nodes);
    await launcher.ready();
    await launcher.signal('SIGKILL');
    const pids = dirs.pids(launcher.dir);
    expect(pids).toHaveLength(2);
    return { launcher, nodes, pids: pids.sort() };
  }

  test('the processes run on, and status says that nobody watches them', async () => {
    const { launcher } = await orphaned();
    const status = await statusOf(launcher.dir);
    expect(status).toMatchObject({ healthy: false, launcher_pid: null });
    expect(status.processes.map((p) => p.state)).toEqual(['unsupervised', 'unsupervised']);
  });

  test('the next up takes them over as they are', async () => {
    const { launcher, nodes, pids } = await orphaned();
    const next = new Launcher(launcher.dir, nodes);
    await next.ready();
    expect(dirs.pids(next.dir).sort()).toEqual(pids);
    process.kill(next.record('agent')?.id?.pid ?? 0, 'SIGKILL');
    await until(() => next.record('agent')?.restarts === 1 && next.record('agent')?.state === 'ready');
    await next.signal('SIGTERM');
    expect(dirs.pids(next.dir)).toEqual([]);
  });

  test('the next up replaces those that are of another build', async () => {
    const { launcher, nodes } = await orphaned();
    const before = launcher.record('agent')?.id?.pid;
    const kept = launcher.record('kafka')?.id?.pid;
    const next = new Launcher(
      launcher.dir,
      nodes.map((n) => (n.name === 'agent' ? { ...n, build: '2' } : n)),
    );
    await next.ready();
    expect(next.record('agent')?.id?.pid).not.toBe(before);
    expect(next.record('kafka')?.id?.pid).toBe(kept);
    expect(dirs.pids(next.dir)).toHaveLength(2);
    await next.signal('SIGTERM');
  });

  test('down stops them without a launcher', async () => {
    const { launcher, nodes } = await orphaned();
    expect(await down(contextOf(launcher.dir))).toBe(0);
    expect(dirs.pids(launcher.dir)).toEqual([]);
    expect(listenersOn(nodes.map((n) => n.port))).toEqual([]);
    expect((await statusOf(launcher.dir)).phase).toBe('none');
  });

  test('a process in no record is found by its environment, shown, and removed by the next up', async () => {
    const { launcher, nodes } = await orphaned();
    const [port = 0] = await freePorts(1);
    const env = { ...process.env, MILLRACE_INSTANCE: launcher.dir.instance };
    const stray = spawn(process.execPath, [CHILD, String(port)], { env, detached: true, stdio: 'ignore' });
    await until(() => listenersOn([port]).length === 1);
    const shown = (await statusOf(launcher.dir)).processes.find((p) => p.pid === stray.pid);
    expect(shown).toMatchObject({ name: '?', state: 'unknown' });
    const next = new Launcher(launcher.dir, nodes);
    await next.ready();
    expect(listenersOn([port])).toEqual([]);
    expect(dirs.pids(next.dir)).toHaveLength(2);
    await next.signal('SIGTERM');
  });

  test('a record whose pid belongs to somebody else by now is not believed', async () => {
    const { launcher, nodes } = await orphaned();
    const kafka = launcher.record('kafka')?.id;
    process.kill(kafka?.pid ?? 0, 'SIGKILL');
    await until(() => dirs.pids(launcher.dir).length === 1);
    const next = new Launcher(launcher.dir, nodes);
    await next.ready();
    expect(next.record('kafka')?.id?.start).not.toBe(kafka?.start);
    await next.signal('SIGTERM');
  });
});

test('down without anything to stop is content', async () => {
  expect(await down(contextOf(dirs.make()))).toBe(0);
});
