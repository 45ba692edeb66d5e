import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installComponent, removeLeftovers } from '../../../deploy/local/install/install-component';
import { FakeTools, sha256 } from './fake-tools';

let tools: FakeTools;
beforeEach(() => (tools = new FakeTools()));
afterEach(() => rmSync(tools.dir, { recursive: true, force: true }));

const kinds = (): string[] => tools.events.map((event) => event.kind);

test('fetches, and the second time finds it without any program', async () => {
  tools.maven();
  const context = tools.context({ artifacts: [tools.serve('a.jar', 'aaa'), tools.serve('b.jar', 'bb')] });
  const dir = await installComponent(context);
  expect(readFileSync(join(dir, 'b.jar'), 'utf8')).toBe('bb');
  expect(await installComponent({ ...context, env: { PATH: '' } })).toBe(dir);
  expect(kinds()).toEqual(['started', 'installed', 'present']);
  expect(tools.events[1]).toMatchObject({ bytes: 5 });
});

describe('an archive', () => {
  beforeEach(() => tools.maven().program('tar', 'exec tar "$@"'));

  test('is unpacked', async () => {
    writeFileSync(join(tools.dir, 'inside.jar'), 'aaa');
    execFileSync('tar', ['-czf', join(tools.served, 'x.tar.gz'), '-C', tools.dir, 'inside.jar']);
    const bytes = readFileSync(join(tools.served, 'x.tar.gz'));
    const archive = { file: 'x.tar.gz', coordinates: 'g:x:1', bytes: bytes.length, sha256: sha256(bytes) };
    const dir = await installComponent(tools.context({ artifacts: [archive], unpack: true }));
    expect(readdirSync(dir).sort()).toEqual(['inside.jar', 'installed.json']);
  });

  test('that is none is named', async () => {
    const archive = tools.serve('x.tar.gz', 'not an archive');
    await expect(installComponent(tools.context({ artifacts: [archive], unpack: true }))).rejects.toMatchObject({
      code: 'verification-failed',
      operation: 'unpack x.tar.gz',
    });
    expect(readdirSync(tools.base)).toEqual([]);
  });
});

test.each([
  ['is missing', (file: string) => rmSync(file)],
  ['was cut short', (file: string) => writeFileSync(file, 'a')],
])('repairs an installation of which a file %s', async (_what, harm) => {
  tools.maven();
  const context = tools.context({ artifacts: [tools.serve('a.jar', 'aaa')] });
  const dir = await installComponent(context);
  harm(join(dir, 'a.jar'));
  expect(await installComponent(context)).toBe(dir);
  expect(readFileSync(join(dir, 'a.jar'), 'utf8')).toBe('aaa');
  expect(tools.calls('mvn')).toHaveLength(2);
});

test('looks at sizes only, and at every byte when asked', async () => {
  tools.maven();
  const context = tools.context({ artifacts: [tools.serve('a.jar', 'aaa')] });
  const dir = await installComponent(context);
  writeFileSync(join(dir, 'a.jar'), 'bad');
  await installComponent(context);
  expect(readFileSync(join(dir, 'a.jar'), 'utf8')).toBe('bad');
  await installComponent({ ...context, verify: true });
  expect(readFileSync(join(dir, 'a.jar'), 'utf8')).toBe('aaa');
});

test('refuses a file that is not the locked one, and leaves nothing', async () => {
  tools.maven();
  const artifact = tools.serve('a.jar', 'aaa');
  tools.serve('a.jar', 'evil');
  await expect(installComponent(tools.context({ artifacts: [artifact] }))).rejects.toMatchObject({
    code: 'verification-failed',
    message: expect.stringContaining('a.jar is not the file that was locked') as string,
  });
  expect(readdirSync(tools.base)).toEqual([]);
});

test('two at once fetch once', async () => {
  tools.maven();
  const context = tools.context({ artifacts: [tools.serve('a.jar', 'aaa')] });
  const [one, other] = await Promise.all([installComponent(context), installComponent(context)]);
  expect(one).toBe(other);
  expect(tools.calls('mvn')).toHaveLength(1);
});

test('removes what a killed install left, not what a living one is working on', () => {
  const [dead, living] = ['.work-schema-registry-999999999-abc', `.work-kafka-${process.ppid}-abc`];
  for (const name of [dead, living, 'kafka-1-abc']) mkdirSync(join(tools.base, name), { recursive: true });
  removeLeftovers(tools.base);
  expect(readdirSync(tools.base).sort()).toEqual([living, 'kafka-1-abc']);
});

test('finishes an installation that was killed before it was finished, without fetching again', async () => {
  tools.maven();
  const context = tools.context({ artifacts: [tools.serve('a.jar', 'aaa')] });
  const dir = await installComponent(context);
  const done: string[] = [];
  const finish = { isDone: () => done.length > 0, run: async (d: string) => void done.push(d) };
  await installComponent({ ...context, finish });
  await installComponent({ ...context, finish });
  expect(done).toEqual([dir]);
  expect(tools.calls('mvn')).toHaveLength(1);
});

describe('without a usable mvn', () => {
  const python = `
    case "$*" in
      *"pip install"*) while [ "$1" != --target ]; do shift; done; mkdir -p "$2"; echo resolver >"$2/jgo.py" ;;
      *fetch_maven.py*) while [ "$1" != -s ]; do shift; done; cp "$SERVED"/* "$3/" ;;
    esac`;

  test('installs the resolver, and fetches with it', async () => {
    tools.program('python3', python);
    const context = tools.context({ artifacts: [tools.serve('a.jar', 'aaa')] });
    await installComponent({ ...context, env: { ...tools.env, SERVED: tools.served } });
    expect(tools.calls('python3')).toHaveLength(2);
    expect(tools.calls('python3')[1]).toContain('["org.example","a.jar","1","jar","","a.jar"]');
    expect(kinds()).toEqual(['started', 'installed']);
  });

  test('says what is missing', async () => {
    const context = tools.context({ artifacts: [tools.serve('a.jar', 'aaa')] });
    await expect(installComponent(context)).rejects.toMatchObject({
      code: 'missing-prerequisite',
      hint: 'apt-get install python3-pip',
    });
  });

  test('tells mvn’s own trouble when both fail', async () => {
    tools.program('mvn', 'echo "[ERROR] no route to host"; exit 1');
    const context = tools.context({ artifacts: [tools.serve('a.jar', 'aaa')] });
    await expect(installComponent(context)).rejects.toMatchObject({
      code: 'download-failed',
      message: 'fetch Example: [ERROR] no route to host',
    });
  });
});

describe('from PyPI', () => {
  const wheel = { file: 'x.whl', requirement: 'x==1', sha256: 'ab'.repeat(32), bytes: 3 };

  test.each([
    ['No module named pip', { code: 'missing-prerequisite', hint: 'apt-get install python3-pip' }],
    ['ERROR: THESE PACKAGES DO NOT MATCH THE HASHES', { code: 'verification-failed' }],
    ['ERROR: Could not find a version', { code: 'download-failed' }],
  ])('explains %s', async (stderr, expected) => {
    tools.program('python3', `echo "${stderr}" >&2; exit 1`);
    await expect(installComponent(tools.context({ artifacts: [wheel], source: 'pypi' }))).rejects.toMatchObject(
      expected,
    );
  });

  test('asks pip to insist on the hashes', async () => {
    tools.program('python3', 'while [ "$1" != --target ]; do shift; done; echo x >"$2/x"');
    await installComponent(tools.context({ artifacts: [wheel], source: 'pypi' }));
    expect(tools.calls('python3')[0]).toMatch(/--no-deps .*--require-hashes --target/);
  });
});
