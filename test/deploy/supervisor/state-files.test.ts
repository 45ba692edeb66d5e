import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataDir, ensureSecrets } from '../../../deploy/local/data-dir';
import { instanceOf, instanceValue } from '../../../deploy/local/supervisor/instance';
import { lockOwner, takeLock } from '../../../deploy/local/supervisor/launcher-lock';
import { KEPT_LOGS, lastLines, logPath, openLog, rotate } from '../../../deploy/local/supervisor/log-file';
import { commandLine, groupOf, identify, isAlive } from '../../../deploy/local/supervisor/process-table';
import { readRunFile, RUN_FILE_VERSION, type RunFile, writeRunFile } from '../../../deploy/local/supervisor/run-file';
import { adoptable, fingerprintOf, inOrder } from '../../../deploy/local/supervisor/supervisor';
import { type NodeSpec, type ProcessSpec } from '../../../deploy/local/supervisor/spec';
import { closeSync, writeSync } from 'node:fs';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'millrace-state-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const self = identify(process.pid);
if (!self) throw new Error('/proc is needed');
const spec = (more: Partial<ProcessSpec> = {}): ProcessSpec => ({
  kind: 'process',
  name: 'p',
  needs: [],
  command: 'node',
  args: ['x.js'],
  env: { A: '1', B: '2' },
  cwd: dir,
  ports: [],
  ready: () => Promise.resolve(undefined),
  readyTimeout_ms: 1,
  stopSignal: 'SIGTERM',
  stopTimeout_ms: 1,
  ...more,
});

describe('process table', () => {
  test('a process is alive only under its own start time', () => {
    expect(isAlive(self)).toBe(true);
    expect(isAlive({ ...self, start: `${self.start}0` })).toBe(false);
  });
  test('knows command lines and groups, and nothing of what does not exist', () => {
    expect(commandLine(process.pid)).toContain('node');
    expect(groupOf(process.pid)).toBeGreaterThan(0);
    expect(identify(2 ** 22 + 1)).toBeUndefined();
    expect(commandLine(2 ** 22 + 1)).toBe('');
  });
});

describe('log files', () => {
  test('rotate at the bound, keep a bounded number, and the writer goes on at the new end', () => {
    const fd = openLog(dir, 'x');
    const path = logPath(dir, 'x');
    for (let n = 0; n < KEPT_LOGS + 3; n++) {
      writeSync(fd, `${n} ${'.'.repeat(100)}\n`);
      expect(rotate(path, 100)).toBe(true);
    }
    writeSync(fd, 'after\n');
    closeSync(fd);
    expect(readFileSync(path, 'utf8')).toBe('after\n');
    expect(readdirSync(dir).sort()).toEqual(['x.log', 'x.log.1', 'x.log.2', 'x.log.3']);
    expect(readFileSync(`${path}.1`, 'utf8')).toMatch(/^5 /);
  });
  test('stay as they are below the bound', () => {
    writeFileSync(logPath(dir, 'x'), 'a\nb\nc\n');
    expect(rotate(logPath(dir, 'x'), 100)).toBe(false);
    expect(lastLines(logPath(dir, 'x'), 2)).toEqual(['b', 'c']);
    expect(lastLines(logPath(dir, 'none'), 2)).toEqual([]);
  });
});

describe('run file', () => {
  const run: RunFile = {
    version: RUN_FILE_VERSION,
    instance: 'i',
    phase: 'ready',
    launcher: self,
    started_at: 1,
    facts: {},
    externals: {},
    processes: [],
  };
  const path = (): string => join(dir, 'run.json');

  test('is read as written, leaves no draft behind, and belongs to its owner', () => {
    writeRunFile(path(), run);
    expect(readRunFile(path())).toEqual(run);
    expect(readdirSync(dir)).toEqual(['run.json']);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });
  test('of another version, or absent, tells nothing', () => {
    expect(readRunFile(path())).toBeUndefined();
    writeFileSync(path(), JSON.stringify({ ...run, version: 99 }));
    expect(readRunFile(path())).toBeUndefined();
  });
  test('only what lives and is the same may be adopted', () => {
    const record = {
      name: 'p',
      id: self,
      state: 'ready',
      reason: null,
      restarts: 0,
      started_at: 1,
      address: null,
      metrics: null,
    } as const;
    const recorded = (more: object): RunFile => ({
      ...run,
      processes: [{ ...record, fingerprint: fingerprintOf(spec()), ...more }],
    });
    expect([...adoptable(recorded({}), [spec()]).keys()]).toEqual(['p']);
    expect(adoptable(recorded({ id: { ...self, start: 'x' } }), [spec()]).size).toBe(0);
    expect(adoptable(recorded({ id: null }), [spec()]).size).toBe(0);
    expect(adoptable(recorded({}), [spec({ args: ['y.js'] })]).size).toBe(0);
    expect(adoptable(undefined, [spec()]).size).toBe(0);
  });
  test('a fingerprint does not depend on the order of variables', () => {
    expect(fingerprintOf(spec({ env: { B: '2', A: '1' } }))).toBe(fingerprintOf(spec()));
  });
});

describe('launcher lock', () => {
  const path = (): string => join(dir, 'launcher.lock');

  test('is held once, names its owner, and is free after its release', () => {
    const release = takeLock(path());
    expect(lockOwner(path())).toEqual(self);
    expect(() => takeLock(path())).toThrow(expect.objectContaining({ code: 'launcher-running' }));
    release();
    expect(existsSync(path())).toBe(false);
    takeLock(path())();
  });
  test.each(['1 dead:0', `${process.pid} another:1`, '', 'garbage'])(
    'of a dead owner (%j) is taken over',
    (content) => {
      writeFileSync(path(), content);
      expect(lockOwner(path())).toBeUndefined();
      takeLock(path())();
      expect(readdirSync(dir)).toEqual([]);
    },
  );
  test('a release never removes somebody else’s lock', () => {
    const release = takeLock(path());
    writeFileSync(path(), '1 other:1');
    release();
    expect(existsSync(path())).toBe(true);
  });
});

describe('instance', () => {
  test('follows from the real path, the same before and after the directory is made', () => {
    const link = join(dir, 'link');
    symlinkSync(dir, link);
    expect(instanceOf(join(link, 'data'))).toBe(instanceOf(join(dir, 'data')));
    expect(instanceOf(join(dir, 'data'))).toMatch(/^[0-9a-f]{12}$/);
    expect(instanceOf(join(dir, 'other'))).not.toBe(instanceOf(join(dir, 'data')));
  });
  test('is noted beneath the test run that it belongs to', () => {
    expect(instanceValue('abc', undefined)).toBe('abc');
    expect(instanceValue('abc', 'test-1')).toBe('test-1/abc');
  });
});

test('secrets are made once, differ, and are readable by their owner only', () => {
  const data = dataDir(join(dir, 'data'));
  ensureSecrets(data);
  const read = (): string[] => Object.values(data.secrets).map((f) => readFileSync(f, 'utf8'));
  const first = read();
  expect(new Set(first).size).toBe(first.length);
  for (const f of Object.values(data.secrets)) expect(statSync(f).mode & 0o777).toBe(0o600);
  ensureSecrets(data);
  expect(read()).toEqual(first);
});

describe('order of needs', () => {
  const node = (name: string, ...needs: string[]): NodeSpec => ({
    kind: 'task',
    name,
    needs,
    run: () => Promise.resolve(),
  });
  test('puts needs first', () => {
    expect(inOrder([node('c', 'b'), node('b', 'a'), node('a')]).map((n) => n.name)).toEqual(['a', 'b', 'c']);
  });
  test('refuses a circle', () => {
    expect(() => inOrder([node('a', 'b'), node('b', 'a')])).toThrow('these need each other: a, b');
  });
});
