/** The four components of a stack: ours, or the user's own when its address is configured. */
import { type ComponentName as InstalledName } from './install/lock-file';
import { type ComponentPaths } from './install/ensure';
import { clickHouseSpec } from './components/clickhouse';
import { kafkaSpec, probeKafka } from './components/kafka';
import { probeSchemaRegistry, schemaRegistrySpec } from './components/schema-registry';
import { type ComponentName, LOOPBACK, type Readiness } from './components/spec';
import { probeTemporal, temporalSpec } from './components/temporal';
import { type DataDir } from './data-dir';
import { type LocalSecurity } from './secure/certificates';
import { type PublicPort, type Ports } from './port-plan';
import { type Backend, type Backends } from './stack';
import { loginFrom, queryText } from './clickhouse-query';
import { LauncherError } from './supervisor/errors';

type Env = Readonly<Record<string, string | undefined>>;

/** The variable that names a component of the user's own. */
export const ADDRESS_VARIABLE = {
  kafka: 'KAFKA_BROKERS',
  'schema-registry': 'SCHEMA_REGISTRY_URL',
  clickhouse: 'CLICKHOUSE_URL',
  temporal: 'TEMPORAL_ADDRESS',
} as const satisfies Record<ComponentName, string>;

const names = Object.keys(ADDRESS_VARIABLE) as ComponentName[];

/** Variables that belong to each component's clients and are handed on with an external address. */
const CLIENT_VARIABLES: Readonly<Record<ComponentName, RegExp>> = {
  kafka: /^KAFKA_/,
  'schema-registry': /^SCHEMA_REGISTRY_/,
  clickhouse: /^CLICKHOUSE_/,
  temporal: /^TEMPORAL_/,
};

/**
 * Components whose address is configured and is not our own: after `eval "$(millrace env)"` the variables name what the
 * data directory itself runs, which must be started, not looked for.
 */
export function externalComponents(env: Env, remembered: Partial<Record<string, number>>): Set<ComponentName> {
  return new Set(names.filter((name) => isExternal(env[ADDRESS_VARIABLE[name]], remembered[name])));
}

function isExternal(address: string | undefined, own: number | undefined): boolean {
  if (!address) return false;
  const { hostname, port } = new URL(address.includes('://') ? address : `tcp://${address.split(',')[0]}`);
  return !(own !== undefined && Number(port) === own && (hostname === LOOPBACK || hostname === 'localhost'));
}

/** What must be installed to run the rest. */
export function toInstall(external: ReadonlySet<ComponentName>): Set<InstalledName> {
  const installed: InstalledName[] = ['kafka', 'schema-registry', 'temporal'];
  return new Set(installed.filter((name) => !external.has(name)));
}

/** Ports that a component of ours takes; the others of the plan stay unused. */
export const PORTS_OF: Readonly<Record<ComponentName, readonly PublicPort[]>> = {
  kafka: ['kafka', 'kafka-controller'],
  'schema-registry': ['schema-registry'],
  clickhouse: ['clickhouse'],
  temporal: ['temporal', 'temporal-ui'],
};

export interface BackendOptions {
  readonly projectRoot: string;
  readonly dir: DataDir;
  readonly ports: Ports;
  readonly paths: ComponentPaths;
  readonly external: ReadonlySet<ComponentName>;
  readonly env: Env;
  /** Of `up --secure`. */
  readonly security?: LocalSecurity;
}

export function backends(o: BackendOptions): Backends {
  const { dir, ports, paths, projectRoot } = o;
  const dataDir = dir.path;
  const own = {
    kafka: () =>
      kafkaSpec({
        ...{ dataDir, paths, ports: { broker: ports.kafka, controller: ports['kafka-controller'] } },
        ...(o.security && { extras: { security: o.security.broker } }),
      }),
    'schema-registry': () => {
      const login = { user: 'millrace', passwordFile: dir.secrets.schemaRegistry };
      const security = o.security && { security: { ...o.security.http, ...login } };
      return schemaRegistrySpec({ dataDir, ports: { http: ports['schema-registry'] }, paths, ...security });
    },
    clickhouse: () => {
      const login = { user: 'millrace', passwordFile: dir.secrets.clickhouse };
      const security = o.security && { security: o.security.http };
      return clickHouseSpec({ dataDir, ports: { http: ports.clickhouse }, projectRoot, ...login, ...security });
    },
    temporal: () => temporalSpec({ dataDir, ports: { grpc: ports.temporal, ui: ports['temporal-ui'] }, paths }),
  };
  const backend = (name: ComponentName): Backend =>
    o.external.has(name) ? external(name, o.env) : { kind: 'own', spec: own[name]() };
  return {
    kafka: backend('kafka'),
    'schema-registry': backend('schema-registry'),
    clickhouse: backend('clickhouse'),
    temporal: backend('temporal'),
  };
}

function external(name: ComponentName, env: Env): Backend {
  const variables = Object.entries(env).filter(
    (e): e is [string, string] => CLIENT_VARIABLES[name].test(e[0]) && !!e[1],
  );
  return { kind: 'external', clientEnv: Object.fromEntries(variables), probe: () => probeExternal(name, env) };
}

const secured = (env: Env): boolean => Boolean(env['KAFKA_SSL_CA_FILE'] ?? env['KAFKA_SASL_MECHANISM']);

async function look(name: ComponentName, address: string, env: Env): Promise<Readiness> {
  switch (name) {
    case 'kafka':
      // With TLS or SASL the setting up of topics, which knows them, is the probe.
      return secured(env) ? { ready: true } : probeKafka(address.split(','));
    case 'schema-registry':
      return probeSchemaRegistry(address);
    case 'clickhouse':
      return probeClickHouseLogin(address, env);
    case 'temporal':
      return probeTemporal(address, env['TEMPORAL_NAMESPACE']);
    default:
      return name satisfies never;
  }
}

/** A ping needs no password: a question does. */
async function probeClickHouseLogin(address: string, env: Env): Promise<Readiness> {
  try {
    const { url, user, password } = loginFrom({ ...env, CLICKHOUSE_URL: address }) ?? {
      url: address,
      user: '',
      password: '',
    };
    await queryText({ url, user, password }, 'SELECT 1');
    return { ready: true };
  } catch (e) {
    return { ready: false, reason: (e as Error).message };
  }
}

/** Once, and at once: what the user named should be up, and if not, the name is what has to be looked at. */
async function probeExternal(name: ComponentName, env: Env): Promise<void> {
  const variable = ADDRESS_VARIABLE[name];
  const address = env[variable] ?? '';
  const readiness = await look(name, address, env);
  if (readiness.ready) return;
  const hint = `start it, correct ${variable}, or unset ${variable} to have one started for you`;
  throw new LauncherError('external-unreachable', `reach ${name}`, `${variable}=${address}: ${readiness.reason}`, hint);
}
