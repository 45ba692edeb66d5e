/** The image and the bare installation, as far as they can be judged without an engine. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../../schemas/root';
import { closure } from '../chart/variables';

const root = projectRoot();
const text = readFileSync(join(root, 'deploy', 'docker', 'Dockerfile'), 'utf8');
const instructions = text
  .replaceAll(/\\\n/g, ' ')
  .split('\n')
  .filter((l) => /^[A-Z]+ /.test(l))
  .map((l): [string, string] => [l.split(' ', 1)[0] ?? '', l.slice(l.indexOf(' ') + 1).trim()]);
const all = (name: string): string[] => instructions.filter(([n]) => n === name).map(([, rest]) => rest);
const last = instructions.slice(instructions.map(([n]) => n).lastIndexOf('FROM'));

const ROLES = [
  ...['services/api/main', 'services/registry/main', 'services/presence/main', 'services/projector/main'],
  ...['services/relay/main', 'workflows/worker', 'edge-agent/main', 'deploy/setup/main', 'deploy/clickhouse/main'],
  ...['deploy/canary/main', 'deploy/local/plant/modbus/main', 'services/projector/rebuild/main'],
];

describe('Dockerfile', () => {
  test('its base has an exact version, and can be given a digest', () => {
    expect(all('ARG')[0]).toMatch(/^NODE_IMAGE=node:\d+\.\d+\.\d+-[a-z-]+$/);
    expect(all('FROM').map((f) => f.split(' ')[0])).toEqual(['${NODE_IMAGE}', '${NODE_IMAGE}']);
  });

  test('the node of the base is one that the project takes', () => {
    const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { engines: { node: string } };
    const [, major, minor] = /node:(\d+)\.(\d+)/.exec(all('ARG')[0] ?? '') ?? [];
    expect(engines.node).toContain('>=20.19 <21');
    expect([Number(major), Number(minor) >= 19]).toEqual([20, true]);
  });

  test('nothing runs as root, is fetched past the lock, or is kept in a layer', () => {
    expect(last.filter(([n]) => n === 'USER')).toEqual([['USER', '10001:10001']]);
    expect(last.filter(([n]) => n === 'RUN')).toEqual([]);
    expect(all('ADD')).toEqual([]);
    expect(all('RUN').join(' ')).not.toMatch(/curl|wget|npm install|sudo|chmod 777/);
    expect(
      all('RUN')
        .filter((r) => r.includes('npm ci'))
        .every((r) => r.includes('--ignore-scripts')),
    ).toBe(true);
    expect([...all('ENV'), ...all('ARG')].join(' ')).not.toMatch(/TOKEN|PASSWORD|SECRET|KEY/);
    expect(all('CMD')).toEqual([expect.stringMatching(/^\[/)]);
  });

  test('what it copies is there, and is not kept out of the build', () => {
    const copied = all('COPY')
      .filter((c) => !c.startsWith('--from'))
      .flatMap((c) => c.split(/\s+/).slice(0, -1));
    expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const let_in = readFileSync(join(root, 'deploy', 'docker', 'Dockerfile.dockerignore'), 'utf8');
    expect(copied.filter((path) => !let_in.includes(`!${path.split('/')[0]}\n`))).toEqual([]);
  });

  test('there is a bill of materials in it', () => {
    expect(all('RUN').join(' ')).toContain('npm sbom --omit=dev --sbom-format cyclonedx > sbom.cdx.json');
    expect(last.map(([, rest]) => rest).join(' ')).toContain('/app/sbom.cdx.json');
  });
});

test.each(ROLES)('%s needs no package that the image leaves out', (role) => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const imported = [...closure(`${role}.ts`).values()].flatMap((source) =>
    [...source.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^.'][^']*)'/gm)].map(([, name = '']) => name),
  );
  const packages = imported
    .filter((n) => !n.startsWith('node:'))
    .map((n) =>
      n
        .split('/')
        .slice(0, n.startsWith('@') ? 2 : 1)
        .join('/'),
    );
  expect([...new Set(packages)].filter((p) => !(p in dependencies))).toEqual([]);
});

test('files that roles read beside their code are in the image', () => {
  const copied = last
    .filter(([n, rest]) => n === 'COPY' && !rest.startsWith('--from'))
    .map(([, rest]) => rest.split(' ')[0] ?? '');
  if (text.includes("console-build.js').buildConsole")) copied.push('dist/console');
  const read = ROLES.flatMap((role) =>
    [...closure(`${role}.ts`).values()].flatMap((source) =>
      [...source.matchAll(/projectRoot\((?:__dirname)?\),((?: '[^']+',?)+)/g)].map(([, parts = '']) =>
        [...parts.matchAll(/'([^']+)'/g)].map(([, p]) => p).join('/'),
      ),
    ),
  );
  expect(new Set(read).size).toBeGreaterThan(2);
  const there = (path: string): boolean => copied.some((c) => path === c || path.startsWith(`${c}/`));
  expect([...new Set(read)].filter((path) => !there(path))).toEqual([]);
});

describe('a bare machine', () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-bare-'));
  const script = join(root, 'deploy', 'systemd', 'install.sh');
  const target = join(dir, 'target');
  afterAll(() => rmSync(dir, { recursive: true }));

  function archive(name: string, content: string, agent = 'dist/edge-agent/main.js'): string {
    const files = join(dir, `${name}-files`);
    mkdirSync(join(files, agent, '..'), { recursive: true });
    writeFileSync(join(files, agent), content);
    const file = join(dir, `${name}.tar.gz`);
    execFileSync('tar', ['-czf', file, '-C', files, '.']);
    return file;
  }

  const install = (file: string) => spawnSync('sh', [script, file, target], { encoding: 'utf8' });
  const running = (): string => readFileSync(join(target, 'opt', 'millrace', 'dist', 'edge-agent', 'main.js'), 'utf8');

  test('is installed, upgraded and rolled back by one rename; what is configured stays', () => {
    const [first, second] = [archive('one', 'one'), archive('two', 'two')];
    expect(install(first)).toMatchObject({ status: 0, stderr: '' });
    const env = join(target, 'etc', 'millrace', 'agent.env');
    expect((statSync(env).mode & 0o777).toString(8)).toBe('640');
    writeFileSync(env, 'MINE=1\n');
    expect(install(second).status).toBe(0);
    expect([running(), readFileSync(env, 'utf8')]).toEqual(['two', 'MINE=1\n']);
    expect(install(first).status).toBe(0);
    expect(running()).toBe('one');
    expect(readlinkSync(join(target, 'opt', 'millrace'))).toMatch(/^millrace-releases\/[0-9a-f]{16}$/);
    expect(readdirSync(join(target, 'opt', 'millrace-releases'))).toHaveLength(2);
  });

  test('an archive without an agent changes nothing', () => {
    const before = running();
    expect(install(archive('none', '', 'dist/other.js'))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('holds no agent') as string,
    });
    expect([running(), readdirSync(join(target, 'opt', 'millrace-releases')).length]).toEqual([before, 2]);
  });

  test('its unit hides the system from the agent, and gives back what was shipped before it ends', () => {
    const unit = readFileSync(join(root, 'deploy', 'systemd', 'millrace-agent.service'), 'utf8');
    for (const line of [
      'NoNewPrivileges=yes',
      'ProtectSystem=strict',
      'CapabilityBoundingSet=',
      'Restart=always',
      'TimeoutStopSec=30',
    ])
      expect(unit.split('\n')).toContain(line);
    const before = unit.split('\n').filter((line) => line.startsWith('ExecStartPre='));
    expect(before[0]).toBe('ExecStartPre=+/opt/millrace-release start');
    expect((statSync(join(target, 'opt', 'millrace-release')).mode & 0o777).toString(8)).toBe('755');
  });
});
