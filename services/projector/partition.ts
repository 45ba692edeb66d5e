/**
 * One partition in one generation of the group: recover, then read, cut, intend, insert, record; and again. Nothing is
 * inserted that was not intended first, and an intent is repeated exactly until it is in the ledger.
 */
import { type Intent, sameContent } from '../domain/ingest/intent';
import { Judge, type Writer } from '../domain/ingest/judge';
import { smoothed } from '../domain/ingest/pace';
import { type Conflict, decideStart } from '../domain/ingest/recovery';
import { type Batch } from './batch';
import { isFenced, ProjectorError } from './errors';
import { Inserter, type InserterDeps } from './inserter';
import { type PartitionMetrics } from './metrics';
import { Patience, type WaitReport } from './patience';
import { type Generation, type LogMessage } from './ports';
import { type Projection } from './projections';
import { PartitionReader } from './reader';

export interface WorkerDeps extends InserterDeps {
  /** Go on after the ledger's end where the group has lost its commits (PROJECTOR_ADOPT_LEDGER). */
  readonly adoptLedger: boolean;
  /** Aborts when the process is to stop: the batch under way is finished, no other is begun. */
  readonly stopping: AbortSignal;
}

/** What the log and /readyz may know of a partition. */
export interface PartitionReport extends WaitReport {
  stopped(conflict: Conflict): void;
  recovered(how: 'go-on' | 'already-there' | 'repeated', at: number): void;
  /** A compacted range was read again and holds other records than intended: inserted anew, which changes nothing. */
  reread(intent: Intent): void;
  refused(offsets: readonly { readonly message: LogMessage }[]): void;
}

/** A partition that stopped looks again this often: an operator's correction needs no restart. */
export const RECHECK_MS = 10_000;

const START_OVER_MS = 1_000;

interface Position {
  readonly at: number;
  /** The ledger has no entry of the partition yet. */
  readonly first: boolean;
}

export class PartitionWorker {
  private readonly patience: Patience;
  private readonly inserter: Inserter;
  /** Aborts when no further batch is to be begun. */
  private readonly ends: AbortSignal;
  private cycle_ms = 0;

  constructor(
    readonly projection: Projection,
    readonly partition: number,
    private readonly generation: Generation,
    private readonly deps: WorkerDeps,
    private readonly metrics: PartitionMetrics,
    private readonly report: PartitionReport,
  ) {
    this.ends = AbortSignal.any([generation.signal, deps.stopping]);
    this.patience = new Patience(deps.clock, generation.signal, report);
    this.inserter = new Inserter(projection, partition, generation, deps, this.patience, metrics);
  }

  /**
   * Resolves when no insert is under way and the generation is over (the next owner repeats what was left intended), or
   * the partition has come as far as it should.
   */
  async run(): Promise<'over' | 'done'> {
    for (;;)
      try {
        await this.live();
      } catch (e) {
        if (isFenced(e)) return 'over';
        if (e instanceof ProjectorError && e.code === 'done') return 'done';
        this.report.waiting(`start over: ${(e as Error).message}`);
        await this.deps.clock.sleep(START_OVER_MS, this.ends);
      }
  }

  /** Everything is derived from the witnesses, so after any surprise the partition simply starts over. */
  private async live(): Promise<never> {
    let position = await this.recover();
    const reader = this.readFrom(position.at);
    try {
      for (;;) position = await this.project(reader, position);
    } finally {
      reader.close();
    }
  }

  private async recover(): Promise<Position> {
    for (;;) {
      const outcome = await this.patience.until('read the partition’s state', () => this.decide());
      if (!('kind' in outcome)) {
        this.metrics.stopped(false);
        return outcome;
      }
      this.metrics.stopped(true);
      this.report.stopped(outcome);
      await this.patience.pause(RECHECK_MS);
    }
  }

  private async decide(): Promise<Position | Conflict> {
    const { topic } = this.projection;
    const committed = await this.generation.committed(topic, this.partition);
    const [ledger, { low, high }] = await Promise.all([
      this.deps.sink.ledgerHead(topic, this.partition),
      this.deps.log.watermarks(topic, this.partition),
    ]);
    const start = decideStart({ committed, ledger, low, high, adoptLedger: this.deps.adoptLedger });
    if (start.kind === 'conflict') return start;
    if (start.kind === 'replay') return this.replay(start.intent);
    const pending = committed?.metadata !== undefined && committed.metadata !== '';
    if (pending) this.metrics.replayed('already-there');
    this.report.recovered(pending ? 'already-there' : 'go-on', start.at);
    return { at: start.at, first: start.first };
  }

  private async replay(intent: Intent): Promise<Position | Conflict> {
    const forgotten = await this.inserter.mayBeForgotten(intent);
    if (forgotten) return forgotten;
    const reader = this.readFrom(intent.from);
    try {
      const batch = await reader.collectIntended(intent);
      const prepared = await this.inserter.prepare(batch);
      if (sameContent(prepared.intent, intent)) {
        const { to } = await this.inserter.repeat(batch, { ...prepared, intent });
        this.metrics.replayed('repeated');
        this.report.recovered('repeated', to);
        return { at: to, first: false };
      }
      if (!this.projection.compacted) return changed(intent, prepared.intent);
      this.report.reread(intent);
      return { at: intent.from, first: intent.first };
    } finally {
      reader.close();
    }
  }

  private async project(reader: PartitionReader, position: Position): Promise<Position> {
    this.metrics.lag(reader.lag(position.at));
    const batch = await reader.collect(position.at, position.first, this.cycle_ms);
    this.metrics.lag(reader.lag(position.at));
    const started_at = this.deps.clock.now();
    if (batch.refused.length > 0) await this.bury(batch);
    const { to } = await this.inserter.project(batch);
    reader.release();
    this.finished(batch, started_at);
    return { at: to, first: false };
  }

  private async bury(batch: Batch): Promise<void> {
    for (const { poison } of batch.refused) this.metrics.refused(poison.code);
    this.report.refused(batch.refused);
    await this.inserter.bury(batch.refused);
  }

  private finished(batch: Batch, started_at: number): void {
    const now = this.deps.clock.now();
    this.cycle_ms = smoothed(this.cycle_ms, now - started_at);
    const { messages, rows, bytes } = batch;
    this.metrics.projected({ messages, rows, bytes, freshness_ms: Math.max(0, now - batch.oldest_ms) });
  }

  private readFrom(at: number): PartitionReader {
    const { projection, partition, deps, patience } = this;
    const known = (id: number): Writer | undefined => deps.writers.known(projection, id);
    const judge = new Judge(known, projection.compacted, deps.bounds?.since(projection.topic));
    return new PartitionReader(projection, partition, at, judge, deps, patience, this.ends);
  }
}

function changed(intended: Intent, found: Intent): Conflict {
  const show = (i: Intent): string =>
    i.groups.map((g) => `${g.messages} of schema ${g.schemaId}`).join(', ') || 'nothing';
  return {
    kind: 'conflict',
    code: 'content-changed',
    reason: `[${intended.from}, ${intended.to}) held ${show(intended)} when it was intended and now holds ${show(found)}`,
    hint: 'part of it may be in the tables already, so neither repeating nor going on is safe: run millrace rebuild',
  };
}
