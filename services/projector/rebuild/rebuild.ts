/**
 * Makes the tables anew from the log, beside the old ones, and exchanges them (deploy/decisions/0303):
 *   1. replay up to where the tables are, while the projector goes on;
 *   2. take all partitions from the projector, by the group's own fencing; replay the rest;
 *   3. copy rows that are older than the replay; compare; exchange table by table; give the partitions back.
 * The ledger stays: the new tables hold exactly what it says.
 */
import { type ClickHouseClient } from '@clickhouse/client';
import { type Logger } from 'pino';
import { Topics } from '../../../schemas/topics';
import { INTENT_FRESH_MS } from '../inserter';
import { type Clock } from '../ports';
import { Progress } from './progress';
import {
  type Copy,
  copyOf,
  isSame,
  olderDaysSql,
  readingsCopy,
  REBUILT,
  type Rebuilt,
  type Retention,
  staying,
  type Summary,
  summarySql,
  unknownTables,
} from './tables';

export type Heads = ReadonlyMap<string, number>;

export interface Exclusive {
  /** Aborts when the group has given the partitions to somebody else. */
  readonly signal: AbortSignal;
  release(): Promise<void>;
}

export interface RebuildDeps {
  readonly clickhouse: ClickHouseClient;
  readonly live: string;
  readonly next: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Records older than this are not replayed, by topic. */
  readonly since: (topic: string) => number;
  /** Projects into `next` until every partition has come so far. */
  replay(until: Heads): Promise<void>;
  /** Becomes the owner of all partitions of the live group. */
  takeOver(): Promise<Exclusive>;
}

export type RebuildErrorCode = 'usage' | 'unknown-table' | 'half-copied' | 'different' | 'taken-back';

export class RebuildError extends Error {
  constructor(
    readonly code: RebuildErrorCode,
    readonly operation: string,
    message: string,
    readonly hint: string,
  ) {
    super(`${operation}: ${message}`);
    this.name = 'RebuildError';
  }
}

export interface Difference {
  readonly table: string;
  readonly live: Summary;
  readonly rebuilt: Summary;
}

export interface RebuildOptions {
  /** Exchange although the copies differ: what a corrected validator or a mended schema is expected to do. */
  readonly acceptDifferences: boolean;
}

/** Time for what began before the take-over to end: nothing begins later than INTENT_FRESH_MS after its intent. */
const SETTLE_MS = 2 * INTENT_FRESH_MS;

export class Rebuild {
  constructor(private readonly deps: RebuildDeps) {}

  /** Gives the differences that were accepted. Throws RebuildError; the old tables are in use then, and the new ones kept. */
  async run(options: RebuildOptions): Promise<Difference[]> {
    const { log } = this.deps;
    await this.refuseUnknown();
    log.info('replaying up to where the tables are');
    await this.deps.replay(await this.heads());
    const exclusive = await this.deps.takeOver();
    try {
      await this.deps.clock.sleep(SETTLE_MS, exclusive.signal);
      log.info('replaying the rest; readers see the old tables');
      await this.deps.replay(await this.heads());
      await this.copyOlder();
      const differences = await this.compare();
      if (differences.length > 0 && !options.acceptDifferences) throw different(differences);
      await this.exchange(exclusive.signal);
      return differences;
    } finally {
      await exclusive.release();
    }
  }

  private async refuseUnknown(): Promise<void> {
    const found = await this.rows<{ name: string }>(
      `SELECT name FROM system.tables WHERE database = '${this.deps.live}' AND engine LIKE '%MergeTree'`,
    );
    const unknown = unknownTables(found.map((t) => t.name));
    if (unknown.length === 0) return;
    const hint = 'say in services/projector/rebuild/tables.ts what they are made of';
    throw new RebuildError('unknown-table', 'rebuild', `nothing is known of ${unknown.join(', ')}`, hint);
  }

  /** Where the tables are, by partition (`topic:partition`). */
  private async heads(): Promise<Heads> {
    const sql = `SELECT topic, partition, toString(max(\`to\`)) AS t FROM ${this.deps.live}.ingest_ledger GROUP BY topic, partition`;
    const rows = await this.rows<{ topic: string; partition: number; t: string }>(sql);
    return new Map(rows.map((r) => [`${r.topic}:${r.partition}`, Number(r.t)]));
  }

  private async copyOlder(): Promise<void> {
    const progress = new Progress(this.deps.clickhouse, this.deps.next);
    await progress.open();
    for (const { name, sql } of await this.copies()) {
      const step = await progress.of(name);
      if (step === 'done') continue;
      if (step === 'begun') throw halfCopied(name);
      this.deps.log.info({ copy: name }, 'copying what is older than the replay');
      await progress.set(name, 'begun');
      await this.command(sql);
      await progress.set(name, 'done');
    }
  }

  private async copies(): Promise<Copy[]> {
    const { live, next, since } = this.deps;
    const whole = REBUILT.flatMap((r) => copyOf(live, next, r, since(r.topic)) ?? []);
    const readings = since(Topics.telemetry.name);
    if (readings === -Infinity) return whole;
    const days = await this.rows<{ day: string }>(olderDaysSql(live, readings));
    return [...days.map(({ day }) => readingsCopy(live, next, day, readings)), ...whole];
  }

  private async compare(): Promise<Difference[]> {
    const differences: Difference[] = [];
    const kept = `SELECT tier, tenant, days FROM ${this.deps.live}.retention FINAL`;
    const rules = await this.rows<Retention>(kept);
    for (const r of REBUILT) {
      const where = staying(r, rules, this.deps.clock.now());
      const live = await this.summary(this.deps.live, r, where);
      const rebuilt = await this.summary(this.deps.next, r, where);
      const same = isSame(live, rebuilt);
      this.deps.log.info({ table: r.table, rows: rebuilt.rows, same }, 'compared');
      if (!same) differences.push({ table: r.table, live, rebuilt });
    }
    return differences;
  }

  private async exchange(signal: AbortSignal): Promise<void> {
    const { live, next, log } = this.deps;
    for (const { table } of REBUILT) {
      if (signal.aborted) {
        const hint = 'both copies are sound; run it again under a new name';
        throw new RebuildError('taken-back', 'exchange', `the partitions were taken back before ${table}`, hint);
      }
      await this.command(`EXCHANGE TABLES ${live}.${table} AND ${next}.${table}`);
    }
    log.info('exchanged');
  }

  private async summary(database: string, r: Rebuilt, where: string): Promise<Summary> {
    const [summary] = await this.rows<Summary>(summarySql(database, r, where));
    return summary ?? { rows: '0', hash: '0', total: 0 };
  }

  private async rows<T>(query: string): Promise<T[]> {
    const result = await this.deps.clickhouse.query({ query, format: 'JSONEachRow' });
    return result.json<T>();
  }

  private async command(query: string): Promise<void> {
    await this.deps.clickhouse.command({ query });
  }
}

function halfCopied(table: string): RebuildError {
  const hint = 'begin anew, without --run; the tables of this run may be dropped';
  return new RebuildError('half-copied', 'copy', `an earlier run died while it copied ${table}`, hint);
}

function different(differences: readonly Difference[]): RebuildError {
  const shown = differences.map((d) => `${d.table}: ${d.live.rows} rows live, ${d.rebuilt.rows} rebuilt`).join('; ');
  const hint = 'look at both copies; when the rebuilt one is right, run it again with --accept-differences';
  return new RebuildError('different', 'compare', shown, hint);
}
