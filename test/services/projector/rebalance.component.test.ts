/** Two projectors share the partitions: one joins, leaves in order, is killed; nothing is lost and nothing doubled. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createKafka, streamConfig } from '../../../schemas/stream';
import { Bed, eventually, frame, onceInEveryTier } from './support/bed';
import { Source } from './support/source';

jest.setTimeout(90_000);

const T0 = Date.UTC(2026, 0, 1);
const EVERY_MS = 50;
const DEVICES = 40;

let bed: Bed;
beforeAll(async () => (bed = await Bed.start()), 60_000);
afterAll(() => bed?.stop());

/** Frames of many devices without a pause, so that every rebalance meets batches under way. */
class Load {
  readonly source = new Source(
    createKafka(streamConfig(bed.stack.env, 'rebalance'), { warn: () => undefined }),
    bed.telemetry,
    'rebalance-source',
  );
  private seq = 0;
  private firing = true;
  private readonly done = this.fire();

  async stop(): Promise<void> {
    this.firing = false;
    await this.done;
    await this.source.close();
  }

  private async fire(): Promise<void> {
    while (this.firing) {
      const seq = ++this.seq;
      const shape = { seq, ts: T0 + seq * 10_000, readings: 10 };
      await this.source.write(Array.from({ length: DEVICES }, (_, d) => frame({ ...shape, device_id: `device-${d}` })));
      await sleep(EVERY_MS);
    }
  }
}

interface Entry {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** Where an entry does not begin at the end of the one before it. */
async function seams(): Promise<string[]> {
  const sql =
    "SELECT partition, `from`, `to` FROM millrace.ingest_ledger WHERE topic = 'm2m.telemetry' ORDER BY partition, `to`";
  const entries = await bed.rows<Entry>(sql);
  return entries
    .filter((e, i) => e.from !== (entries[i - 1]?.partition === e.partition ? entries[i - 1]!.to : 0))
    .map((e) => `partition ${e.partition}: ${e.from} to ${e.to}`);
}

test('partitions change hands under load', async () => {
  const first = await bed.projector();
  const load = new Load();
  await sleep(1_500);
  const second = await bed.projector(); // joins
  await sleep(2_000);
  await first.stop(); // leaves in order: what is under way is finished
  await sleep(2_000);
  const third = await bed.projector();
  await sleep(1_000);
  await second.kill(); // its session must end before the group knows
  await sleep(1_000);
  await load.stop();

  const { tally } = load.source;
  expect(tally.readings).toBeGreaterThan(10_000);
  const sum = [...tally.minutes.values()].reduce((total, m) => total + m.sum, 0);
  const expected = onceInEveryTier(tally.readings, sum);
  await eventually('everything is in', async () => (await bed.tiers())['readings_1d'] === expected['readings_1d']);
  expect(await bed.tiers()).toEqual(expected);
  expect(await seams()).toEqual([]);
  expect(third.log()).toMatch(/partitions assigned/);
  await third.stop();
});
