/**
 * An outbox in a bad world: power goes at any moment and takes unsynced writes or half of them, the disk fills up, fails
 * and recovers, the stream commits or does not. Whatever happens, per counter the numbers that reached the stream and
 * those declared lost are 1..n without a hole and without a repeat, and every acknowledged record is among them.
 *
 * SEED=n RUNS=m npx jest … simulation repeats a run.
 */
import { Decoder } from '../../../../schemas/codec';
import { Topics } from '../../../../schemas/topics';
import { type Clock } from '../../../../edge-agent/io/clock';
import {
  type Lane,
  type OutboxRecord,
  PRIORITY_COUNTER,
  type StoredRecord,
} from '../../../../edge-agent/io/outbox-api';
import { type OutboxBounds, RESERVE_BYTES } from '../../../../edge-agent/io/outbox/bounds';
import { add, START } from '../../../../edge-agent/io/outbox/cursor';
import { type DiskOutbox } from '../../../../edge-agent/io/outbox/outbox';
import { below, seeded } from '../random';
import { open, SMALL_BOUNDS } from './helpers';
import { errno, MemoryFs } from './memory-fs';

const SEED = Number(process.env['SEED'] ?? 20_260_101);
const RUNS = Number(process.env['RUNS'] ?? 12);
const LIVES = 6;
/** Made once: writing it is slow in memory. */
const RESERVE = Buffer.alloc(RESERVE_BYTES);
const BOUNDS: OutboxBounds = {
  ...SMALL_BOUNDS,
  telemetryBytes: 96 * 1024,
  priorityBytes: 256 * 1024,
  segmentBytes: 64 * 1024,
  seal_ms: 20,
};
const DEVICES = ['a', 'b', 'c'];
const gaps = new Decoder('outbox-gap');

jest.setTimeout(900_000); // pure computing, which may get little of the processors

/** What consumers of the stream see, and the cursor committed with it. */
class Stream {
  readonly records: StoredRecord[] = [];
  readonly cursors = { priority: START, telemetry: START };
}

class World {
  readonly stream = new Stream();
  /** Records acknowledged to their source: counter/seq to what was in them. */
  readonly acknowledged = new Map<string, string>();
  disk = new MemoryFs();
  private made = 0;
  private time = 1_000;

  constructor(readonly random: () => number) {
    this.disk.put('/outbox/reserve', RESERVE);
  }

  readonly clock: Clock = {
    now: () => (this.time += below(this.random, 100) - 30),
    monotonic: () => this.time++,
    sleep: () => new Promise((resolve) => setImmediate(resolve)),
  };

  async life(last: boolean): Promise<void> {
    const { random } = this;
    const { outbox } = await this.opened();
    expect(this.stream.cursors.telemetry.next).toBeLessThanOrEqual(outbox.status('telemetry').next);
    expect(this.stream.cursors.priority.next).toBeLessThanOrEqual(outbox.status('priority').next);
    for (const lane of ['telemetry', 'priority'] as const)
      await outbox.settled(lane, this.stream.cursors[lane]).catch(() => undefined);
    const state = { over: false };
    const work = Promise.all([this.appending(outbox, state, last), this.shipping(outbox, state)]);
    if (last) {
      await work;
      return outbox.close();
    }
    this.trouble();
    for (let turns = below(random, 600); turns > 0; turns--) await new Promise(setImmediate);
    state.over = true;
    this.disk = this.disk.crash(random);
  }

  private async opened(): Promise<{ outbox: DiskOutbox }> {
    return open(this.disk, BOUNDS, this.clock);
  }

  private trouble(): void {
    const { random, disk } = this;
    const kind = below(random, 4);
    if (kind === 0) disk.capacity = disk.used + below(random, 60_000);
    const rate = kind === 1 ? 0.02 : 0;
    const errors = ['EIO', 'ENOSPC', 'EROFS'];
    disk.fault = (operation, path) =>
      operation !== 'open' && random() < rate ? errno(errors[below(random, errors.length)] ?? 'EIO', path) : undefined;
  }

  private async appending(outbox: DiskOutbox, state: { over: boolean }, last: boolean): Promise<void> {
    for (let n = last ? 3 : 200; n > 0 && !state.over; n--) {
      const lane: Lane = this.random() < 0.15 ? 'priority' : 'telemetry';
      const batch = Array.from({ length: 1 + below(this.random, 5) }, () => this.record(lane));
      const appended = outbox.append(batch.map((b) => b.record)).then(
        (seqs) => {
          for (const [i, b] of batch.entries()) this.acknowledged.set(`${b.record.counter}/${seqs[i]}`, b.content);
        },
        (error: unknown) => expect(error).toMatchObject({ name: 'OutboxError', recoverable: true }),
      );
      if (this.random() < 0.5) await appended;
    }
    state.over = true;
  }

  private async shipping(outbox: DiskOutbox, state: { over: boolean }): Promise<void> {
    const outage = this.random() < 0.3;
    while (!state.over) {
      await new Promise(setImmediate);
      if (!outage && this.random() < 0.3) await this.ship(outbox);
    }
    for (let idle = 0; idle < 3 && !outage;) idle = (await this.ship(outbox)) ? 0 : idle + 1;
  }

  private async ship(outbox: DiskOutbox): Promise<boolean> {
    const { stream, random } = this;
    const lane: Lane = random() < 0.3 ? 'priority' : 'telemetry';
    const from = stream.cursors[lane].next;
    const batch = await outbox.read(lane, from, { maxRecords: 1 + below(random, 40), maxBytes: 20_000 });
    if (random() < 0.1) {
      outbox.release(lane);
      return true;
    }
    await this.clock.sleep(1);
    stream.records.push(...batch.records);
    stream.cursors[lane] = add(stream.cursors[lane], from, batch.next);
    outbox.release(lane);
    await outbox.settled(lane, stream.cursors[lane]).catch(() => undefined);
    return batch.next > from;
  }

  private record(lane: Lane): { record: OutboxRecord; content: string } {
    const content = `${++this.made}:${'x'.repeat(below(this.random, 300))}${this.random()}`;
    const topic = lane === 'telemetry' ? Topics.telemetry : Topics.alarms;
    const counter = lane === 'telemetry' ? (DEVICES[below(this.random, DEVICES.length)] ?? 'a') : PRIORITY_COUNTER;
    const record: OutboxRecord = {
      ...{ lane, topic: topic.name, schema: topic.schema, key: `default/${counter}`, counter, readings: 1 },
      encode: () => Buffer.from(content),
    };
    return { record, content };
  }
}

async function drained(world: World): Promise<void> {
  world.disk.fault = () => undefined;
  world.disk.capacity = Number.MAX_SAFE_INTEGER;
  await world.life(true);
  const { outbox } = await open(world.disk, BOUNDS, world.clock);
  for (const lane of ['telemetry', 'priority'] as const)
    for (;;) {
      const from = world.stream.cursors[lane].next;
      const batch = await outbox.read(lane, from, { maxRecords: 1_000, maxBytes: 1 << 20 });
      outbox.release(lane);
      if (batch.next === from) break;
      world.stream.records.push(...batch.records);
      world.stream.cursors[lane] = add(world.stream.cursors[lane], from, batch.next);
    }
  expect(world.stream.cursors.telemetry.next).toBe(outbox.status('telemetry').next);
  await outbox.close();
}

function check(world: World): { lost: number; shipped: number } {
  const arrived = new Map<string, Map<number, string>>();
  const declared = new Map<string, Set<number>>();
  for (const r of world.stream.records) {
    let seqs = arrived.get(r.counter);
    if (!seqs) arrived.set(r.counter, (seqs = new Map()));
    if (seqs.has(r.seq)) throw new Error(`${r.counter}/${r.seq} came twice`);
    seqs.set(r.seq, r.body.toString());
    if (r.topic !== Topics.outboxGaps.name) continue;
    const gap = gaps.decode(r.body);
    let lost = declared.get(gap.device_id);
    if (!lost) declared.set(gap.device_id, (lost = new Set()));
    for (let seq = gap.from_seq; seq <= gap.to_seq; seq++) {
      if (lost.has(seq)) throw new Error(`${gap.device_id}/${seq} was declared lost twice`);
      lost.add(seq);
    }
  }
  for (const [counter, seqs] of arrived) {
    const lost = declared.get(counter) ?? new Set<number>();
    const last = Math.max(...seqs.keys(), ...lost);
    for (let seq = 1; seq <= last; seq++) {
      if (seqs.has(seq) && lost.has(seq)) throw new Error(`${counter}/${seq} came and was declared lost`);
      if (!seqs.has(seq) && !lost.has(seq)) throw new Error(`${counter}/${seq} is nowhere`);
    }
  }
  for (const [key, content] of world.acknowledged) {
    const [counter = '', seq] = key.split('/');
    const body = arrived.get(counter)?.get(Number(seq));
    if (body === undefined && !declared.get(counter)?.has(Number(seq))) throw new Error(`${key} was acknowledged`);
    if (body !== undefined && body !== content) throw new Error(`${key} holds something else`);
  }
  return {
    lost: [...declared.values()].reduce((n, s) => n + s.size, 0),
    shipped: world.stream.records.length,
  };
}

test(`nothing is lost, repeated or undeclared in ${RUNS} runs of ${LIVES} lives (SEED=${SEED})`, async () => {
  let lost = 0;
  let shipped = 0;
  for (let run = 0; run < RUNS; run++) {
    const world = new World(seeded(SEED + run));
    try {
      for (let life = 0; life < LIVES; life++) await world.life(false);
      await drained(world);
      const result = check(world);
      lost += result.lost;
      shipped += result.shipped;
    } catch (error) {
      throw new Error(`SEED=${SEED + run} RUNS=1: ${(error as Error).message}`, { cause: error });
    }
  }
  // The world was bad enough to show something, and not so bad that nothing happened.
  expect(shipped).toBeGreaterThan(RUNS * 50);
  if (RUNS >= 12) expect(lost).toBeGreaterThan(0);
});
