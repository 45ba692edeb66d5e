import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InstallError } from './errors';
import { type LockedArtifact, type LockedComponent } from './lock-file';
import { run, type RunResult } from './run';

/** Pinned: Maven's own choice depends on Maven's version; 3.x fetches more, and insists on the parents' poms to copy a file. */
const DEPENDENCY_PLUGIN = '2.8';
export const DEPENDENCY_GOALS = `org.apache.maven.plugins:maven-dependency-plugin:${DEPENDENCY_PLUGIN}`;

/**
 * Copies the component's artifacts into `into`, each under its locked file name, with the mvn of PATH. Nothing is
 * resolved: the lock file already is the closure. When it cannot, the error is returned; undefined is success.
 */
export async function copyWithMaven(
  component: LockedComponent,
  into: string,
  work: string,
  env?: NodeJS.ProcessEnv,
): Promise<InstallError | undefined> {
  const pom = join(work, 'pom.xml');
  writeFileSync(pom, pomOf(component.artifacts, into));
  const args = ['-B', '-q', '-f', pom, `${DEPENDENCY_GOALS}:copy`];
  const result = await run('mvn', args, { cwd: work, ...(env && { env }) });
  if (result.exitCode === 0) return undefined;
  const operation = `fetch ${component.title}`;
  if (result.missing)
    return new InstallError('missing-prerequisite', operation, 'there is no mvn', 'apt-get install maven');
  const hint = 'is the Maven repository reachable from this machine (proxy and mirror: settings.xml in ~/.m2)?';
  return new InstallError('download-failed', operation, errorsOf(result), hint);
}

/** Copies them as copyWithMaven does, with jgo, a resolver in Python that is installed in `resolver`. */
export async function copyWithoutMaven(
  component: LockedComponent,
  into: string,
  tools: { readonly resolver: string; readonly script: string },
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  mkdirSync(into, { recursive: true });
  const wanted = component.artifacts.map((artifact) => {
    const { group, name, version, type, classifier } = coordinatesOf(artifact);
    return [group, name, version, type, classifier, artifact.file];
  });
  const args = ['-s', tools.script, into, JSON.stringify(wanted)];
  const result = await run('python3', args, { env: { ...env, PYTHONPATH: tools.resolver } });
  if (result.exitCode === 0) return;
  const message = result.stderr.trim().split('\n').at(-1) ?? 'python3 failed without a word';
  const hint =
    'is the Maven repository reachable from this machine (proxy: HTTPS_PROXY, own certificates: REQUESTS_CA_BUNDLE)? ' +
    'With a mirror of your own: apt-get install maven, and name the mirror in ~/.m2/settings.xml';
  throw new InstallError('download-failed', `fetch ${component.title}`, message, hint);
}

interface Coordinates {
  readonly group: string;
  readonly name: string;
  readonly version: string;
  readonly type: string;
  readonly classifier: string;
}

function coordinatesOf({ coordinates = '' }: Pick<LockedArtifact, 'coordinates'>): Coordinates {
  const [group = '', name = '', version = '', type = 'jar', classifier = ''] = coordinates.split(':');
  return { group, name, version, type, classifier };
}

/** No xmlns: Maven does not need it. */
export function pomOf(
  artifacts: readonly Pick<LockedArtifact, 'file' | 'coordinates'>[],
  outputDirectory: string,
): string {
  const items = artifacts.map((artifact) => {
    const { group, name, version, type, classifier } = coordinatesOf(artifact);
    const optional = classifier ? { classifier } : {};
    const fields = { groupId: group, artifactId: name, version, type, ...optional, destFileName: artifact.file };
    return element('artifactItem', elements(fields));
  });
  const configuration = element(
    'configuration',
    elements({ outputDirectory: escape(outputDirectory) }) + element('artifactItems', items.join('\n')),
  );
  const plugin = elements({
    groupId: 'org.apache.maven.plugins',
    artifactId: 'maven-dependency-plugin',
    version: DEPENDENCY_PLUGIN,
  });
  return project(element('build', element('plugins', element('plugin', plugin + configuration))));
}

/** A project that depends on the roots, given as group:artifact:version[:type[:classifier]]. */
export function dependenciesPomOf(roots: readonly string[]): string {
  const dependencies = roots.map((coordinates) => {
    const { group, name, version, type, classifier } = coordinatesOf({ coordinates });
    const optional = classifier ? { classifier } : {};
    return element('dependency', elements({ groupId: group, artifactId: name, version, type, ...optional }));
  });
  return project(element('dependencies', dependencies.join('\n')));
}

function project(content: string): string {
  const self = elements({ modelVersion: '4.0.0', groupId: 'millrace', artifactId: 'components', version: '1' });
  return `${element('project', `${self}<packaging>pom</packaging>${content}`)}\n`;
}

function elements(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => element(name, value))
    .join('');
}

function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

const MAX_SHOWN_ERRORS = 3;

/** mvn colours its errors even when asked not to. */
function errorsOf({ stdout, stderr }: RunResult): string {
  const plain = `${stdout}\n${stderr}`.replaceAll(String.fromCharCode(27), '').replaceAll(/\[[\d;]*m/g, '');
  const lines = plain.split('\n').filter((line) => /^\[ERROR\] \S/.test(line));
  return lines.slice(0, MAX_SHOWN_ERRORS).join(' ') || plain.trim().slice(-500) || 'mvn failed without a word';
}
