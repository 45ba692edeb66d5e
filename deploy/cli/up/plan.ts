/** Everything that is decided before the first process starts. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ADDRESS_VARIABLE, backends, externalComponents, toInstall } from '../../local/backends';
import { loginFrom } from '../../local/clickhouse-query';
import { type ComponentName, LOOPBACK } from '../../local/components/spec';
import { type DataDir, ensureSecrets } from '../../local/data-dir';
import { type ComponentPaths, ensureComponents } from '../../local/install/ensure';
import { missingPrerequisites } from '../../local/install/prerequisites';
import { lineOf } from '../../local/install/report';
import { localSecurity } from '../../local/secure/certificates';
import { type Backends, commonEnv, stack, type StackOptions, without } from '../../local/stack';
import { LauncherError } from '../../local/supervisor/errors';
import { INSTANCE_VARIABLE, instanceValue, processesOf } from '../../local/supervisor/instance';
import { type ProcessId } from '../../local/supervisor/process-table';
import { type NodeSpec } from '../../local/supervisor/spec';
import { ApiClient } from '../api-client';
import { type Context, type Env, readSecret } from '../context';
import { CliError } from '../errors';
import { enrollAgent } from './enroll';
import { firstReading } from './first-reading';
import { type UpOptions } from './options';
import { rememberedPorts, settlePorts } from './ports';
import { fieldEnv, readProfile } from './profile';
import { type ProgressLines } from './progress';
import { seed } from './seed';
import { setUp } from './set-up';

export interface Plan {
  readonly nodes: readonly NodeSpec[];
  /** Value of MILLRACE_INSTANCE of every process. */
  readonly instance: string;
  /** What an earlier launcher left running. */
  readonly leftovers: readonly ProcessId[];
  readonly facts: Readonly<Record<string, string>>;
  readonly externals: Readonly<Record<string, string>>;
}

export async function plan(
  context: Context,
  options: UpOptions,
  progress: ProgressLines,
  stopped: AbortSignal,
): Promise<Plan> {
  const { env, projectRoot } = context;
  const dir = context.dir();
  const profile = readProfile(options.profile, env);
  const instance = instanceValue(dir.instance, env[INSTANCE_VARIABLE]);
  const leftovers = processesOf(dir.instance);
  const firstTime = !existsSync(dir.ports);
  const external = externalComponents(env, rememberedPorts(dir));
  const ports = settlePorts({ options, env, dir, external, own: new Set(leftovers.map((p) => p.pid)) });
  ensureSecrets(dir);
  const paths = await components(context, external, firstTime, instance, progress);
  if (options.secure && external.has('kafka'))
    throw new CliError('usage', 'up', '--secure is for a Kafka of ours', 'secure your own, and unset KAFKA_BROKERS');
  const security = options.secure ? await localSecurity(dir, Date.now(), env['NODE_EXTRA_CA_CERTS']) : undefined;
  const built: Backends = backends({ projectRoot, dir, ports, paths, external, env, ...(security && { security }) });
  const baseEnv = inherited(env);
  const base = { baseEnv, backends: built, dir, build: buildOf(projectRoot) };
  const clientEnv = commonEnv(base);
  const url = `http://${LOOPBACK}:${ports.api}`;
  const api = (): ApiClient => new ApiClient({ url, token: readSecret(dir.secrets.apiToken) });
  const stackOptions: StackOptions = {
    ...base,
    projectRoot,
    ports,
    profile: options.profile,
    profileEnv: profile.env,
    fieldEnv: fieldEnv(profile, ports, readSecret(dir.secrets.plantToken)),
    plant: options.plant,
    ...(security && {
      servicesPem: security.broker.services,
      enroll: () => enrollAgent({ agentId: profile.agentId, api: api(), url, dir, projectRoot, now: Date.now() }),
    }),
    setUp: setUp(profile.agentId, () => clientEnv, dir, projectRoot, instance),
  };
  const begun_ms = Date.now();
  const say = (text: string): void => progress.say(`    ${text}`);
  const nodes: NodeSpec[] = [
    ...stack(stackOptions),
    { kind: 'task', name: 'devices', needs: ['api', 'registry'], run: () => seed(api(), profile, say) },
  ];
  if (options.plant)
    nodes.push({
      kind: 'task',
      name: 'first reading',
      needs: ['projector', 'agent', 'plant'],
      run: async () => {
        const login = loginFrom(clientEnv);
        if (login) await firstReading(login, begun_ms, stopped);
      },
    });
  const unknown = options.without.find((name) => !nodes.some((n) => n.name === name));
  if (unknown !== undefined)
    throw new CliError(
      'usage',
      'up',
      `there is no process ${unknown}`,
      `there are: ${nodes.map((n) => n.name).join(', ')}`,
    );
  const left = without(nodes, new Set(options.without));
  const machinesFacts = security && { API_MTLS_URL: `https://${LOOPBACK}:${ports['api-mtls']}` };
  return {
    nodes: left,
    instance,
    leftovers,
    facts: { ...factsOf(url, dir, built), ...machinesFacts },
    externals: externalsOf(external, env),
  };
}

/** A missing program is named before anything is fetched; later starts, which fetch nothing, do not look again. */
async function components(
  context: Context,
  external: ReadonlySet<ComponentName>,
  firstTime: boolean,
  instance: string,
  progress: ProgressLines,
): Promise<ComponentPaths> {
  const { projectRoot, env } = context;
  const want = toInstall(external);
  if (firstTime && want.size > 0) {
    const missing = await missingPrerequisites();
    const lines = missing.map((m) => `${m.name}: ${m.problem}`);
    const hint = missing.map((m) => `for ${m.name}: ${m.remedy}`).join('\n');
    if (missing.length > 0) throw new LauncherError('prerequisite', 'look for programs', lines.join('; '), hint);
    progress.step('prerequisites');
  }
  mkdirSync(context.dir().path, { recursive: true });
  let fetched = false;
  const paths = await ensureComponents({
    projectRoot,
    want,
    env: { ...env, [INSTANCE_VARIABLE]: instance },
    report: (event) => {
      fetched ||= event.kind !== 'present';
      if (event.kind !== 'present') progress.say(`    ${lineOf(event)}`);
    },
  });
  if (fetched) progress.step('components');
  return paths;
}

/** Everything else differs from shell to shell, and would restart processes for nothing. */
const INHERITED =
  /^(PATH|HOME|USER|LANG|LC_ALL|TZ|TMPDIR|JAVA_HOME|JAVA_TOOL_OPTIONS|NODE_OPTIONS|NODE_EXTRA_CA_CERTS|LOG_LEVEL|TENANT|MILLRACE_PLAINTEXT|OIDC_[A-Z_]+|OTEL_EXPORTER_OTLP_[A-Z]+|TRACE_[A-Z_]+)$/;

function inherited(env: Env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([k, v]) => (INHERITED.test(k) && v !== undefined ? [[k, v]] : [])),
  );
}

/** The bootstrap's digest of the sources; in an image, which is never rebuilt, the version. */
function buildOf(projectRoot: string): string {
  const stamp = join(projectRoot, 'dist', '.millrace-stamp');
  const file = existsSync(stamp) ? stamp : join(projectRoot, 'package.json');
  return readFileSync(file, 'utf8').split('\n')[1]?.trim().slice(0, 16) ?? 'unknown';
}

function factsOf(url: string, dir: DataDir, built: Backends): Record<string, string> {
  const clients = Object.values(built).map((b) => (b.kind === 'own' ? b.spec.clientEnv : b.clientEnv));
  const { CLICKHOUSE_PASSWORD: _kept, ...rest } = Object.assign({}, ...clients) as Record<string, string>;
  return { API_URL: url, MILLRACE_API_TOKEN_FILE: dir.secrets.apiToken, ...rest };
}

function externalsOf(external: ReadonlySet<ComponentName>, env: Env): Record<string, string> {
  return Object.fromEntries([...external].map((name) => [name, env[ADDRESS_VARIABLE[name]] ?? '']));
}

export const shortPath = (path: string): string => {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near || '.';
};
