/** Exactly once whatever dies when: the real workers against a simulated cluster. A failing seed repeats the run. */
import { Encoder, schemas } from '../../../schemas/codec';
import { type TelemetryFrame } from '../../../schemas/generated';
import { PROJECTIONS, type Projection } from '../../../services/projector/projections';
import { type Faults, NO_FAULTS, Process } from './support/process';
import { random, VirtualTime } from './support/virtual-time';
import { REFUSED, World } from './support/world';

jest.setTimeout(900_000); // pure computing, which may get little of the processors

const telemetry = PROJECTIONS[0]!;
const encoder = new Encoder('telemetry-frame');
const MINUTE = 60_000;

function frameOf(device_id: string, seq: number, schemaId: number, ts: number): Buffer {
  const series = [{ metric: 'm', dt: [0, 1000], value: [seq, seq + 1], quality: [] }];
  const frame: TelemetryFrame = {
    ...{ tenant: 't', device_id, agent_id: 'a', seq, ts, received_at: ts, clock_offset_ms: 0 },
    ...{ series, text_series: [], int_series: [] },
  };
  return encoder.encodeFramed(schemaId, frame);
}

interface Expected {
  readonly good: Set<string>;
  readonly bad: Set<string>;
}

/** Writes `n` messages of every kind to the partition; gives what should become of them. */
function write(world: World, partition: number, n: number, chance: () => number, expected: Expected): void {
  const log = world.log(telemetry.topic, partition);
  for (let i = 0; i < n; i++) {
    const kind = chance();
    const seq = log.high + 1;
    const device = `d${partition}`;
    const value = frameOf(device, seq, chance() < 0.7 ? 1 : 2, world.time.now());
    if (kind < 0.1) log.skip(1 + Math.floor(chance() * 3));
    const bad = (v: Buffer | null): void => void expected.bad.add(`${partition}:${log.append(v)}`);
    if (kind < 0.8) {
      log.append(value);
      expected.good.add(`${device}/${seq}`);
    } else if (kind < 0.84) bad(value.subarray(0, value.length - 3));
    else if (kind < 0.88) bad(Buffer.concat([value, Buffer.of(0)]));
    else if (kind < 0.91) bad(Buffer.from('not framed'));
    else if (kind < 0.94) bad(frameOf(device, seq, 99, world.time.now()));
    else if (kind < 0.97) bad(frameOf(device, seq, 1, Date.UTC(1971, 0, 1)));
    else bad(frameOf(REFUSED, seq, 1, world.time.now()));
  }
}

function newWorld(memory?: number): World {
  const world = new World(new VirtualTime(), memory);
  world.schemas.set(1, schemas['telemetry-frame']);
  world.schemas.set(2, schemas['telemetry-frame']);
  return world;
}

const partitions = (n: number, projection: Projection = telemetry) =>
  Array.from({ length: n }, (_, partition) => ({ projection, partition }));

function expectExactlyOnce(world: World, expected: Expected): void {
  for (const { name, rows } of world.tables.targets) {
    const wrong = [...rows].filter(([key, count]) => count !== 1 || !expected.good.has(key));
    const missing = [...expected.good].filter((key) => !rows.has(key));
    expect({ name, wrong, missing }).toEqual({ name, wrong: [], missing: [] });
  }
  const letters = new Set(world.deadLetters.map((l) => `${l.partition}:${l.message.offset}`));
  expect([...letters].sort()).toEqual([...expected.bad].sort());
}

const ledgerEnd = (world: World, partition: number): number => world.tables.head(telemetry.topic, partition)?.to ?? 0;
const lastOffset = (world: World, partition: number): number =>
  (world.log(telemetry.topic, partition).messages.at(-1)?.offset ?? -1) + 1;
const caughtUp = (world: World, n: number) => (): boolean =>
  partitions(n).every(({ partition }) => ledgerEnd(world, partition) === lastOffset(world, partition));

/** Messages one by one over the time, so that no two processes cut the same batches by chance. */
function trickle(world: World, span_ms: number, chance: () => number, expected: Expected): void {
  for (const { partition } of partitions(2))
    for (let n = Math.floor(chance() * 12); n > 0; n--)
      world.time.after(chance() * span_ms, () => write(world, partition, 1, chance, expected));
}

const { columns: _, ...OLDER } = telemetry;

/** One life after another, each ended by a fault, while messages come in; then one without faults. */
async function survive(
  seed: number,
  faults: Faults,
  lives: number,
  /** Lives of a release that inserts whole frames, before the others. */
  older = 0,
): Promise<{ world: World; expected: Expected }> {
  const chance = random(seed);
  const world = newWorld();
  const expected: Expected = { good: new Set(), bad: new Set() };
  for (let life = 0; life < lives; life++) {
    const process = new Process(world, partitions(2, life < older ? OLDER : telemetry), faults, chance);
    process.start();
    for (let burst = 0; burst < 4 && !process.dead && !process.stalled; burst++) {
      trickle(world, 1_500, chance, expected);
      await world.time.run(() => process.dead || process.stalled, chance() * 3_000);
    }
    // Sometimes it is killed; sometimes it lives on beside its successor and is told so only later.
    if (chance() < 0.5) process.kill();
    else world.time.after(chance() * 5_000, () => process.dismiss());
  }
  const last = new Process(world, partitions(2), NO_FAULTS, chance);
  last.start();
  await world.time.run(() => false, MINUTE); // what was still to be written is written
  await world.time.run(caughtUp(world, 2), 10 * MINUTE);
  await world.time.run(() => false, 5 * MINUTE); // zombies of earlier lives wake up
  expect(last.conflicts).toEqual([]);
  last.kill();
  return { world, expected };
}

const SEEDS = Array.from({ length: Number(process.env['SIM_SEEDS'] ?? 5) }, (_, i) => i + 1);

describe('given messages of every kind on two partitions', () => {
  test.each(SEEDS)(
    'when the process dies at any call, then every table has every reading once (seed %i)',
    async (seed) => {
      const { world, expected } = await survive(seed, { crash: 0.005, error: 0, stall: 0 }, 12);
      expect(expected.good.size).toBeGreaterThan(50);
      expectExactlyOnce(world, expected);
    },
  );

  test.each(SEEDS)('when answers are lost and tables are reached in part, then the same (seed %i)', async (seed) => {
    const { world, expected } = await survive(1000 + seed, { crash: 0.002, error: 0.06, stall: 0 }, 8);
    expectExactlyOnce(world, expected);
  });

  test.each(SEEDS)('when a release that sorts readings takes over, then the same (seed %i)', async (seed) => {
    const { world, expected } = await survive(3000 + seed, { crash: 0.02, error: 0.06, stall: 0 }, 8, 4);
    expectExactlyOnce(world, expected);
  });

  test.each(SEEDS)('when processes stall and wake as zombies, then the same (seed %i)', async (seed) => {
    const { world, expected } = await survive(2000 + seed, { crash: 0.001, error: 0.02, stall: 0.005 }, 8);
    expectExactlyOnce(world, expected);
  });
});
