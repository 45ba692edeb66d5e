import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ComponentPaths } from '../install/ensure';
import { classArchiveFlags } from './class-archive';
import { registryHeaders } from '../../../schemas/stream-config';
import { fetchTrusting, type Question } from '../secure/fetch';
import { writeAtomically } from '../supervisor/run-file';
import {
  type ComponentSpec,
  type HttpSecurity,
  LOOPBACK,
  notReady,
  PROBE_TIMEOUT_ms,
  type Readiness,
  READY,
  reasonOf,
} from './spec';
import { emptyTemporary, temporaryFlag } from './temporary';

const COMPATIBILITY = 'BACKWARD_TRANSITIVE';

export interface SchemaRegistryOptions {
  /** Data folder of the instance; the registry's own is `schema-registry` in it. */
  readonly dataDir: string;
  readonly ports: { readonly http: number };
  readonly paths: ComponentPaths;
  readonly security?: RegistrySecurity;
}

/** HTTPS only, and nothing without the name and password. */
export interface RegistrySecurity extends HttpSecurity {
  readonly user: string;
  readonly passwordFile: string;
}

/** How it is asked over TLS with a password; nothing for a registry in plain text. */
interface Asked {
  readonly authorities?: string;
  readonly headers: Record<string, string>;
}

/** The property is for people who read the list of processes. */
const JVM = ['-Dmillrace=schema-registry', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** Apicurio Registry, spoken to by Confluent's API; its schemas and their ids are kept in an H2 file. */
export function schemaRegistrySpec({ dataDir, ports, paths, security }: SchemaRegistryOptions): ComponentSpec {
  if (!paths.registryJar) throw new Error('the schema registry is not among the installed components');
  const dir = join(dataDir, 'schema-registry');
  const address = `${security ? 'https' : 'http'}://${LOOPBACK}:${ports.http}/apis/ccompat/v7`;
  return {
    name: 'schema-registry',
    command: paths.java,
    args: [...JVM, temporaryFlag(dir), ...classArchiveFlags(dirname(paths.registryJar)), '-jar', paths.registryJar],
    env: { ...environmentOf(dir, ports.http), ...(security && securityEnv(dir, ports.http, security)) },
    cwd: dataDir,
    prepare: async () => {
      emptyTemporary(dir);
      if (security) writeAtomically(usersFile(dir), usersOf(security), 0o600);
    },
    ready: () => readyWithDefault(address, security ? askedWith(security) : { headers: {} }),
    address,
    clientEnv: { SCHEMA_REGISTRY_URL: address, ...(security && clientSecurity(security)) },
    ports: [ports.http],
    stopSignal: 'SIGTERM',
    stopTimeout_ms: 10_000,
    startTimeout_ms: 120_000,
  };
}

const usersFile = (dir: string): string => join(dir, 'users.properties');

/** The password is in a file that only its owner reads, and so in no list of processes. */
function usersOf({ user, passwordFile }: RegistrySecurity): string {
  const users = 'quarkus.security.users.embedded';
  const password = readFileSync(passwordFile, 'utf8').trim();
  return `${users}.plain-text=true\n${users}.users.${user}=${password}\n${users}.roles.${user}=sr-admin\n`;
}

/** Its plain listener is off, so that its port may be the same. */
const securityEnv = (dir: string, port: number, { certificate }: HttpSecurity): Record<string, string> => ({
  QUARKUS_HTTP_INSECURE_REQUESTS: 'disabled',
  QUARKUS_HTTP_SSL_PORT: String(port),
  QUARKUS_HTTP_SSL_CERTIFICATE_FILES: certificate,
  QUARKUS_HTTP_SSL_CERTIFICATE_KEY_FILES: certificate,
  QUARKUS_HTTP_AUTH_BASIC: 'true',
  QUARKUS_HTTP_AUTH_PERMISSION_ALL_PATHS: '/*',
  QUARKUS_HTTP_AUTH_PERMISSION_ALL_POLICY: 'authenticated',
  QUARKUS_CONFIG_LOCATIONS: usersFile(dir),
});

const clientSecurity = ({ authorities, user, passwordFile }: RegistrySecurity): Record<string, string> => ({
  NODE_EXTRA_CA_CERTS: authorities,
  SCHEMA_REGISTRY_USERNAME: user,
  SCHEMA_REGISTRY_PASSWORD_FILE: passwordFile,
});

function askedWith({ authorities, user: username, passwordFile }: RegistrySecurity): Asked {
  const password = readFileSync(passwordFile, 'utf8').trim();
  return { authorities, headers: registryHeaders({ registryLogin: { username, password } }) };
}

/** Lists the subjects, as any registry that speaks Confluent's API can. */
export async function probeSchemaRegistry(url: string, asked: Asked = { headers: {} }): Promise<Readiness> {
  try {
    const answer = await ask(url, '/subjects', asked);
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
async function readyWithDefault(url: string, asked: Asked): Promise<Readiness> {
  const probe = await probeSchemaRegistry(url, asked);
  if (!probe.ready) return probe;
  try {
    const config = (await (await ask(url, '/config', asked)).json()) as { compatibilityLevel?: string };
    if (config.compatibilityLevel === COMPATIBILITY) return READY;
    const headers = { ...asked.headers, 'content-type': 'application/json' };
    const body = JSON.stringify({ compatibility: COMPATIBILITY });
    const answer = await ask(url, '/config', { ...asked, headers }, { method: 'PUT', body });
    return answer.ok ? READY : notReady(`PUT /config: HTTP ${answer.status}`);
  } catch (error) {
    return notReady(reasonOf(error));
  }
}

function ask(url: string, path: string, { authorities, headers }: Asked, what: Question = {}): Promise<Response> {
  const signal = AbortSignal.timeout(PROBE_TIMEOUT_ms);
  return fetchTrusting(authorities)(`${url.replace(/\/$/, '')}${path}`, { ...what, headers, signal });
}
