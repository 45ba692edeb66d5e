/**
 * What the registry does in a second: bulk registrations, and how long one move takes from request to reply. Real broker,
 * the registry as its own process; asking and counting replies happens here, on the same cores.
 *
 *   node dist/test/bench/registry.js [--devices 50000] [--moves 1000] [--json]
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { streamConfig } from '../../schemas/stream';
import { Asker } from '../services/registry/asker';
import { ServiceProcess } from '../services/service-process';
import { type Stack, startStack } from '../support/stack';
import { httpBulk, type HttpBulk } from './registry/http-bulk';

const REQUESTS_PER_SEND = 2_000;
const SETTLE_MS = 500;
/** Names of a run: a broker used before does not matter. */
const RUN = Date.now().toString(36);

interface Figures {
  readonly bulk: {
    devices: number;
    seconds: number;
    per_second: number;
    registry_cpu_s: number;
    registry_rss_mb: number;
  };
  readonly single: { moves: number; p50_ms: number; p99_ms: number; max_ms: number; registry_cpu_s: number };
  readonly concurrent: { moves: number; in_flight: number; per_second: number; p50_ms: number; p99_ms: number };
  readonly http: HttpBulk;
}

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '50000' },
    moves: { type: 'string', default: '1000' },
    json: { type: 'boolean', default: false },
  },
});

void main(Number(values.devices), Number(values.moves));

async function main(devices: number, moves: number): Promise<void> {
  const stack = await startStack({ want: ['kafka', 'schema-registry'] });
  try {
    print(await measure(stack, devices, moves));
  } finally {
    await stack.stop();
  }
}

async function measure(stack: Stack, devices: number, moves: number): Promise<Figures> {
  const asker = await Asker.start(streamConfig(stack.env, 'bench'), 'bench');
  const registry = await ServiceProcess.start('registry', stack.env, join(stack.dataDir, 'logs', 'registry.log'));
  try {
    await warmUp(asker);
    const bulk = await bulkOf(asker, registry, devices);
    await pause(SETTLE_MS);
    const single = await singleOf(asker, registry, moves);
    const concurrent = await concurrentOf(asker, moves);
    return { bulk, single, concurrent, http: await httpBulk(stack, registry, RUN, devices) };
  } finally {
    await asker.stop();
    await registry.stop();
  }
}

async function warmUp(asker: Asker): Promise<void> {
  for (let i = 0; i < 50; i++)
    await asker.ask({ request_id: `${RUN}-warm-${i}`, device_id: `${RUN}-warm-${i}`, type: 'register' });
}

async function bulkOf(asker: Asker, registry: ServiceProcess, devices: number): Promise<Figures['bulk']> {
  const before = asker.replies.size;
  const cpu = registry.cpuSeconds();
  const started = process.hrtime.bigint();
  for (let i = 0; i < devices; i += REQUESTS_PER_SEND)
    await asker.send(
      Array.from({ length: Math.min(REQUESTS_PER_SEND, devices - i) }, (_, k) => ({
        request_id: `${RUN}-bulk-${i + k}`,
        device_id: `${RUN}-${String(i + k).padStart(7, '0')}`,
        type: 'register',
        data: {
          name: `Device ${i + k}`,
          model: 'P100',
          agent_id: 'agent-1',
          path: 'acme/north/hall-2',
          labels: { a: 'b' },
        },
      })),
    );
  while (asker.replies.size < before + devices) await pause(5);
  const seconds = secondsSince(started);
  return {
    devices,
    seconds: round(seconds),
    per_second: Math.round(devices / seconds),
    registry_cpu_s: round(registry.cpuSeconds() - cpu),
    registry_rss_mb: Math.round(registry.memory() / 1e6),
  };
}

async function singleOf(asker: Asker, registry: ServiceProcess, moves: number): Promise<Figures['single']> {
  const cpu = registry.cpuSeconds();
  const times = await cycle(asker, `${RUN}-single`, moves);
  const registry_cpu_s = round(registry.cpuSeconds() - cpu);
  return { moves, ...percentiles(times), max_ms: round(Math.max(...times)), registry_cpu_s };
}

async function concurrentOf(asker: Asker, moves: number): Promise<Figures['concurrent']> {
  const in_flight = 50;
  const each = Math.ceil(moves / in_flight) * 2;
  const started = process.hrtime.bigint();
  const all = await Promise.all(
    Array.from({ length: in_flight }, (_, i) => cycle(asker, `${RUN}-concurrent-${i}`, each)),
  );
  const times = all.flat();
  const per_second = Math.round(times.length / secondsSince(started));
  return { moves: times.length, in_flight, per_second, ...percentiles(times) };
}

/** Registers a device and then suspends and resumes it, one move after the other; ms of each. */
async function cycle(asker: Asker, device_id: string, moves: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < moves + 3; i++) {
    const type = ['register', 'provision', 'activate'][i] ?? (i % 2 === 1 ? 'suspend' : 'resume');
    const started = process.hrtime.bigint();
    const data = type === 'register' ? { agent_id: 'agent-1' } : {};
    const reply = await asker.ask({ request_id: `${device_id}-${i}`, device_id, type, data });
    if (reply.outcome !== 'accepted') throw new Error(`${type}: ${reply.outcome} ${reply.detail}`);
    times.push(secondsSince(started) * 1_000);
  }
  return times;
}

function percentiles(times: readonly number[]): { p50_ms: number; p99_ms: number } {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (q: number): number => round(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0);
  return { p50_ms: at(0.5), p99_ms: at(0.99) };
}

function print(figures: Figures): void {
  if (values.json) return void console.log(JSON.stringify(figures));
  const { bulk, single, concurrent, http } = figures;
  console.log(`bulk        ${bulk.per_second} registrations/s (${bulk.devices} in ${bulk.seconds} s)`);
  console.log(`            registry ${bulk.registry_cpu_s} CPU-s, ${bulk.registry_rss_mb} MB resident`);
  console.log(
    `single      p50 ${single.p50_ms} ms, p99 ${single.p99_ms} ms, max ${single.max_ms} ms (${single.moves} moves)`,
  );
  console.log(`            registry ${single.registry_cpu_s} CPU-s`);
  console.log(
    `bulk, HTTP  ${http.per_second} registrations/s (${http.accepted} of ${http.devices} in ${http.seconds} s)`,
  );
  console.log(
    `            api ${http.api_cpu_s} CPU-s, registry ${http.registry_cpu_s}, broker ${http.broker_cpu_s}, client ${http.client_cpu_s}`,
  );
  console.log(`concurrent  p50 ${concurrent.p50_ms} ms, p99 ${concurrent.p99_ms} ms, ${concurrent.per_second} moves/s`);
}

const round = (n: number): number => Math.round(n * 100) / 100;
const secondsSince = (started: bigint): number => Number(process.hrtime.bigint() - started) / 1e9;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
