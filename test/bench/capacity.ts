/**
 * What 1,000 devices cost each process of a platform: 10 metrics each, every 10 s, through agent, broker, projector and engine.
 *
 *   node dist/test/bench/capacity.js [--devices 1000] [--seconds 60] [--json]
 *
 * CPU-seconds a minute and memory of each process, and bytes on disk of a reading in the log and in the tables
 * (deploy/capacity.md). A run with few devices tells what the platform costs by itself. Wall-clock figures of a shared machine say
 * little; CPU time does. Exit 1 when the machine did not keep up, because then the figures are of something else.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Instance } from '../workflows/support/instance';
import { FIRST_UNIT } from '../workflows/support/load-profile';
import { cpuPerPiece } from './support/cpu';

const METRICS = 10;
const SCAN_MS = 10_000;
/** Load units of the plant; more devices share them. */
const UNITS = 200;
const IN_FLIGHT = 16;
/** Connections are made, schemas known, caches warm. */
const WARM_MS = 20_000;
const MINUTE_MS = 60_000;

const PROCESSES = [
  ...['agent', 'plant', 'kafka', 'schema-registry', 'projector', 'clickhouse', 'registry', 'presence', 'api'],
  ...['relay', 'worker', 'temporal'],
];

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
  },
});
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function profile(devices: number): object {
  const points = Array.from({ length: METRICS }, (_, n) => ({
    ...{ metric: `m${n}`, table: 'holding-register', address: n, type: 'uint16' },
  }));
  return {
    agent: { id: 'edge-1' },
    connections: [
      {
        ...{ name: 'plant', protocol: 'modbus-tcp', host: '${PLANT_HOST:-127.0.0.1}', port: '${PLANT_PORT:-5020}' },
        ...{ timeout_ms: 5_000, in_flight: IN_FLIGHT },
      },
    ],
    models: { sensor: { scan_ms: SCAN_MS, points } },
    devices: Array.from({ length: devices }, (_, n) => ({
      ...{ id: `sensor-${n}`, connection: 'plant', unit: FIRST_UNIT + (n % UNITS), model: 'sensor' },
    })),
  };
}

interface Seen {
  readonly at: number;
  readonly readings: number;
  readonly log_bytes: number;
  /** Of every other topic: sessions, offsets, transactions. */
  readonly other_log_bytes: number;
}

/** Bytes of the broker's segments, those of telemetry by themselves. */
function logBytes(instance: Instance): Pick<Seen, 'log_bytes' | 'other_log_bytes'> {
  const dir = instance.dir.of('kafka');
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.log'));
  const bytes = (of: readonly string[]): number => of.reduce((sum, f) => sum + statSync(join(dir, f)).size, 0);
  const telemetry = files.filter((f) => /m2m\.telemetry-\d+\//.test(f));
  return { log_bytes: bytes(telemetry), other_log_bytes: bytes(files) - bytes(telemetry) };
}

async function look(instance: Instance): Promise<Seen> {
  const [row] = await instance.sql<{ n: string }>('SELECT count() AS n FROM readings');
  return { at: Date.now(), readings: Number(row?.n ?? 0), ...logBytes(instance) };
}

function memory_mb(instance: Instance, name: string): number {
  const pid = instance.pid(name);
  if (pid === undefined) return 0;
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kib ?? 0) / 1_024);
}

/** On disk, once parts are merged as they are after a while: of the readings, and of all tables. */
async function tableBytes(instance: Instance): Promise<{ readonly readings: number; readonly all: number }> {
  await instance.sql('OPTIMIZE TABLE millrace.readings_raw FINAL');
  const [row] = await instance.sql<{ readings: string; all: string }>(
    "SELECT sumIf(bytes_on_disk, table = 'readings_raw') AS readings, sum(bytes_on_disk) AS all FROM system.parts WHERE active AND database = 'millrace'",
  );
  return { readings: Number(row?.readings ?? 0), all: Number(row?.all ?? 0) };
}

/** At least nine tenths of what was asked for, or the figures are none. */
const KEPT_UP = 0.9;
const IMPORT_TIMEOUT_MS = 60_000;

/** All in one go: `up` would bring them to life one by one. */
async function register(instance: Instance, devices: number): Promise<void> {
  const line = (n: number): string => JSON.stringify({ device_id: `sensor-${n}`, model: 'sensor', agent_id: 'edge-1' });
  await instance.bulk(Array.from({ length: devices }, (_, n) => `${line(n)}\n`).join(''));
  const end = Date.now() + IMPORT_TIMEOUT_MS;
  for (; Date.now() < end; await pause(500)) {
    const [row] = await instance.sql<{ n: string }>('SELECT uniqExact(device_id) AS n FROM readings');
    if (Number(row?.n ?? 0) >= devices) return;
  }
  throw new Error(`not every device has a reading in SQL after ${IMPORT_TIMEOUT_MS / 1_000} s`);
}

const round = (n: number, digits = 2): number => Number(n.toFixed(digits));

async function measured(instance: Instance, devices: number, seconds: number): Promise<Figures> {
  await register(instance, devices);
  await pause(WARM_MS);
  const before = await look(instance);
  const pids = Object.fromEntries(PROCESSES.map((name) => [name, instance.pid(name)]));
  const { result: after, cpu_ms } = await cpuPerPiece(pids, 1, async () => {
    await pause(seconds * 1_000);
    return look(instance);
  });
  const took_ms = after.at - before.at;
  const readings = after.readings - before.readings;
  const processes = Object.entries(cpu_ms).map(([name, ms]) => [
    name,
    { cpu_s_per_min: round((ms / 1_000) * (MINUTE_MS / took_ms)), memory_mb: memory_mb(instance, name) },
  ]);
  const tables = await tableBytes(instance);
  return {
    ...{ devices, readings_per_s: round((readings * 1_000) / took_ms, 0) },
    log_bytes_per_reading: round((after.log_bytes - before.log_bytes) / readings),
    other_log_bytes_per_s: round(((after.other_log_bytes - before.other_log_bytes) * 1_000) / took_ms, 0),
    table_bytes_per_reading: round(tables.readings / after.readings),
    all_tables_bytes_per_reading: round(tables.all / after.readings),
    ...{ load_average: round(loadavg()[0] ?? 0, 1), processes: Object.fromEntries(processes) as object },
  };
}

interface Figures {
  readonly devices: number;
  readonly readings_per_s: number;
  readonly [figure: string]: number | object;
}

async function main(devices: number, seconds: number): Promise<void> {
  const instance = await Instance.start(profile(devices), ['devices']);
  try {
    const found = await measured(instance, devices, seconds);
    console.log(values.json ? JSON.stringify(found) : JSON.stringify(found, undefined, 2));
    const expected = (devices * METRICS * 1_000) / SCAN_MS;
    if (found.readings_per_s >= KEPT_UP * expected) return;
    console.error(`asked for ${expected} readings/s: the machine did not keep up, and the figures are none`);
    process.exitCode = 1;
  } finally {
    await instance.stop();
  }
}

void main(Number(values.devices), Number(values.seconds));
