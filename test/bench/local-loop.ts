/**
 * How long the agent takes to act: a register changes in the plant (another process, Modbus TCP), a rule sees it at its next
 * scan, writes an actuator and reads it back. No broker, no network. The time runs from before the change is sent to the plant until
 * the rule says that it has written; so the change's own way to the plant is in it. Beside it the loop one would write by hand.
 *
 *   node dist/test/bench/local-loop.js [--changes N] [--scan MS] [--json]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import ModbusRTU from 'modbus-serial';
import pino from 'pino';
import { Registry } from 'prom-client';
import { freePorts } from '../../deploy/local/ports';
import { Agent } from '../../edge-agent/agent';
import { systemClock } from '../../edge-agent/io/clock';
import { readPlan } from '../../edge-agent/profile-file';
import { projectRoot } from '../../schemas/root';
import { cpuSeconds } from './support/cpu';
import { round } from './support/load';

const { values } = parseArgs({
  options: {
    changes: { type: 'string', default: '1000' },
    scan: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
});

/** A unit of the plant whose registers keep what is written to them. */
const UNIT = 10;
const SENSOR = 0;
const ACTUATOR = 1;
const TARGET_P99_MS = 20;
const START_MS = 20_000;

const profile = (port: number, scan_ms: number): string => `
agent: { id: loop }
connections: [{ name: plant, protocol: modbus-tcp, host: 127.0.0.1, port: ${port} }]
devices:
  - id: unit
    connection: plant
    unit: ${UNIT}
    scan_ms: ${scan_ms}
    points:
      - { metric: sensor, table: holding-register, address: ${SENSOR} }
      - { metric: actuator, table: holding-register, address: ${ACTUATOR}, writable: true, scan_ms: 1000 }
    rules:
      - name: follow
        when: sensor > 500.0
        then: [{ write: actuator, value: 1, per_minute: 60000 }]
        otherwise: [{ write: actuator, value: 0, per_minute: 60000 }]
`;

async function connect(port: number): Promise<ModbusRTU> {
  for (const end = performance.now() + START_MS; ;) {
    const client = new ModbusRTU();
    try {
      await client.connectTCP('127.0.0.1', { port });
      client.setID(UNIT);
      return client;
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(100);
    }
  }
}

function startPlant(port: number, dataDir: string): ChildProcess {
  const main = join(projectRoot(), 'dist/deploy/local/plant/modbus/main.js');
  const env = { ...process.env, PLANT_PORT: String(port), PLANT_DATA_DIR: dataDir, LOG_LEVEL: 'warn' };
  return spawn(process.execPath, [main], { env, stdio: 'inherit' });
}

/** A loop that answers a change of the sensor: resolves when the actuator has been read back. */
interface Contender {
  readonly name: string;
  /** Resolves when the change to this value was carried out and read back. */
  follows(value: 0 | 1): Promise<void>;
  stop(): Promise<void>;
}

async function agentLoop(port: number, dir: string): Promise<Contender> {
  const file = join(dir, 'profile.yaml');
  writeFileSync(file, profile(port, Number(values.scan)));
  const waiting: { value: number; resolve: () => void }[] = [];
  const log = pino(
    {
      level: 'info',
      base: null,
    },
    {
      write(line: string) {
        const { msg, value } = JSON.parse(line) as { msg: string; value?: number };
        if (msg === 'rule has written' && value === waiting[0]?.value) waiting.shift()?.resolve();
      },
    },
  );
  const deps = { clock: systemClock, random: Math.random };
  const agent = await Agent.open({
    ...{ plan: readPlan(file, {}), dataDir: join(dir, 'agent'), stream: undefined, replicationFactor: 1 },
    ...{ boot: 'bench', deps, log, metrics: new Registry(), newId: () => 'bench' },
  });
  await agent.start();
  return {
    name: 'agent',
    follows: (value) => new Promise((resolve) => waiting.push({ value, resolve })),
    stop: () => agent.stop('bench over'),
  };
}

/** What one would write: read every scan, write when it changed, read back. */
async function handLoop(port: number): Promise<Contender> {
  const client = await connect(port);
  let wake: (() => void) | undefined;
  let wanted = -1;
  let last = -1;
  let running = true;
  const scan = async (): Promise<void> => {
    for (let due = performance.now(); running; due += Number(values.scan)) {
      const { data } = await client.readHoldingRegisters(SENSOR, 1);
      const value = Number((data[0] ?? 0) > 500);
      if (value !== last) {
        await client.writeRegister(ACTUATOR, value);
        const back = await client.readHoldingRegisters(ACTUATOR, 1);
        last = back.data[0] ?? -1;
        if (last === wanted) wake?.();
      }
      const wait_ms = due + Number(values.scan) - performance.now();
      if (wait_ms > 0) await sleep(wait_ms);
    }
  };
  const scanning = scan();
  return {
    name: 'by hand',
    follows: (value) => {
      wanted = value;
      return new Promise((resolve) => (wake = resolve));
    },
    stop: async () => {
      running = false;
      await scanning;
      client.close(() => undefined);
    },
  };
}

interface Figures {
  readonly name: string;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  readonly wall_s: number;
  readonly cpu_s: number;
  readonly plant_cpu_s: number;
}

async function measure(contender: Contender, field: ModbusRTU, plant: number): Promise<Figures> {
  const times: number[] = [];
  const step = async (value: 0 | 1): Promise<number> => {
    const followed = contender.follows(value);
    const begin = performance.now();
    await field.writeRegister(SENSOR, value === 1 ? 1_000 : 0);
    await followed;
    return performance.now() - begin;
  };
  for (let i = 0; i < 20; i++) await step(i % 2 === 0 ? 1 : 0);
  const [start, cpu, plantCpu] = [performance.now(), process.cpuUsage(), cpuSeconds(plant)];
  for (let i = 0; i < Number(values.changes); i++) {
    // At any moment of the scan, not always right after it.
    await sleep(5 + Math.random() * 20);
    times.push(await step(i % 2 === 0 ? 1 : 0));
  }
  const { user, system } = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  const at = (q: number): number => round(times[Math.min(times.length - 1, Math.floor(q * times.length))] ?? 0);
  return {
    ...{ name: contender.name, p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1) },
    wall_s: round((performance.now() - start) / 1_000),
    cpu_s: round((user + system) / 1e6),
    plant_cpu_s: round(cpuSeconds(plant) - plantCpu),
  };
}

async function main(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-bench-loop-'));
  const [port = 0] = await freePorts(1);
  const plant = startPlant(port, join(dir, 'plant'));
  try {
    const field = await connect(port);
    await field.writeRegister(SENSOR, 0);
    await field.writeRegister(ACTUATOR, 0);
    const results: Figures[] = [];
    for (const make of [() => agentLoop(port, dir), () => handLoop(port)]) {
      const contender = await make();
      await sleep(500);
      results.push(await measure(contender, field, plant.pid ?? 0));
      await contender.stop();
    }
    field.close(() => undefined);
    report(results);
  } finally {
    plant.kill('SIGTERM');
    rmSync(dir, { recursive: true, force: true });
  }
}

function report(results: readonly Figures[]): void {
  const [agent, hand] = results;
  const ratio = round((agent?.p99_ms ?? 0) / (hand?.p99_ms ?? 1));
  const figures = {
    bench: 'local-loop',
    changes: Number(values.changes),
    scan_ms: Number(values.scan),
    ratio,
    results,
  };
  if (values.json) return console.log(JSON.stringify(figures));
  console.log(`local-loop: ${values.changes} changes, scan ${values.scan} ms, Modbus TCP, no broker`);
  for (const r of results)
    console.log(
      `  ${r.name.padEnd(8)} p50 ${r.p50_ms} ms, p99 ${r.p99_ms} ms, max ${r.max_ms} ms (${r.wall_s} s wall, ${r.cpu_s} CPU-s, plant ${r.plant_cpu_s} CPU-s)`,
    );
  console.log(`  p99 ${ratio} times the loop written by hand, which stores nothing and knows no rules`);
  console.log(`  target p99 ${TARGET_P99_MS} ms: ${(agent?.p99_ms ?? Infinity) <= TARGET_P99_MS ? 'met' : 'MISSED'}`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
