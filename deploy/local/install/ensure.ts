import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ArchiveTrainee, hasClassArchive, makeClassArchive } from '../components/class-archive';
import { kafkaSpec } from '../components/kafka';
import { schemaRegistrySpec } from '../components/schema-registry';
import { InstallError } from './errors';
import { type Context, installComponent, removeLeftovers } from './install-component';
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

const FETCH_SCRIPT = 'deploy/local/install/fetch_maven.py';
const ORDER: readonly ComponentName[] = ['kafka', 'schema-registry', 'temporal'];

/**
 * Makes sure that the wanted components are installed under `.millrace/components`, fetching what is missing or
 * broken. Instant, and needs no network, when all is there. Safe to run in several processes at once.
 * Throws InstallError.
 */
export async function ensureComponents(options: EnsureOptions): Promise<ComponentPaths> {
  const lock = readLock(options.projectRoot);
  removeLeftovers(baseOf(options));
  const install = async (name: ComponentName): Promise<string | undefined> =>
    options.want.has(name) ? installComponent(contextOf(options, lock, name)) : undefined;
  const temporal = async (): Promise<string | undefined> => {
    if (!options.want.has('temporal')) return undefined;
    const dir = async (): Promise<string> => join((await install('temporal')) ?? '', 'bin', 'temporal');
    return (await temporalOnPath(lock.temporal.version, options.env)) ?? dir();
  };
  const all = [install('kafka'), install('schema-registry'), temporal()] as const;
  await Promise.allSettled(all); // one that fails does not leave the others at work behind the caller's back
  const [kafkaLibs, registry, temporalBinary] = await Promise.all(all);
  return {
    java: JAVA,
    ...(kafkaLibs && { kafkaLibs }),
    ...(registry && { registryJar: runnerIn(registry) }),
    ...(temporalBinary && { temporalBinary }),
  };
}

const JAVA = 'java';

/** The Java components are started once, so that later starts find their classes ready. */
const SPEC_OF: Partial<Record<ComponentName, (dir: string) => ArchiveTrainee>> = {
  kafka: (dir) => ({
    ports: 2,
    specOf: (dataDir, [broker = 0, controller = 0]) =>
      kafkaSpec({ dataDir, ports: { broker, controller }, paths: { java: JAVA, kafkaLibs: dir } }),
  }),
  'schema-registry': (dir) => ({
    ports: 1,
    specOf: (dataDir, [http = 0]) =>
      schemaRegistrySpec({ dataDir, ports: { http }, paths: { java: JAVA, registryJar: runnerIn(dir) } }),
  }),
};

const baseOf = ({ projectRoot }: EnsureOptions): string => join(projectRoot, '.millrace', 'components');

function contextOf(options: EnsureOptions, lock: ComponentsLock, name: ComponentName): Context {
  const { projectRoot, want, verify = false, env, report } = options;
  const wanted = ORDER.filter((other) => want.has(other));
  const trainee = SPEC_OF[name];
  return {
    ...{ name, verify, report },
    component: lock[name],
    base: baseOf(options),
    index: wanted.indexOf(name) + 1,
    total: wanted.length,
    mavenResolver: { component: lock['maven-resolver'], script: join(projectRoot, FETCH_SCRIPT) },
    ...(env && { env }),
    ...(trainee && { finish: { isDone: hasClassArchive, run: (dir) => makeClassArchive(dir, trainee(dir), env) } }),
  };
}

function runnerIn(dir: string): string {
  const runner = readdirSync(dir).find((file) => file.endsWith('-runner.jar'));
  if (runner) return join(dir, runner);
  throw new InstallError('verification-failed', `look into ${dir}`, 'no runnable jar', `remove ${dir} and start again`);
}
