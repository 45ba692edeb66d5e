import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../../deploy/local/ports';
import { listenersOn } from '../../../deploy/local/supervisor/listeners';
import { MAX_FAILED_STARTS } from '../../../deploy/local/supervisor/lifecycle';
import { Fixture, portPair, until } from '../support/fixture';

let fixture: Fixture;
beforeEach(() => (fixture = new Fixture()));
afterEach(() => fixture.dispose());

test('starts in the order of needs and stops in reverse', async () => {
  const [a = 0, b = 0] = await freePorts(2);
  const supervisor = fixture.supervisor([
    fixture.spec('last', b, [], { needs: ['between'] }),
    { kind: 'task', name: 'between', needs: ['first'], run: async () => expect(listenersOn([a])).toHaveLength(1) },
    fixture.spec('first', a),
  ]);
  await supervisor.start();
  expect(fixture.events.map((e) => [e.name, e.what])).toEqual([
    ['first', 'ready'],
    ['between', 'done'],
    ['last', 'ready'],
  ]);
  expect(
    listenersOn([a, b])
      .map((l) => l.pid)
      .sort(),
  ).toEqual(fixture.pids().sort());
  fixture.events.length = 0;
  await supervisor.stop();
  expect(fixture.events.map((e) => [e.name, e.what])).toEqual([
    ['last', 'stopped'],
    ['first', 'stopped'],
  ]);
  expect(fixture.pids()).toEqual([]);
});

test('a process that dies is started again, and the count says so', async () => {
  const [port = 0] = await freePorts(1);
  const supervisor = fixture.supervisor([fixture.spec('victim', port)]);
  await supervisor.start();
  const record = (): ReturnType<typeof supervisor.records>[0] | undefined => supervisor.records()[0];
  const first = record()?.id?.pid ?? 0;
  process.kill(first, 'SIGKILL');
  await until(() => record()?.state === 'restarting');
  expect(record()?.reason).toBe('killed by SIGKILL');
  await until(() => record()?.state === 'ready');
  expect(record()).toMatchObject({ restarts: 1 });
  expect(record()?.id?.pid).not.toBe(first);
  await supervisor.stop();
});

test('early deaths are forgiven up to the bound', async () => {
  const [port = 0] = await freePorts(1);
  const supervisor = fixture.supervisor([fixture.spec('late', port, [`crash-before=${MAX_FAILED_STARTS - 1}`])]);
  await supervisor.start();
  expect(supervisor.records()[0]).toMatchObject({ state: 'ready', restarts: MAX_FAILED_STARTS - 1 });
  await supervisor.stop();
});

test('a process that cannot start fails the start with its last words', async () => {
  const supervisor = fixture.supervisor([
    fixture.spec('hopeless', 0, ['crash-before=99'], { ready: () => Promise.resolve('never') }),
  ]);
  await expect(supervisor.start()).rejects.toMatchObject({
    code: 'exited',
    message: 'start hopeless: exited with 3',
    hint: expect.stringContaining(`life ${MAX_FAILED_STARTS - 1} ends`) as string,
  });
  await supervisor.stop();
  expect(fixture.pids()).toEqual([]);
});

test('a command that does not exist is said to be so', async () => {
  const supervisor = fixture.supervisor([fixture.spec('absent', 0, [], { command: 'no-such-program-here' })]);
  await expect(supervisor.start()).rejects.toMatchObject({ message: expect.stringContaining('ENOENT') as string });
  await supervisor.stop();
});

test('a process that ignores SIGTERM is killed after its time', async () => {
  const [port = 0] = await freePorts(1);
  const supervisor = fixture.supervisor([fixture.spec('deaf', port, ['ignore-term'], { stopTimeout_ms: 300 })]);
  await supervisor.start();
  await supervisor.stop();
  expect(fixture.pids()).toEqual([]);
  expect(readFileSync(join(fixture.dir, 'deaf.log'), 'utf8')).toContain('SIGTERM ignored');
});

test('forcing the stop does not wait for the time to pass', async () => {
  const [port = 0] = await freePorts(1);
  const supervisor = fixture.supervisor([fixture.spec('deaf', port, ['ignore-term'], { stopTimeout_ms: 600_000 })]);
  await supervisor.start();
  const force = new AbortController();
  const stopped = supervisor.stop(force.signal);
  force.abort();
  await stopped;
  expect(fixture.pids()).toEqual([]);
}, 60_000);

test('children of a process end with it, when it stops and when it dies', async () => {
  const port = await portPair();
  const supervisor = fixture.supervisor([fixture.spec('parent', port, ['fork'], { stopTimeout_ms: 300 })]);
  await supervisor.start();
  const child = (): number | undefined => listenersOn([port + 1])[0]?.pid;
  await until(() => child() !== undefined);
  const orphan = child();
  process.kill(supervisor.records()[0]?.id?.pid ?? 0, 'SIGKILL');
  await until(() => ![undefined, orphan].includes(child()));
  expect(supervisor.records()[0]?.restarts).toBeGreaterThan(0);
  await supervisor.stop();
  expect(fixture.pids()).toEqual([]);
});

test('what an earlier launcher started is taken over, watched, and stopped', async () => {
  const [port = 0] = await freePorts(1);
  const spec = fixture.spec('kept', port);
  const before = fixture.supervisor([spec]);
  await before.start();
  const [record] = before.records();
  if (!record?.id) throw new Error('no record');
  const after = fixture.supervisor([spec]);
  await after.start(new Map([['kept', record]]));
  expect(after.records()[0]).toMatchObject({ id: record.id, state: 'ready', started_at: record.started_at });
  expect(fixture.events.map((e) => e.what)).toContain('adopted');
  await after.stop();
  expect(fixture.pids()).toEqual([]);
  await before.stop();
});

test('an adopted process that dies is started again', async () => {
  const [port = 0] = await freePorts(1);
  const spec = fixture.spec('kept', port);
  const before = fixture.supervisor([spec]);
  await before.start();
  const [record] = before.records();
  await before.stop();
  if (!record) throw new Error('no record');
  const after = fixture.supervisor([spec]);
  await after.start(new Map([['kept', record]]));
  expect(after.records()[0]).toMatchObject({ state: 'ready', restarts: 1 });
  await after.stop();
});
