/**
 * Takes ClickHouse with all its data away and makes the tables again from the log (deploy/runbooks/clickhouse-loss.md, step 4).
 *
 *   node dist/test/chaos/restore.js [--frames 2000] [--json]
 *
 * A projector fills the tables; it and ClickHouse are killed, the data is removed, more is written meanwhile; then tables are made and a
 * projector with another group begins. Exit 1 unless every reading is there once, in every tier.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Bed, eventually, frame, onceInEveryTier } from '../services/projector/support/bed';

const READINGS = 100;
const DEVICES = 20;
const BATCH = 100;
const LIMIT_MS = 300_000;
const T0 = Date.UTC(2026, 0, 1);

const { values } = parseArgs({
  options: { frames: { type: 'string', default: '2000' }, json: { type: 'boolean', default: false } },
});
const say = (line: string): void => void (values.json || console.log(line));

class Written {
  readings = 0;
  sum = 0;
  private frames = 0;

  constructor(private readonly bed: Bed) {}

  async write(count: number): Promise<void> {
    for (let left = count; left > 0; left -= BATCH) {
      const frames = Array.from({ length: Math.min(left, BATCH) }, () => this.next());
      await this.bed.produce(frames);
    }
  }

  private next() {
    const n = this.frames++;
    const seq = Math.floor(n / DEVICES) + 1;
    const ts = T0 + seq * READINGS * 1_000;
    this.readings += READINGS;
    this.sum += READINGS * seq + (READINGS * (READINGS - 1)) / 2;
    return frame({ device_id: `device-${n % DEVICES}`, seq, ts, readings: READINGS });
  }
}

async function allThere(bed: Bed, { readings, sum }: Written): Promise<number> {
  const begun = Date.now();
  const wanted = JSON.stringify(onceInEveryTier(readings, sum));
  await eventually(`${readings} readings`, async () => JSON.stringify(await bed.tiers()) === wanted, LIMIT_MS);
  return (Date.now() - begun) / 1_000;
}

async function main(frames: number): Promise<void> {
  const bed = await Bed.start();
  try {
    const written = new Written(bed);
    const first = await bed.projector();
    await written.write(frames);
    await allThere(bed, written);
    say(`${written.readings} readings are in SQL; ClickHouse and its data go`);
    const lost_at = Date.now();
    await first.kill();
    await bed.stack.kill('clickhouse');
    rmSync(join(bed.stack.dataDir, 'clickhouse'), { recursive: true });
    await written.write(Math.ceil(frames / 10));
    await bed.stack.restart('clickhouse');
    await bed.migrate();
    const empty = await bed.one('SELECT count() FROM millrace.readings');
    if (empty !== '0') throw new Error(`nothing was lost: ${empty} readings are still there`);
    say('tables are made, and empty; a projector of another group begins');
    const second = await bed.projector({ PROJECTOR_GROUP: 'millrace-projector-2' });
    const replay_s = await allThere(bed, written);
    const recovery_s = (Date.now() - lost_at) / 1_000;
    const [count = 0, distinct = 0] = (
      await bed.one('SELECT count(), uniqExact(device_id, metric, ts) FROM millrace.readings')
    )
      .split('\t')
      .map(Number);
    const found = { readings: written.readings, lost: written.readings - distinct, doubled: count - distinct };
    console.log(JSON.stringify({ ...found, replay_s, recovery_s }));
    await second.kill();
    process.exitCode = found.lost === 0 && found.doubled === 0 ? 0 : 1;
  } finally {
    await bed.stop();
  }
}

void main(Number(values.frames));
