/** Registrations through the real API: a body of lines up, results down, over one connection. */
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { join } from 'node:path';
import { freePorts } from '../../../deploy/local/ports';
import { cpuSeconds } from '../support/cpu';
import { ServiceProcess } from '../../services/service-process';
import { type Stack } from '../../support/stack';

const LINES_PER_PIECE = 200;

export interface HttpBulk {
  readonly devices: number;
  readonly accepted: number;
  readonly seconds: number;
  readonly per_second: number;
  readonly api_cpu_s: number;
  readonly registry_cpu_s: number;
  readonly broker_cpu_s: number;
  /** Of the client, which makes the lines and reads the results. */
  readonly client_cpu_s: number;
}

/** Neither ClickHouse nor Temporal is asked for anything here. */
const ELSEWHERE = { CLICKHOUSE_URL: 'http://127.0.0.1:9', TEMPORAL_ADDRESS: '127.0.0.1:9' };

export async function httpBulk(
  stack: Stack,
  registry: ServiceProcess,
  run: string,
  devices: number,
): Promise<HttpBulk> {
  const [port = 0] = await freePorts(1);
  const env = { ...stack.env, ...ELSEWHERE, API_PORT: String(port) };
  const api = await ServiceProcess.start('api', env, join(stack.dataDir, 'logs', 'api.log'));
  try {
    await upload(port, lines(`${run}-first`, 500));
    const spent = (): number[] => [
      ...[api.cpuSeconds(), registry.cpuSeconds(), stack.cpuSeconds('kafka'), cpuSeconds(process.pid)],
    ];
    const before = spent();
    const started = process.hrtime.bigint();
    const accepted = await upload(port, lines(`${run}-http`, devices));
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    const [api_cpu_s = 0, registry_cpu_s = 0, broker_cpu_s = 0, client_cpu_s = 0] = spent().map(
      (s, i) => Math.round((s - (before[i] ?? 0)) * 100) / 100,
    );
    return {
      ...{ devices, accepted, seconds: Math.round(seconds * 100) / 100, per_second: Math.round(devices / seconds) },
      ...{ api_cpu_s, registry_cpu_s, broker_cpu_s, client_cpu_s },
    };
  } finally {
    await api.stop();
  }
}

function* lines(prefix: string, count: number): Generator<string> {
  for (let from = 0; from < count; from += LINES_PER_PIECE) {
    const ids = Array.from({ length: Math.min(LINES_PER_PIECE, count - from) }, (_, k) => from + k);
    yield ids.map((i) => `${JSON.stringify(description(prefix, i))}\n`).join('');
  }
}

function description(prefix: string, i: number): object {
  const place = { agent_id: 'agent-1', path: 'acme/north/hall-2', labels: { a: 'b' } };
  return { device_id: `${prefix}-${String(i).padStart(7, '0')}`, name: `Device ${i}`, model: 'P100', ...place };
}

/** Resolves with how many were accepted. */
async function upload(port: number, body: Iterable<string>): Promise<number> {
  const headers = { 'content-type': 'application/x-ndjson' };
  return new Promise((resolve, reject) => {
    const out = request(
      { port, host: '127.0.0.1', method: 'POST', path: '/api/v1/devices:bulk', headers },
      (answer) => {
        let last = '';
        createInterface({ input: answer })
          .on('line', (line) => (last = line))
          .on('close', () => {
            const { accepted } = JSON.parse(last || '{}') as { accepted?: number };
            if (accepted === undefined) reject(new Error(`HTTP ${answer.statusCode}: ${last}`));
            else resolve(accepted);
          });
      },
    );
    out.on('error', reject);
    Readable.from(body).pipe(out);
  });
}
