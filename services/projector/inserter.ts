/** Carries out intents: commit, one INSERT per writer schema, the ledger. */
import { traceparentIn } from '../../schemas/tracing/context';
import { type Tracer } from '../../schemas/tracing/tracer';
import { encodeIntent, insertToken, type Intent, ledgerToken } from '../domain/ingest/intent';
import { type Memory } from '../domain/ingest/memory';
import { type Poison, type UsableWriter } from '../domain/ingest/judge';
import { showRange } from '../domain/ingest/range';
import { type Conflict } from '../domain/ingest/recovery';
import { type Batch, type Prepared, type PreparedGroup } from './batch';
import { ProjectorError, SinkError } from './errors';
import { Doubt, findRefused } from './find-refused';
import { type Gate, SAFE_INSERTS, type Turn } from './gate';
import { type PartitionMetrics } from './metrics';
import { type Patience } from './patience';
import { type DeadLetters, type Generation, type Refused, type Sink } from './ports';
import { type Projection } from './projections';
import { type ReaderDeps } from './reader';

export interface InserterDeps extends ReaderDeps {
  readonly sink: Sink;
  readonly deadLetters: DeadLetters;
  readonly gate: Gate;
  /** Of containers. */
  readonly memory: Memory;
  readonly tracer: Tracer;
}

/**
 * A statement is begun only this long after its intent was last committed; later the commit is repeated first. A process
 * that slept (stopped, swapped out, its machine suspended) thus learns that it has been replaced before it writes.
 * Half the group's session timeout; whoever exchanges tables waits as long after the group is empty.
 */
export const INTENT_FRESH_MS = 5_000;

/** How far ClickHouse's clock may be behind ours. */
const CLOCK_SKEW_MS = 60_000;

export class Inserter {
  private intended_at = 0;
  private readonly doubt = new Doubt();

  constructor(
    private readonly projection: Projection,
    private readonly partition: number,
    private readonly generation: Generation,
    private readonly deps: InserterDeps,
    private readonly patience: Patience,
    private readonly metrics: PartitionMetrics,
  ) {}

  async bury(refused: readonly Refused[]): Promise<void> {
    const { topic } = this.projection;
    await this.patience.until('write dead letters', () => this.deps.deadLetters.send(topic, this.partition, refused));
  }

  /** Containers and digests. The writer schemas that are not known are fetched first. */
  async prepare(batch: Batch): Promise<Prepared> {
    const known = new Map<number, UsableWriter>();
    for (const id of batch.schemaIds()) known.set(id, await this.writerOf(id));
    return batch.prepare((id) => known.get(id)!, this.deps.memory);
  }

  private writerOf(schemaId: number): Promise<UsableWriter> {
    const { writers } = this.deps;
    return this.patience.until(`use schema ${schemaId}`, async () => {
      const writer = writers.known(this.projection, schemaId) ?? (await writers.learn(this.projection, schemaId));
      if ('header' in writer) return writer;
      const hint = 'register it again under the same id: messages written with it are waiting';
      throw new ProjectorError('registry-unavailable', 'look up', `it was usable before: ${writer.reason}`, hint);
    });
  }

  /** Commits the batch's intent and carries it out. */
  async project(batch: Batch): Promise<Intent> {
    const prepared = await this.prepare(batch);
    return this.inTurn(async (turn) => {
      await this.intend(prepared.intent);
      return this.carryOut(batch, prepared, turn);
    });
  }

  /** Carries out an intent that was committed before, whatever came of it then. */
  async repeat(batch: Batch, prepared: Prepared): Promise<Intent> {
    return this.inTurn((turn) => this.carryOut(batch, prepared, turn));
  }

  private async inTurn<T>(f: (turn: Turn) => Promise<T>): Promise<T> {
    const turn = this.deps.gate.open(this.projection.topic);
    try {
      return await f(turn);
    } finally {
      turn.close();
    }
  }

  private async carryOut(batch: Batch, first: Prepared, turn: Turn): Promise<Intent> {
    let prepared = first;
    for (;;) {
      const refused = await this.insertAll(batch, prepared, turn);
      if (!refused) break;
      await this.bury(refused);
      prepared = await this.prepare(batch);
      await this.intend(prepared.intent);
    }
    await this.record(batch, prepared.intent);
    this.tell(batch);
    for (const { container } of prepared.groups) this.deps.memory.give(container.whole);
    return prepared.intent;
  }

  /** The last step of a reading's way, from its time on the stream until queries see it. */
  private tell({ traced }: Batch): void {
    for (const { headers, timestamp } of traced)
      this.deps.tracer.follow(traceparentIn(headers), 'project', { kind: 'consumer', at: timestamp }).end();
  }

  private async refresh(intent: Intent): Promise<void> {
    if (this.deps.clock.now() - this.intended_at > INTENT_FRESH_MS) await this.intend(intent);
  }

  private async intend(intent: Intent): Promise<void> {
    const { topic } = this.projection;
    const metadata = encodeIntent(intent);
    await this.patience.until('commit the intent', () =>
      this.generation.commit(topic, this.partition, intent.from, metadata),
    );
    this.intended_at = this.deps.clock.now();
  }

  /** Undefined when everything is in. Otherwise the messages that the engine cannot read: they are out of the batch now. */
  private async insertAll(batch: Batch, { intent, groups }: Prepared, turn: Turn): Promise<Refused[] | undefined> {
    for (const group of groups) {
      const refused = await this.patience.until(`insert into ${this.projection.table}`, async () => {
        await this.refresh(intent);
        return this.insert(batch, intent, group, turn);
      });
      if (refused) return refused;
    }
    return undefined;
  }

  private async insert(batch: Batch, intent: Intent, group: PreparedGroup, turn: Turn): Promise<Refused[] | undefined> {
    const { topic, table } = this.projection;
    const token = insertToken(topic, this.partition, intent, group);
    const started_at = this.deps.clock.now();
    try {
      await this.deps.gate.pass(topic, turn, () => this.deps.sink.insert(table, group, token));
      this.metrics.inserted((this.deps.clock.now() - started_at) / 1000);
      return undefined;
    } catch (e) {
      if (!(e instanceof SinkError) || e.code === 'wait') throw e;
      // Columns are read without the Avro library, so it was not that: some of their rows may be in the tables already.
      if (e.code === 'doubtful' && group.block) throw e;
      return this.search(batch, group.schemaId, e);
    }
  }

  /** The engine parses a whole insert before it writes a row of it, so what it cannot parse left nothing behind. */
  private async search(batch: Batch, schemaId: number, e: SinkError): Promise<Refused[]> {
    const { sink } = this.deps;
    const { header } = await this.writerOf(schemaId);
    const found = await findRefused(sink, this.projection.table, header, batch.groupOf(schemaId));
    if (!found || found.offsets.length === 0 || !batch.canExclude(found.offsets)) throw e;
    if (!this.doubt.settled(`${batch.from}-${batch.to}:${schemaId}`, found)) throw e;
    const { offsets } = found;
    const poison: Poison = { code: 'refused', reason: e.message };
    return batch.exclude(schemaId, offsets).map((message) => ({ message, poison }));
  }

  private async record(batch: Batch, intent: Intent): Promise<void> {
    const { topic } = this.projection;
    const { messages, rows, bytes } = batch;
    const entry = { topic, partition: this.partition, intent, messages, rows, bytes };
    const token = ledgerToken(topic, this.partition, intent);
    await this.patience.until('write the ledger', async () => {
      await this.refresh(intent);
      await this.deps.sink.record(entry, token);
    });
  }

  /** A conflict when so much went into the topic's tables since the intent that its tokens may be forgotten. */
  async mayBeForgotten(intent: Intent): Promise<Conflict | undefined> {
    const inserts = await this.deps.sink.insertsSince(this.projection.topic, intent.at - CLOCK_SKEW_MS);
    if (inserts < SAFE_INSERTS) return undefined;
    return {
      kind: 'conflict',
      code: 'token-forgotten',
      reason: `${inserts} inserts went into the tables of ${this.projection.topic} since ${showRange(intent)} was intended`,
      hint: 'the tables may have forgotten whether they have it, so repeating may double it: run millrace rebuild',
    };
  }
}
