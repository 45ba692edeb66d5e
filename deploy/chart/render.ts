/** The chart, rendered by helm. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { run } from '../local/install/run';

export const CHART = 'deploy/helm/millrace';
export const RELEASE = 'rel';
export const NAMESPACE = 'millrace';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
}

export class ChartError extends Error {
  constructor(
    readonly operation: string,
    message: string,
  ) {
    super(`${operation}: ${message}`);
    this.name = 'ChartError';
  }
}

/** Names of the files in ci/, without `-values.yaml`. */
export function cases(projectRoot: string): string[] {
  const files = readdirSync(join(projectRoot, CHART, 'ci')).filter((f) => f.endsWith('-values.yaml'));
  return files.map((f) => f.replace(/-values\.yaml$/, '')).sort();
}

export const valuesOf = (projectRoot: string, name: string): string =>
  join(projectRoot, CHART, 'ci', `${name}-values.yaml`);

/** Some fifty times what everything on renders to. */
const MAX_MANIFESTS_CHARS = 10_000_000;

/** As text, in the order in which helm installs. Throws ChartError with helm's words. */
export async function render(
  helm: string,
  projectRoot: string,
  values: string,
  more: readonly string[] = [],
): Promise<string> {
  const args = ['template', RELEASE, join(projectRoot, CHART), '--namespace', NAMESPACE, '--values', values, ...more];
  const { exitCode, stdout, stderr } = await run(helm, args, { maxOutput_chars: MAX_MANIFESTS_CHARS });
  if (exitCode !== 0) throw new ChartError(`render ${values}`, stderr.trim());
  return stdout;
}

export function manifests(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((d) => {
    if (d.errors[0]) throw new ChartError('read manifests', d.errors[0].message);
    const manifest = d.toJS() as Manifest | null;
    return manifest === null ? [] : [manifest];
  });
}

/** Throws ChartError with what helm dislikes. */
export async function lint(helm: string, projectRoot: string, values: string): Promise<void> {
  const args = ['lint', '--strict', join(projectRoot, CHART), '--namespace', NAMESPACE, '--values', values];
  const { exitCode, stdout, stderr } = await run(helm, args);
  if (exitCode !== 0) throw new ChartError(`lint ${values}`, `${stdout}${stderr}`.trim());
}
