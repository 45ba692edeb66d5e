/**
 * How much of a machine it takes to read a plant into Kafka: simulated Modbus TCP devices, a connection each, 30 points a
 * device once a second. Our agent runs as it does in a factory (its own process, outbox with fdatasync, transactions);
 * beside it, on the same plant and broker, what a user would put together instead. Every reading is counted in Kafka.
 *
 *   node dist/test/bench/modbus.js [--devices 500] [--seconds 60] [--warm-up 10] [--only millrace] [--cpu-prof DIR] [--json]
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePorts } from '../../deploy/local/ports';
import { startStack } from '../support/stack';
import { arrived, makeTopic } from './modbus/arrived';
import { type Contender, cpuOf, end, type Job, lastWords, memory, millrace, python, script } from './modbus/contenders';
import { pythonPath } from './modbus/python';
import { POINTS, SCAN_MS, Simulator } from './modbus/plant';

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '60' },
    'warm-up': { type: 'string', default: '10' },
    only: { type: 'string', default: '' },
    'cpu-prof': { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});

/** Time for what was read last to be on the stream. */
const SETTLE_MS = 3_000;

interface Figures {
  readonly name: string;
  readonly points_per_s: number;
  /** Of the points asked for by the scan time. */
  readonly kept_percent: number;
  readonly cores: number;
  /** Of these, in the kernel: sockets and disk. */
  readonly system_cores: number;
  readonly points_per_cpu_s: number;
  readonly rss_mb: { readonly start: number; readonly end: number; readonly peak: number };
  /** Since the start: readings the plant gave, and readings in Kafka. */
  readonly given: number;
  /** Of these, in answers that came after the agent's timeout: on the stream as readings of bad quality. */
  readonly late: number;
  readonly arrived: number;
  readonly repeated: number;
}

async function measure(contender: Contender, given: Omit<Job, 'port' | 'healthPort'>): Promise<Figures> {
  const seconds = Number(values.seconds);
  const plant = await Simulator.start();
  const [healthPort = 0] = await freePorts(1);
  const job = { ...given, port: plant.port, healthPort };
  const child = contender.start(job);
  const alive = (): void => {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`${contender.name} ended (${child.exitCode ?? child.signalCode}):\n${lastWords(job.folder)}`);
  };
  try {
    while ((await plant.answers()) < job.devices) {
      alive();
      await sleep(200);
    }
    await sleep(Number(values['warm-up']) * 1_000);
    alive();
    const pid = child.pid ?? 0;
    const before = { answers: await plant.answers(), cpu: cpuOf(pid), at: performance.now(), ...memory(pid) };
    await sleep(seconds * 1_000);
    alive();
    const after = { answers: await plant.answers(), cpu: cpuOf(pid), at: performance.now(), ...memory(pid) };
    const taken = POINTS * (await plant.answers('SIGUSR2'));
    await sleep(SETTLE_MS);
    const late = POINTS * ((await contender.late?.(job)) ?? 0);
    await end(child);
    const { readings, repeated } = await arrived(job.env, contender.topic);
    const [wall_s, cpu_s] = [(after.at - before.at) / 1_000, after.cpu.all - before.cpu.all];
    const points = POINTS * (after.answers - before.answers);
    const mb = (bytes: number): number => Math.round(bytes / 1e6);
    return {
      name: contender.name,
      points_per_s: Math.round(points / wall_s),
      kept_percent: Math.round((1_000 * points * SCAN_MS) / (POINTS * job.devices * wall_s * 1_000)) / 10,
      cores: Math.round((100 * cpu_s) / wall_s) / 100,
      system_cores: Math.round((100 * (after.cpu.system - before.cpu.system)) / wall_s) / 100,
      points_per_cpu_s: Math.round(points / cpu_s),
      rss_mb: { start: mb(before.rss), end: mb(after.rss), peak: mb(after.peak) },
      ...{ given: taken, late, arrived: readings, repeated },
    };
  } finally {
    child.kill('SIGKILL');
    await plant.stop();
  }
}

async function main(): Promise<void> {
  const devices = Number(values.devices);
  const all = [millrace, script, python(await pythonPath())];
  const wanted = all.filter((c) => c.name.includes(values.only));
  const stack = await startStack({ want: ['kafka', 'schema-registry'] });
  const figures: Figures[] = [];
  try {
    for (const [i, contender] of wanted.entries()) {
      await makeTopic(stack.env, contender.topic);
      const folder = join(stack.dataDir, `contender-${i}`);
      const prof = values['cpu-prof'];
      const nodeOptions = prof ? ['--cpu-prof', `--cpu-prof-dir=${prof}`] : [];
      figures.push(await measure(contender, { devices, folder, env: stack.env, nodeOptions }));
    }
  } finally {
    await stack.stop();
  }
  report(devices, figures);
}

function report(devices: number, figures: readonly Figures[]): void {
  const [ours] = figures;
  const ratio = (f: Figures): number => Math.round((100 * (ours?.points_per_cpu_s ?? 0)) / f.points_per_cpu_s) / 100;
  if (values.json)
    return console.log(
      JSON.stringify(figures.map((f) => ({ bench: 'modbus', devices, ...f, ours_to_this: ratio(f) }))),
    );
  console.log(`modbus: ${devices} devices of ${POINTS} points, every ${SCAN_MS} ms, into Kafka`);
  for (const f of figures) {
    const { start, end: last, peak } = f.rss_mb;
    console.log(`  ${f.name}`);
    console.log(
      `    ${f.points_per_s} points/s (${f.kept_percent} % of those asked), ${f.cores} cores (${f.system_cores} in the kernel)`,
    );
    console.log(`    ${f.points_per_cpu_s} points per CPU-second; ours is ${ratio(f)} of it`);
    console.log(`    RSS ${start} MB, after the run ${last} MB, peak ${peak} MB`);
    console.log(
      `    ${f.given} readings given by the plant (${f.late} too late), ${f.arrived} in Kafka, ${f.repeated} of them twice`,
    );
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
