/** What a local stack consists of: which processes, how each is started, and what each needs to be ready first. */
import { join } from 'node:path';
import { type ComponentName, type ComponentSpec, LOOPBACK } from './components/spec';
import { type DataDir } from './data-dir';
import { type Ports } from './port-plan';
import { httpProbe, type Probe, tcpProbe } from './probes';
import { type NodeSpec, type ProcessSpec, type TaskSpec } from './supervisor/spec';

/** A component as the stack sees it: started by us, or the user's own. */
export type Backend =
  | { readonly kind: 'own'; readonly spec: ComponentSpec }
  | {
      readonly kind: 'external';
      readonly clientEnv: Readonly<Record<string, string>>;
      readonly probe: TaskSpec['run'];
    };

export type Backends = Readonly<Record<ComponentName, Backend>>;

export interface StackOptions {
  readonly projectRoot: string;
  readonly dir: DataDir;
  readonly ports: Ports;
  readonly backends: Backends;
  /** What every process inherits: PATH, HOME, locale. Kept small, because a different one means a restart. */
  readonly baseEnv: Readonly<Record<string, string>>;
  /** Changes with every build: processes of an older one are restarted instead of taken over. */
  readonly build: string;
  readonly profile: string;
  /** Variables that the profile refers to. */
  readonly profileEnv: Readonly<Record<string, string>>;
  /** Where the plant and the agent meet beside Modbus, as far as the profile refers to it. */
  readonly fieldEnv: Readonly<Record<string, string>>;
  readonly plant: boolean;
  /** Kafka has TLS and an authorizer, and the agent a certificate of its own, which this sees to once the API is up. */
  readonly enroll?: TaskSpec['run'];
  /** Key and certificate of the services, PEM: then the API has a listener with mutual TLS, which shows it. */
  readonly servicesPem?: string;
  /** Done once their components are ready, before the services. */
  readonly setUp: {
    readonly topics: TaskSpec['run'];
    readonly schemas: TaskSpec['run'];
    readonly tables: TaskSpec['run'];
  };
}

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;

/** The variables that lead a process of ours to everything it may need (the same in production). */
export function commonEnv(
  options: Pick<StackOptions, 'baseEnv' | 'backends' | 'dir' | 'build'>,
): Record<string, string> {
  const addresses = Object.values(options.backends).map((b) => (b.kind === 'own' ? b.spec.clientEnv : b.clientEnv));
  return {
    ...options.baseEnv,
    ...Object.assign({}, ...addresses),
    HEALTH_HOST: LOOPBACK,
    MILLRACE_API_TOKEN_FILE: options.dir.secrets.apiToken,
    MILLRACE_BUILD: options.build,
  };
}

export function stack(options: StackOptions): NodeSpec[] {
  return [
    ...Object.entries(options.backends).map(([name, b]) => backendNode(name, b, options.baseEnv)),
    { kind: 'task', name: 'topics', needs: ['kafka'], run: options.setUp.topics },
    { kind: 'task', name: 'schemas', needs: ['schema-registry'], run: options.setUp.schemas },
    { kind: 'task', name: 'tables', needs: ['clickhouse'], run: options.setUp.tables },
    ...services(options),
    ...(options.enroll ? [{ kind: 'task', name: ENROLLED, needs: ['api'], run: options.enroll } as const] : []),
    ...field(options),
  ];
}

/** Task in which the agent gets its certificate. */
const ENROLLED = 'certificate of the agent';

/** Leaves nodes out, together with the needs for them: whoever does so runs them otherwise. */
export function without(nodes: readonly NodeSpec[], names: ReadonlySet<string>): NodeSpec[] {
  return nodes
    .filter((n) => !names.has(n.name))
    .map((n) => ({ ...n, needs: n.needs.filter((need) => !names.has(need)) }));
}

function backendNode(name: string, backend: Backend, baseEnv: Readonly<Record<string, string>>): NodeSpec {
  if (backend.kind === 'external') return { kind: 'task', name, needs: [], run: backend.probe };
  const { spec } = backend;
  return {
    kind: 'process',
    name,
    needs: [],
    command: spec.command,
    args: spec.args,
    env: { ...baseEnv, ...spec.env },
    cwd: spec.cwd,
    ports: spec.ports,
    address: spec.address,
    prepare: spec.prepare,
    ready: backendProbe(spec),
    readyTimeout_ms: spec.startTimeout_ms,
    stopSignal: spec.stopSignal,
    stopTimeout_ms: spec.stopTimeout_ms,
  };
}

/**
 * Asks by the component's own protocol only once its port is open: while it starts, that costs next to nothing. Temporal is
 * usable when its port is open, and asking it would load its whole client into the launcher.
 */
function backendProbe(spec: ComponentSpec): Probe {
  const [port] = spec.ports;
  const open = port === undefined ? () => Promise.resolve(undefined) : tcpProbe(LOOPBACK, port);
  if (spec.name === 'temporal') return open;
  return async () => {
    const closed = await open();
    if (closed !== undefined) return closed;
    const readiness = await spec.ready();
    return readiness.ready ? undefined : readiness.reason;
  };
}

const STREAM = ['topics', 'schemas'];

function services(o: StackOptions): ProcessSpec[] {
  const api = `http://${LOOPBACK}:${o.ports.api}`;
  return [
    service(o, 'registry', 'services/registry/main', STREAM),
    service(o, 'presence', 'services/presence/main', STREAM),
    service(o, 'projector', 'services/projector/main', [...STREAM, 'tables']),
    service(o, 'relay', 'services/relay/main', [...STREAM, 'temporal']),
    service(o, 'worker', 'workflows/worker', [...STREAM, 'temporal']),
    {
      ...service(o, 'api', 'services/api/main', [...STREAM, 'tables', 'temporal'], {
        API_HOST: LOOPBACK,
        API_PORT: String(o.ports.api),
        MILLRACE_ISSUER_KEY_FILE: o.dir.keys.issuer,
        IMAGE_DIR: o.dir.of('images'),
        MILLRACE_CA_KEY_FILE: o.dir.keys.authority,
        PSEUDONYM_KEY_DIR: o.dir.keys.pseudonyms,
        ...(o.enroll && { KAFKA_AGENT_ACLS: '1' }),
        ...(o.servicesPem !== undefined && {
          ...{ API_MTLS_PORT: String(o.ports['api-mtls']), API_MTLS_HOST: LOOPBACK },
          ...{ API_MTLS_CERT_FILE: o.servicesPem, API_MTLS_KEY_FILE: o.servicesPem },
        }),
        ...(o.backends.temporal.kind === 'own' && { TEMPORAL_UI_URL: `http://${LOOPBACK}:${o.ports['temporal-ui']}` }),
      }),
      ports: [o.ports.api, o.ports['health-api'], ...(o.servicesPem === undefined ? [] : [o.ports['api-mtls']])],
      address: api,
    },
  ];
}

type HealthName = 'registry' | 'presence' | 'projector' | 'relay' | 'worker' | 'api' | 'agent';

function service(
  o: StackOptions,
  name: HealthName,
  module: string,
  needs: readonly string[],
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): ProcessSpec {
  const port = o.ports[`health-${name}`];
  const health = `http://${LOOPBACK}:${port}`;
  return {
    kind: 'process',
    name,
    needs,
    command: process.execPath,
    args: [join(o.projectRoot, 'dist', `${module}.js`), ...args],
    env: { ...commonEnv(o), HEALTH_PORT: String(port), ...env },
    cwd: o.dir.path,
    ports: [port],
    address: health,
    metricsUrl: `${health}/metrics`,
    ready: httpProbe(`${health}/readyz`),
    readyTimeout_ms: START_TIMEOUT_MS,
    stopSignal: 'SIGTERM',
    stopTimeout_ms: STOP_TIMEOUT_MS,
  };
}

/** The factory: an agent, and unless the user has machines, a plant to talk to. The agent does not need the plant to be up. */
function field(o: StackOptions): ProcessSpec[] {
  const plant_port = String(o.ports.plant);
  // The second name is open to profiles from the platform too, so that the agent's own file may come from there.
  const env = {
    ...{ PLANT_PORT: plant_port, PROFILE_PLANT_PORT: plant_port },
    ...o.fieldEnv,
    ...updateEnv(o),
    ...o.profileEnv,
  };
  const args = ['run', '--profile', o.profile, '--data', o.dir.of('agent')];
  const agent = service(o, 'agent', 'edge-agent/main', o.enroll ? [...STREAM, ENROLLED] : STREAM, env, args);
  return [...(o.plant ? [plant(o)] : []), o.enroll ? withItsOwnCertificate(agent) : agent];
}

/** Without the services' certificate the agent shows the one it was enrolled with. */
function withItsOwnCertificate(agent: ProcessSpec): ProcessSpec {
  const { KAFKA_SSL_CERT_FILE: _cert, KAFKA_SSL_KEY_FILE: _key, ...env } = agent.env;
  return { ...agent, env };
}

/** Devices of the simulated plant take images; what takes them on a real one is its owner's to install. */
function updateEnv(o: StackOptions): Record<string, string> {
  return {
    AGENT_UPDATER: join(o.projectRoot, 'deploy', 'local', 'plant', 'updater'),
    AGENT_UPDATE_KEYS: o.dir.imageKeys.public,
    AGENT_IMAGES_URL: `http://${LOOPBACK}:${o.ports.api}/api/v1/images`,
    AGENT_IMAGES_TOKEN_FILE: o.dir.secrets.apiToken,
    PLANT_IMAGES_DIR: join(o.dir.of('plant'), 'images'),
  };
}

/** It speaks what the profile asks for: Modbus alone, or all that has a variable there. */
function plant(o: StackOptions): ProcessSpec {
  const mixed = Object.keys(o.fieldEnv).length > 0;
  return {
    kind: 'process',
    name: 'plant',
    needs: [],
    command: process.execPath,
    args: [join(o.projectRoot, 'dist', 'deploy', 'local', 'plant', mixed ? 'mixed' : 'modbus', 'main.js')],
    env: {
      ...o.baseEnv,
      MILLRACE_BUILD: o.build,
      ...o.fieldEnv,
      PLANT_PORT: String(o.ports.plant),
      PLANT_DATA_DIR: o.dir.of('plant'),
      HEALTH_HOST: LOOPBACK,
      HEALTH_PORT: String(o.ports['health-plant']),
    },
    cwd: o.dir.path,
    ports: [o.ports.plant, o.ports['health-plant']],
    address: `modbus://${LOOPBACK}:${o.ports.plant}`,
    ready: httpProbe(`http://${LOOPBACK}:${o.ports['health-plant']}/readyz`),
    readyTimeout_ms: START_TIMEOUT_MS,
    stopSignal: 'SIGTERM',
    stopTimeout_ms: STOP_TIMEOUT_MS,
  };
}
