/**
 * The canary: drives a simulated device through the whole platform, and measures.
 *
 *   node dist/deploy/canary/main.js --every 30               for ever, as metrics
 *   node dist/deploy/canary/main.js --once --timeout 180     one round; exit 1 when it fails. --remove: decommissions the device
 *
 * Environment: API_URL, MILLRACE_API_TOKEN_FILE, CANARY_ID (of the agent that runs profile.yaml), HEALTH_HOST, HEALTH_PORT.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pino from 'pino';
import { type Registry } from 'prom-client';
import { ApiClient } from '../cli/api-client';
import { seedDevices } from '../cli/up/seed';
import { canaryMetrics } from './metrics';
import { round, setpointOf } from './round';

const DEFAULT_TIMEOUT_S = 60;
/** The API answers before the agent has heard of its device. */
const RETRY_MS = 2_000;

const log = pino({ name: 'canary', level: process.env['LOG_LEVEL'] ?? 'info' });
const clock = { now: () => Date.now(), sleep: (ms: number) => sleep(ms) };

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      every: { type: 'string', default: '30' },
      timeout: { type: 'string', default: String(DEFAULT_TIMEOUT_S) },
      once: { type: 'boolean', default: false },
      remove: { type: 'boolean', default: false },
    },
  });
  const id = required('CANARY_ID');
  const device = `${id}-boiler`;
  const token = readFileSync(required('MILLRACE_API_TOKEN_FILE'), 'utf8').trim();
  const api = new ApiClient({ url: required('API_URL').replace(/\/$/, ''), token });
  const timeout_ms = Number(values.timeout) * 1_000;
  const prepare = (): Promise<void> => seedDevices(api, { agentId: id, devices: [{ id: device }] });
  if (values.once) {
    await patiently(prepare, timeout_ms);
    try {
      const measured = await round(api, clock, { device, setpoint: setpointOf(clock.now()), timeout_ms });
      process.stdout.write(`${JSON.stringify({ device, ...measured })}\n`);
    } finally {
      if (values.remove)
        await api.post(`/devices/${encodeURIComponent(device)}/decommission`, { reason: 'test is over' });
    }
    return;
  }
  const counted = canaryMetrics(clock.now, (err) => log.error({ err }, 'a round failed'));
  let ready = false;
  serve(counted.registry, () => ready);
  await patiently(prepare, Number.POSITIVE_INFINITY);
  ready = true;
  for (let n = clock.now(); ; n++) {
    await counted.count(() => round(api, clock, { device, setpoint: setpointOf(n), timeout_ms }));
    await sleep(Number(values.every) * 1_000);
  }
}

async function patiently(work: () => Promise<void>, timeout_ms: number): Promise<void> {
  const end = clock.now() + timeout_ms;
  for (;;)
    try {
      return await work();
    } catch (err) {
      if (clock.now() > end) throw err;
      log.warn({ err }, 'the platform is not there yet');
      await sleep(RETRY_MS);
    }
}

function serve(registry: Registry, ready: () => boolean): void {
  const server = createServer((req, res) => {
    if (req.url === '/healthz') return void res.end('ok\n');
    if (req.url === '/readyz') return void res.writeHead(ready() ? 200 : 503).end();
    if (req.url !== '/metrics') return void res.writeHead(404).end();
    void registry.metrics().then((body) => res.setHeader('content-type', registry.contentType).end(body));
  });
  server.listen(Number(process.env['HEALTH_PORT'] ?? 0), process.env['HEALTH_HOST'] ?? '127.0.0.1');
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (err: unknown) => {
    log.fatal({ err }, 'failed');
    process.exit(1);
  },
);
