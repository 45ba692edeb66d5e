import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fetchTrusting } from '../secure/fetch';
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

export interface ClickHouseOptions {
  /** Data folder of the instance; the engine's own is `clickhouse` in it. */
  readonly dataDir: string;
  readonly ports: { readonly http: number };
  readonly projectRoot: string;
  readonly user: string;
  /** File holding the user's password. */
  readonly passwordFile: string;
  readonly security?: HttpSecurity;
}

/** The ClickHouse engine behind our HTTP front (deploy/local/clickhouse), as compiled into dist. */
export function clickHouseSpec(options: ClickHouseOptions): ComponentSpec {
  const { dataDir, ports, projectRoot, user, passwordFile, security } = options;
  const dir = join(dataDir, 'clickhouse');
  const address = `${security ? 'https' : 'http'}://${LOOPBACK}:${ports.http}`;
  return {
    name: 'clickhouse',
    command: process.execPath,
    args: [join(projectRoot, 'dist', 'deploy', 'local', 'clickhouse', 'main.js')],
    env: {
      CLICKHOUSE_DATA_DIR: dir,
      CLICKHOUSE_HTTP_HOST: LOOPBACK,
      CLICKHOUSE_HTTP_PORT: String(ports.http),
      CLICKHOUSE_USER: user,
      CLICKHOUSE_PASSWORD_FILE: passwordFile,
      ...(security && { CLICKHOUSE_TLS_FILE: security.certificate }),
    },
    cwd: dataDir,
    prepare: async () => void mkdirSync(dir, { recursive: true }),
    ready: () => probeClickHouse(address, security),
    address,
    clientEnv: {
      CLICKHOUSE_URL: address,
      CLICKHOUSE_USER: user,
      CLICKHOUSE_PASSWORD_FILE: passwordFile,
      ...(security && { NODE_EXTRA_CA_CERTS: security.authorities }),
    },
    ports: [ports.http],
    stopSignal: 'SIGTERM',
    stopTimeout_ms: 15_000,
    startTimeout_ms: 120_000,
  };
}

/** `GET /ping` answers `Ok.` */
export async function probeClickHouse(url: string, security?: HttpSecurity): Promise<Readiness> {
  try {
    const ask = fetchTrusting(security?.authorities);
    const answer = await ask(`${url.replace(/\/$/, '')}/ping`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_ms) });
    const body = (await answer.text()).trim();
    if (answer.ok && body === 'Ok.') return READY;
    return notReady(`GET /ping: HTTP ${answer.status}, ${JSON.stringify(body.slice(0, 100))} instead of "Ok."`);
  } catch (error) {
    return notReady(reasonOf(error));
  }
}
