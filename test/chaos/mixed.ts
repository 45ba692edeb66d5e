/**
 * A plant of every protocol under `millrace up`, its agent, broker, projector and ClickHouse killed with SIGKILL at work and
 * started again by the launcher. At the end every message that a device was acknowledged for is in SQL exactly once, and of the
 * protocols that acknowledge nothing the outbox's numbers are without a gap.
 *
 *   node dist/test/chaos/mixed.js [--kills 20] [--seed N] [--period-ms 100] [--json]
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Acknowledgements } from '../../deploy/local/plant/ledger';
import { projectRoot } from '../../schemas/root';
import { Instance } from '../workflows/support/instance';
import { type Counted, type Evidence, type Figures, type Frames, isSound, judge } from './support/judge-mixed';
import { Random } from './support/random';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    'period-ms': { type: 'string', default: '100' },
    json: { type: 'boolean', default: false },
  },
});

/** Devices of deploy/local/profiles/mixed.yaml. */
const PROTOCOLS = {
  http: ['fan-1', 'fan-2'],
  websocket: ['robot-1', 'robot-2'],
  coap: ['probe-1', 'probe-2'],
  'coap over TCP': ['valve-1'],
  'mqtt-listener, QoS 1': ['scale-1'],
  'mqtt-listener, QoS 2': ['scale-2'],
  'mqtt, from a broker': ['press-1', 'press-2'],
  amqp: ['loom-1'],
  'amqp-0-9-1': ['loom-2'],
  'sparkplug-b': ['spark-boiler', 'spark-meter'],
  'modbus-tcp': ['boiler-1'],
  opcua: ['kettle-1'],
  bacnet: ['heating-1', 'heat-meter-1'],
  can: ['truck-1', 'truck-2'],
} as const;
const ACKNOWLEDGING: ReadonlySet<string> = new Set(Object.keys(PROTOCOLS).slice(0, 9));
/** Half of the blows are the agent's: it is what stands between the field and the log. */
const VICTIMS = ['agent', 'agent', 'agent', 'projector', 'clickhouse', 'kafka'] as const;
const LOOK_MS = 200;
const LIMIT_MS = 120_000;
/** What would come twice has time to come. */
const AFTERMATH_MS = 3_000;
const [LEAST_PAUSE_MS, MOST_PAUSE_MS] = [100, 1_000];

const say = (line: string): void => void (values.json || console.log(line));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what: string, check: () => Promise<boolean> | boolean): Promise<void> {
  let last: unknown;
  for (const end = Date.now() + LIMIT_MS; Date.now() < end; await pause(LOOK_MS))
    try {
      if (await check()) return;
    } catch (error) {
      last = error; // what is being brought back does not answer yet
    }
  throw new Error(`${what}: not within ${LIMIT_MS / 1_000} s`, { cause: last });
}

class Plant {
  constructor(private readonly instance: Instance) {}

  acknowledged(): Acknowledgements {
    const file = join(this.instance.dir.of('plant'), 'acknowledged.json');
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Acknowledgements) : {};
  }

  total(): number {
    const ranges = Object.values(this.acknowledged()).flat();
    return ranges.reduce((n, [from, to]) => n + to - from + 1, 0);
  }
}

async function strike(instance: Instance, plant: Plant, random: Random): Promise<string> {
  const victim = random.pick(VICTIMS);
  const before = plant.total();
  await until('messages are acknowledged', () => plant.total() > before);
  await pause(LEAST_PAUSE_MS + random.below(MOST_PAUSE_MS - LEAST_PAUSE_MS));
  await until(`${victim} runs`, () => instance.pid(victim) !== undefined);
  const pid = instance.pid(victim) ?? 0;
  process.kill(pid, 'SIGKILL');
  await until(`${victim} runs again`, () => ![undefined, pid].includes(instance.pid(victim)));
  return victim;
}

/** All of what `acknowledged` and the outboxes' numbers up to `lasts` are about, as SQL has it now. */
async function evidence(
  instance: Instance,
  acknowledged: Acknowledgements,
  lasts: ReadonlyMap<string, number>,
): Promise<Evidence> {
  const counted = await instance.sql<Counted>(
    `SELECT device_id, toFloat64(if(kind = 'int64', value_int, toInt64(value))) AS number, toUInt32(count()) AS times
     FROM readings_raw WHERE metric = 'count' AND quality < 64 GROUP BY device_id, number`,
  );
  const seen = await instance.sql<{ device_id: string; seqs: number[] }>(
    'SELECT device_id, groupUniqArray(toUInt32(seq)) AS seqs FROM readings_raw GROUP BY device_id',
  );
  const frames = seen.flatMap(({ device_id, seqs }): Frames[] => {
    const last = lasts.get(device_id);
    return last === undefined ? [] : [{ device_id, last, frames: seqs.filter((s) => s <= last).length }];
  });
  return { acknowledged, counted, frames };
}

async function lastNumbers(instance: Instance): Promise<ReadonlyMap<string, number>> {
  const rows = await instance.sql<{ device_id: string; last: number }>(
    'SELECT device_id, toUInt32(max(seq)) AS last FROM readings_raw GROUP BY device_id',
  );
  return new Map(rows.map((r) => [r.device_id, r.last]));
}

const complete = (figures: Record<string, Figures>): boolean =>
  Object.values(figures).every((f) => f.missing === 0 && f.frames_missing === 0);

async function verdict(instance: Instance, plant: Plant): Promise<Record<string, Figures>> {
  const acknowledged = plant.acknowledged();
  let lasts: ReadonlyMap<string, number> = new Map();
  await until('numbers', async () => (lasts = await lastNumbers(instance)).size > 0);
  const now = async (): Promise<Record<string, Figures>> =>
    judge(PROTOCOLS, ACKNOWLEDGING, await evidence(instance, acknowledged, lasts));
  await until('everything in SQL', async () => complete(await now())).catch((e: unknown) => say(String(e)));
  await pause(AFTERMATH_MS);
  return now();
}

async function main(kills: number, seed: number): Promise<void> {
  process.env['PLANT_PERIOD_MS'] = values['period-ms'];
  const profile = readFileSync(join(projectRoot(), 'deploy', 'local', 'profiles', 'mixed.yaml'), 'utf8');
  say(`seed ${seed}: ${kills} kills, a message of each device every ${values['period-ms']} ms`);
  const instance = await Instance.start(profile, ['presence', 'relay', 'worker']);
  try {
    const plant = new Plant(instance);
    const random = new Random(seed);
    const devices = Object.values(PROTOCOLS).flat().length;
    process.once('SIGTERM', () => void instance.stop().then(() => process.exit(1)));
    await until('readings of every device', async () => (await lastNumbers(instance)).size >= devices);
    const begun = Date.now();
    const blows: Record<string, number> = {};
    for (let n = 0; n < kills; n++) {
      const victim = await strike(instance, plant, random);
      blows[victim] = (blows[victim] ?? 0) + 1;
      say(`${n + 1}/${kills} ${victim} after ${plant.total()} acknowledgements`);
    }
    const struck_s = Math.round((Date.now() - begun) / 1_000);
    const protocols = await verdict(instance, plant);
    const sound = Object.values(protocols).every(isSound);
    console.log(JSON.stringify({ seed, kills, blows, struck_s, protocols, sound }, null, values.json ? 0 : 2));
    process.exitCode = sound ? 0 : 1;
  } finally {
    await instance.stop();
  }
}

void main(Number(values.kills), Number(values.seed));
