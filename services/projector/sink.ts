/** ClickHouse as the projector sees it: columns or Avro containers in, the ledger beside them, over HTTP. */
import { Readable } from 'node:stream';
import { type ClickHouseClient, ClickHouseError, type ClickHouseSettings, type ExecResult } from '@clickhouse/client';
import { type Container } from '../domain/ingest/container';
import { contentHash } from '../domain/ingest/intent';
import { type LedgerHead } from '../domain/ingest/recovery';
import { type Block } from '../domain/ingest/shape';
import { SinkError } from './errors';
import { type Clock, type LedgerEntry, type Records, type Sink } from './ports';

type Summary = ExecResult<unknown>['summary'];

/** One insert must be one block in every table, or a token would be spread over several that may fail one by one. */
const ONE_BLOCK = '1000000000';

/** Said on every insert: a server's defaults must not decide about exactly once (DESIGN.md §5). */
const SETTINGS: ClickHouseSettings = {
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  async_insert: 0,
  materialized_views_ignore_errors: 0,
  parallel_view_processing: 0,
  max_insert_threads: '1',
  max_insert_block_size: ONE_BLOCK,
  min_insert_block_size_rows: ONE_BLOCK,
  min_insert_block_size_bytes: ONE_BLOCK,
  max_partitions_per_insert_block: '0',
  input_format_avro_allow_missing_fields: 1,
  input_format_null_as_default: 1,
  input_format_parallel_parsing: 0,
};

export class ClickHouseSink implements Sink {
  private readonly structures = new Map<string, string>();

  constructor(
    private readonly client: ClickHouseClient,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  async insert(landing: string, { container, messages, block }: Records, token: string): Promise<void> {
    const settings = { ...SETTINGS, insert_deduplication_token: token };
    const made: Block = block?.() ?? { table: landing, parts: [container.whole], rows: messages };
    const { table, parts, rows } = made;
    const query = `INSERT INTO ${table} FORMAT ${block ? 'Native' : 'Avro'}`;
    const operation = `insert into ${table}`;
    tookAll(operation, await this.send(operation, query, parts, settings), rows);
    made.release?.(); // not where it failed: the body may be on its way still
  }

  async probe(table: string, container: Container): ReturnType<Sink['probe']> {
    const structure = await this.structureOf(table);
    try {
      const query = `INSERT INTO FUNCTION null('${structure.replaceAll("'", "\\'")}') FORMAT Avro`;
      await this.send(`probe for ${table}`, query, [container.whole], SETTINGS);
      return 'taken';
    } catch (e) {
      if (!(e instanceof SinkError) || e.code === 'wait') throw e;
      return e.code === 'content' ? 'refused' : 'doubted';
    }
  }

  async record(entry: LedgerEntry, token: string): Promise<void> {
    const { topic, partition, intent, messages, rows, bytes } = entry;
    const { from, to } = intent;
    const content = { hash: contentHash(intent), messages, rows, poison: intent.poison.length, bytes };
    const inserted_at = (this.clock.now() / 1000).toFixed(3);
    const values = [{ topic, partition, from, to, ...content, inserted_at }];
    const clickhouse_settings = { ...SETTINGS, insert_deduplication_token: token };
    const { summary } = await guarded('write the ledger', () =>
      this.client.insert({ table: 'ingest_ledger', values, format: 'JSONEachRow', clickhouse_settings }),
    );
    tookAll('write the ledger', summary, values.length);
  }

  async ledgerHead(topic: string, partition: number): Promise<LedgerHead | undefined> {
    const query =
      'SELECT toString(`from`) AS f, toString(`to`) AS t, hash FROM ingest_ledger ' +
      'WHERE topic = {topic: String} AND partition = {partition: Int32} ORDER BY `to` DESC, `from` DESC LIMIT 1';
    const rows = await this.rows<{ f: string; t: string; hash: string }>(query, { topic, partition });
    const head = rows[0];
    return head && { from: Number(head.f), to: Number(head.t), hash: head.hash };
  }

  async insertsSince(topic: string, since_ms: number): Promise<number> {
    const query =
      "SELECT toString(sum(1 + countSubstrings(hash, ','))) AS n FROM ingest_ledger " +
      'WHERE topic = {topic: String} AND inserted_at >= fromUnixTimestamp64Milli({since: Int64})';
    const rows = await this.rows<{ n: string }>(query, { topic, since: Math.max(0, Math.floor(since_ms)) });
    return Number(rows[0]?.n ?? 0);
  }

  private async structureOf(table: string): Promise<string> {
    const known = this.structures.get(table);
    if (known) return known;
    const query =
      'SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table: String} ORDER BY position';
    const columns = await this.rows<{ name: string; type: string }>(query, { table });
    const structure = columns.map((c) => `\`${c.name}\` ${c.type}`).join(', ');
    this.structures.set(table, structure);
    return structure;
  }

  private rows<T>(query: string, query_params: Record<string, unknown>): Promise<T[]> {
    return guarded('read', async () => {
      const result = await this.client.query({ query, query_params, format: 'JSONEachRow' });
      return result.json<T>();
    });
  }

  private async send(
    operation: string,
    query: string,
    parts: readonly Uint8Array[],
    settings: ClickHouseSettings,
  ): Promise<Summary> {
    return guarded(operation, async () => {
      const values = Readable.from(parts, { objectMode: false });
      const { stream, summary } = await this.client.exec({ query, values, clickhouse_settings: settings });
      for await (const _ of stream) void _; // frees the connection; an insert answers nothing
      return summary;
    });
  }
}

const NO_ERROR = 0;

/**
 * An insert without data is no error to ClickHouse, so 200 alone does not say that the rows came: whatever stands between
 * may have lost them. Rows of views count too, so there may be more; those that a token makes a no-op are counted as well.
 */
function tookAll(operation: string, summary: Summary, rows: number): void {
  const written = Number(summary?.written_rows ?? NaN);
  if (written >= rows) return;
  const told = summary ? `${written} rows` : 'nothing (is the header X-ClickHouse-Summary taken away on the way?)';
  throw new SinkError(operation, NO_ERROR, `${rows} rows were sent, and the answer tells of ${told}`);
}

async function guarded<T>(operation: string, f: () => Promise<T>): Promise<T> {
  try {
    return await f();
  } catch (cause) {
    const engineCode = cause instanceof ClickHouseError ? Number(cause.code) : undefined;
    throw new SinkError(operation, engineCode, (cause as Error).message, { cause });
  }
}
