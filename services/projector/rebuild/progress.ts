/** What a rebuild has copied, remembered beside its tables: a copy made twice would double its rows. */
import { type ClickHouseClient } from '@clickhouse/client';

export type Step = 'not begun' | 'begun' | 'done';

export class Progress {
  private readonly table: string;

  constructor(
    private readonly clickhouse: Pick<ClickHouseClient, 'command' | 'query'>,
    database: string,
  ) {
    this.table = `${database}.rebuild_progress`;
  }

  async open(): Promise<void> {
    const columns = "copied String COMMENT 'Table', state Enum8('begun' = 1, 'done' = 2)";
    const settings = 'fsync_after_insert = 1, fsync_part_directory = 1';
    await this.command(
      `CREATE TABLE IF NOT EXISTS ${this.table} (${columns}) ENGINE = MergeTree ORDER BY copied SETTINGS ${settings} COMMENT 'What millrace rebuild has copied'`,
    );
  }

  async of(table: string): Promise<Step> {
    const query = `SELECT toString(max(state)) AS state FROM ${this.table} WHERE copied = '${table}' GROUP BY copied`;
    const result = await this.clickhouse.query({ query, format: 'JSONEachRow' });
    const [row] = await result.json<{ state: 'begun' | 'done' }>();
    return row?.state ?? 'not begun';
  }

  async set(table: string, state: 'begun' | 'done'): Promise<void> {
    await this.command(`INSERT INTO ${this.table} VALUES ('${table}', '${state}')`);
  }

  private async command(query: string): Promise<void> {
    await this.clickhouse.command({ query });
  }
}
