import { dirname, join } from 'node:path';
import { type ComponentPaths } from '../install/ensure';
import { classArchiveFlags } from './class-archive';
import { type ComponentSpec, LOOPBACK, notReady, PROBE_TIMEOUT_ms, type Readiness, READY, reasonOf } from './spec';
import { emptyTemporary, temporaryFlag } from './temporary';

const COMPATIBILITY = 'BACKWARD_TRANSITIVE';

export interface SchemaRegistryOptions {
  /** Data folder of the instance; the registry's own is `schema-registry` in it. */
  readonly dataDir: string;
  readonly ports: { readonly http: number };
  readonly paths: ComponentPaths;
}

/** The property is for people who read the list of processes. */
const JVM = ['-Dmillrace=schema-registry', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** Apicurio Registry, spoken to by Confluent's API; its schemas and their ids are kept in an H2 file. */
export function schemaRegistrySpec({ dataDir, ports, paths }: SchemaRegistryOptions): ComponentSpec {
  if (!paths.registryJar) throw new Error('the schema registry is not among the installed components');
  const dir = join(dataDir, 'schema-registry');
  const address = `http://${LOOPBACK}:${ports.http}/apis/ccompat/v7`;
  return {
    name: 'schema-registry',
    command: paths.java,
    args: [...JVM, temporaryFlag(dir), ...classArchiveFlags(dirname(paths.registryJar)), '-jar', paths.registryJar],
    env: environmentOf(dir, ports.http),
    cwd: dataDir,
    prepare: async () => emptyTemporary(dir),
    ready: () => readyWithDefault(address),
    address,
    clientEnv: { SCHEMA_REGISTRY_URL: address },
    ports: [ports.http],
    stopSignal: 'SIGTERM',
    stopTimeout_ms: 10_000,
    startTimeout_ms: 120_000,
  };
}

/** Lists the subjects, as any registry that speaks Confluent's API can. */
export async function probeSchemaRegistry(url: string): Promise<Readiness> {
  try {
    const answer = await get(url, '/subjects');
    if (!answer.ok) return notReady(`GET /subjects: HTTP ${answer.status}`);
    return Array.isArray(await answer.json()) ? READY : notReady('GET /subjects: not a schema registry');
  } catch (error) {
    return notReady(reasonOf(error));
  }
}

function environmentOf(dir: string, port: number): Record<string, string> {
  return {
    APICURIO_STORAGE_KIND: 'sql',
    APICURIO_STORAGE_SQL_KIND: 'h2',
    // WRITE_DELAY=0: by default H2 writes up to 500 ms after the commit, and a killed registry would forget an id it gave.
    APICURIO_DATASOURCE_URL: `jdbc:h2:file:${join(dir, 'registry')};WRITE_DELAY=0`,
    APICURIO_DATASOURCE_JDBC_INITIAL_SIZE: '1',
    APICURIO_DATASOURCE_JDBC_MIN_SIZE: '1',
    APICURIO_DATASOURCE_JDBC_MAX_SIZE: '10',
    QUARKUS_HTTP_HOST: LOOPBACK,
    QUARKUS_HTTP_PORT: String(port),
    QUARKUS_HTTP_ACCESS_LOG_ENABLED: 'false',
    QUARKUS_BANNER_ENABLED: 'false',
    QUARKUS_LOG_LEVEL: 'WARN',
    QUARKUS_LOG_CATEGORY__IO_APICURIO__LEVEL: 'WARN',
    QUARKUS_LOG_CONSOLE_FORMAT: '%d{yyyy-MM-dd HH:mm:ss,SSS} %-5p %c{1} %s%e%n',
  };
}

/** Apicurio checks nothing by default; ours is ready when its default is the compatibility that we promise. */
async function readyWithDefault(url: string): Promise<Readiness> {
  const probe = await probeSchemaRegistry(url);
  if (!probe.ready) return probe;
  try {
    const config = (await (await get(url, '/config')).json()) as { compatibilityLevel?: string };
    if (config.compatibilityLevel === COMPATIBILITY) return READY;
    const answer = await fetch(`${url}/config`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ compatibility: COMPATIBILITY }),
      signal: AbortSignal.timeout(PROBE_TIMEOUT_ms),
    });
    return answer.ok ? READY : notReady(`PUT /config: HTTP ${answer.status}`);
  } catch (error) {
    return notReady(reasonOf(error));
  }
}

function get(url: string, path: string): Promise<Response> {
  return fetch(`${url.replace(/\/$/, '')}${path}`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_ms) });
}
