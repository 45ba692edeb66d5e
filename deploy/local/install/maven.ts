import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InstallError } from './errors';
import { type LockedArtifact, type LockedComponent } from './lock-file';
import { run } from './run';

/** Pinned: Maven's own choice depends on Maven's version, and 3.x insists on the parents' poms just to copy a file. */
const DEPENDENCY_PLUGIN = '2.10';

/**
 * Copies the component's artifacts into `into`, each under its locked file name, with the mvn of PATH. Nothing is
 * resolved: the lock file already is the closure. Returns false when there is no mvn.
 */
export async function copyWithMaven(
  component: LockedComponent,
  into: string,
  work: string,
  env?: NodeJS.ProcessEnv,
): Promise<boolean> {
  mkdirSync(work, { recursive: true });
  const pom = join(work, 'pom.xml');
  writeFileSync(pom, pomOf(component.artifacts, into));
  const args = ['-B', '-q', '-f', pom, `org.apache.maven.plugins:maven-dependency-plugin:${DEPENDENCY_PLUGIN}:copy`];
  const result = await run('mvn', args, { cwd: work, ...(env && { env }) });
  if (result.missing) return false;
  if (result.exitCode === 0) return true;
  const hint = 'is the Maven repository reachable from this machine (proxy and mirror: settings.xml in ~/.m2)?';
  throw new InstallError('download-failed', `fetch ${component.title}`, firstErrors(result), hint);
}

/** No xmlns: Maven does not need it. */
export function pomOf(artifacts: readonly LockedArtifact[], outputDirectory: string): string {
  const items = artifacts.map((artifact) => {
    const [group, name, version, type = 'jar', classifier] = (artifact.coordinates ?? '').split(':');
    const fields = { groupId: group, artifactId: name, version, type, classifier, destFileName: artifact.file };
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
  const build = element('build', element('plugins', element('plugin', plugin + configuration)));
  const self = elements({ modelVersion: '4.0.0', groupId: 'millrace', artifactId: 'components', version: '1' });
  return element('project', `${self}<packaging>pom</packaging>${build}`);
}

function elements(fields: Record<string, string | undefined>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => element(name, value ?? ''))
    .join('');
}

function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function firstErrors(result: { readonly stdout: string; readonly stderr: string }): string {
  const lines = `${result.stdout}\n${result.stderr}`.split('\n').filter((line) => line.includes('ERROR'));
  return lines.slice(0, 3).join(' ') || 'mvn failed without a word';
}
