/**
 * Projection under fire: a seeded sequence of kill -9 of projectors, broker and ClickHouse, and of projectors frozen until
 * they are zombies, while readings keep coming. At the end SQL must equal the source's ledger: count and sum per device,
 * metric and window, in `readings` and in every aggregate.
 */
import { type TelemetryFrame } from '../../../schemas/generated';
import { createKafka, streamConfig } from '../../../schemas/stream';
import { type ServiceProcess } from '../service-process';
import { Bed, eventually, frame } from './support/bed';
import { Source } from './support/source';
import { random } from './support/virtual-time';

export interface ChaosOptions {
  readonly seed: number;
  readonly kills: number;
  /** What is struck, in this order, instead of what chance says. */
  readonly blows?: readonly Blow[];
  readonly report?: (line: string) => void;
}

export type Blow = 'projector' | 'broker' | 'clickhouse' | 'freeze';

export interface ChaosResult {
  readonly seed: number;
  readonly blows: Record<Blow, number>;
  readonly seconds: number;
  readonly readings: number;
  readonly frames: number;
  /** Windows that differ from the source's ledger, by table. All zero when every reading is there exactly once. */
  readonly differing: Record<string, number>;
  readonly examples: readonly string[];
  readonly transactions_retried: number;
}

const PROJECTORS = 2;
const DEVICES = 40;
const FRAMES_PER_BATCH = 30;
const READINGS_PER_FRAME = 20;
const BATCH_EVERY_MS = 60;
/** Longer than the group's session timeout: its partitions go to the other one, then it wakes. */
const FREEZE_MS = 12_000;
const DRAIN_MS = 240_000;
/** A broker that is killed again while it starts holds the source up for so long at most. */
const LOAD_MS = 60_000;

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const bed = await Bed.start();
  try {
    return await new ChaosRun(bed, options).run();
  } finally {
    await bed.stop();
  }
}

class ChaosRun {
  private readonly chance: () => number;
  private readonly projectors: ServiceProcess[] = [];
  private readonly blows: Record<Blow, number> = { projector: 0, broker: 0, clickhouse: 0, freeze: 0 };
  private readonly source: Source;
  private readonly seqs = new Map<string, number>();
  private firing = true;

  constructor(
    private readonly bed: Bed,
    private readonly options: ChaosOptions,
  ) {
    this.chance = random(options.seed);
    const kafka = createKafka(streamConfig(bed.stack.env, 'chaos'), { warn: () => undefined });
    this.source = new Source(kafka, bed.telemetry, 'chaos-source');
  }

  async run(): Promise<ChaosResult> {
    const started_at = Date.now();
    for (let i = 0; i < PROJECTORS; i++) this.projectors.push(await this.bed.projector());
    const load = this.load();
    try {
      for (let i = 0; i < this.options.kills; i++) await this.strike(i);
    } finally {
      this.firing = false;
      await load;
    }
    return await this.verdict(started_at);
  }

  private async load(): Promise<void> {
    const T0 = Date.UTC(2026, 0, 1);
    while (this.firing) {
      const frames: TelemetryFrame[] = [];
      for (let i = 0; i < FRAMES_PER_BATCH; i++) frames.push(this.nextFrame(T0));
      await this.source.write(frames);
      await pause(BATCH_EVERY_MS);
    }
    await this.source.close();
  }

  /** One in ten is an hour late. */
  private nextFrame(T0: number): TelemetryFrame {
    const device_id = `device-${Math.floor(this.chance() * DEVICES)}`;
    const seq = (this.seqs.get(device_id) ?? 0) + 1;
    this.seqs.set(device_id, seq);
    const late_ms = this.chance() < 0.1 ? 3_600_000 : 0;
    const ts = T0 + seq * READINGS_PER_FRAME * 1_000 - late_ms;
    return frame({
      device_id,
      seq,
      ts,
      readings: READINGS_PER_FRAME / 2,
      metrics: 2,
      value: (m, i) => seq * 10 + m + i,
    });
  }

  private async strike(n: number): Promise<void> {
    await this.underLoad();
    await pause(300 + this.chance() * 1_700);
    const dice = this.chance();
    const drawn: Blow = dice < 0.47 ? 'projector' : dice < 0.86 ? 'clickhouse' : dice < 0.96 ? 'broker' : 'freeze';
    const blow = this.options.blows?.[n] ?? drawn;
    const which = Math.floor(this.chance() * PROJECTORS);
    const down_ms = this.chance() * 1_000;
    this.options.report?.(`${n + 1}/${this.options.kills} ${blow} (${this.source.tally.readings} readings so far)`);
    this.blows[blow]++;
    switch (blow) {
      case 'projector':
        await this.projectors[which]!.kill();
        await pause(down_ms);
        this.projectors[which] = await this.bed.launchProjector();
        return;
      case 'freeze':
        process.kill(this.projectors[which]!.pid, 'SIGSTOP');
        await pause(FREEZE_MS);
        process.kill(this.projectors[which]!.pid, 'SIGCONT');
        return;
      default:
        return this.bounce(blow === 'broker' ? 'kafka' : 'clickhouse', down_ms);
    }
  }

  /** A blow counts only while readings come: something has been written since the last one. */
  private async underLoad(): Promise<void> {
    const before = this.source.tally.frames;
    const written = (): Promise<boolean> => Promise.resolve(this.source.tally.frames > before);
    await eventually('readings come', written, LOAD_MS);
  }

  private async bounce(name: 'kafka' | 'clickhouse', down_ms: number): Promise<void> {
    await this.bed.stack.kill(name);
    await pause(down_ms);
    await this.bed.stack.restart(name);
  }

  private async verdict(started_at: number): Promise<ChaosResult> {
    const { tally, retried } = this.source;
    this.options.report?.(`waiting for ${tally.readings} readings`);
    const total = String(tally.readings);
    const tables = { readings: 60, readings_1m: 60, readings_1h: 3_600, readings_1d: 86_400 };
    await eventually('drained', () => this.drained(total), DRAIN_MS).catch((e: unknown) =>
      this.options.report?.(String(e)),
    );
    await pause(2_000); // what would come twice has time to come
    const differing: Record<string, number> = {};
    const examples: string[] = [];
    for (const [table, seconds] of Object.entries(tables)) {
      const wrong = await this.compare(table, seconds);
      differing[table] = wrong.length;
      examples.push(...wrong.slice(0, 3));
    }
    await Promise.all(this.projectors.map((p) => p.stop()));
    const seconds = Math.round((Date.now() - started_at) / 1000);
    const { seed } = this.options;
    const { readings, frames } = tally;
    return { seed, blows: this.blows, seconds, readings, frames, differing, examples, transactions_retried: retried };
  }

  private async drained(total: string): Promise<boolean> {
    const count = await this.bed.one('SELECT count() FROM millrace.readings');
    const windows = await this.bed.one('SELECT sum(count) FROM millrace.readings_1h');
    return Number(count) >= Number(total) && Number(windows) >= Number(total);
  }

  private async compare(table: string, seconds: number): Promise<string[]> {
    const sql =
      table === 'readings'
        ? 'SELECT device_id, metric, toUnixTimestamp(toStartOfMinute(ts)) AS at, count() AS n, sum(value) AS total FROM millrace.readings GROUP BY ALL'
        : `SELECT device_id, metric, toUnixTimestamp(window_start) AS at, count AS n, sum AS total FROM millrace.${table}`;
    const rows = await this.bed.rows<{ device_id: string; metric: string; at: number; n: string; total: number }>(sql);
    const wrong: string[] = [];
    const expected = this.source.tally.windows(seconds);
    for (const r of rows) {
      const key = `${r.device_id}|${r.metric}|${r.at}`;
      const e = expected.get(key);
      expected.delete(key);
      if (e?.count !== Number(r.n) || e.sum !== Number(r.total))
        wrong.push(`${table} ${key}: ${r.n}, ${r.total} but the source wrote ${e?.count ?? 0}, ${e?.sum ?? 0}`);
    }
    for (const [key, e] of expected) wrong.push(`${table} ${key}: missing, the source wrote ${e.count}, ${e.sum}`);
    return wrong;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
