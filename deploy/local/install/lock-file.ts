import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type ComponentName = 'kafka' | 'schema-registry' | 'temporal';

/** One file of a registry. `coordinates` is group:artifact:version[:type[:classifier]] for Maven. */
export interface LockedArtifact {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly coordinates?: string;
}

/** What one component consists of. `requirement` is the name and version PyPI knows it by. */
export interface LockedComponent {
  readonly title: string;
  readonly version: string;
  readonly source: 'maven' | 'pypi';
  readonly requirement?: string;
  readonly unpack: boolean;
  readonly artifacts: readonly LockedArtifact[];
}

export type ComponentsLock = Readonly<Record<ComponentName, LockedComponent>>;

export const LOCK_FILE = 'deploy/local/install/components.lock.json';

export function readLock(projectRoot: string): ComponentsLock {
  return JSON.parse(readFileSync(join(projectRoot, LOCK_FILE), 'utf8')) as ComponentsLock;
}

/** Changes whenever any artifact of the component does; names the folder it is installed in. */
export function digestOf(component: LockedComponent): string {
  return createHash('sha256').update(JSON.stringify(component)).digest('hex').slice(0, 8);
}
