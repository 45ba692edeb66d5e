import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { downloadBytes, type LockedComponent, readLock } from '../../../deploy/local/install/lock-file';
import { pomOf } from '../../../deploy/local/install/maven';
import { requirementsOf } from '../../../deploy/local/install/pip';
import { type InstallEvent, lineOf } from '../../../deploy/local/install/report';
import { isAtLeast } from '../../../deploy/local/install/temporal-on-path';
import { projectRoot } from '../../../schemas/root';

const root = projectRoot();
const lock = readLock(root);

test.each(Object.entries(lock))(
  '%s: every artifact has a hash, a size and a place to come from',
  (_name, component) => {
    for (const artifact of component.artifacts) {
      expect(artifact.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(artifact.bytes).toBeGreaterThan(0);
      expect(component.source === 'maven' ? artifact.coordinates : artifact.requirement).toMatch(
        /^(@[\w-]+\/)?[\w.:-]+((==|@)[\w.]+)?$/,
      );
    }
  },
);

test('no file names the host of a registry', () => {
  const dir = join(root, 'deploy/local/install');
  for (const file of readdirSync(dir)) expect(readFileSync(join(dir, file), 'utf8')).not.toMatch(/https?:\/\//);
});

test('a pom lists every artifact with what it is called', () => {
  const artifact = { file: 'x-1-all.tar.gz', coordinates: 'org.example:x:1:tar.gz:all', sha256: '', bytes: 1 };
  const pom = pomOf([artifact], '/a&b');
  expect(pom).toContain('<outputDirectory>/a&amp;b</outputDirectory>');
  expect(pom).toContain('<version>1</version><type>tar.gz</type><classifier>all</classifier>');
  expect(pom).toContain('<destFileName>x-1-all.tar.gz</destFileName>');
});

const wheels: LockedComponent = {
  ...{ title: 'x', version: '1', source: 'pypi', unpack: false },
  artifacts: [
    { file: 'x-linux.whl', requirement: 'x==1', sha256: 'aa', bytes: 10 },
    { file: 'x-mac.whl', requirement: 'x==1', sha256: 'bb', bytes: 20 },
    { file: 'y.whl', requirement: 'y==2', sha256: 'cc', bytes: 5 },
  ],
};

test('requirements hold the hashes of every platform', () => {
  expect(requirementsOf(wheels)).toBe('x==1 --hash=sha256:aa --hash=sha256:bb\ny==2 --hash=sha256:cc\n');
});

test('a machine takes one wheel of each requirement', () => {
  expect(downloadBytes(wheels)).toBe(25);
});

test.each([
  ['1.9.1', '1.9.1', true],
  ['1.10.0', '1.9.1', true],
  ['1.9.0', '1.9.1', false],
  ['1.8.9', '1.9.1', false],
  ['2.0.0', '1.9.1', false],
])('temporal %s serves where %s is wanted: %s', (found, wanted, expected) => {
  expect(isAtLeast(found, wanted)).toBe(expected);
});

const event: InstallEvent = {
  ...{ kind: 'installed', component: 'kafka', title: 'Apache Kafka', version: '4.3.1' },
  ...{ index: 2, total: 4, bytes: 44_400_000, elapsed_ms: 6_100 },
};

test.each<[Partial<InstallEvent>, string]>([
  [{}, '[2/4] Apache Kafka 4.3.1 … 44 MB, 6 s'],
  [{ kind: 'started' }, '[2/4] Apache Kafka 4.3.1: fetching 44 MB (once; kept in .millrace)'],
  [{ kind: 'started', bytes: 0 }, '[2/4] Apache Kafka 4.3.1: preparing (once)'],
  [{ kind: 'present' }, '[2/4] Apache Kafka 4.3.1 … already here'],
])('reports %j', (change, line) => {
  expect(lineOf({ ...event, ...change })).toBe(line);
});
