/** Frames as the projector sends them, into a front that runs. */
import { Encoder, schemas } from '../../../schemas/codec';
import { type TelemetryFrame } from '../../../schemas/generated';
import { container, containerHeader } from '../../../services/domain/ingest/container';
import { type Front } from './front-process';

export const BASE = Date.UTC(2026, 0, 15, 10);
const ONCE = {
  deduplicate_blocks_in_dependent_materialized_views: '1',
  max_insert_block_size: '1000000000',
  min_insert_block_size_rows: '1000000000',
  min_insert_block_size_bytes: '1000000000',
  max_partitions_per_insert_block: '0',
};

export const frame = (over: Partial<TelemetryFrame> = {}): TelemetryFrame => ({
  tenant: 'tenant-a',
  device_id: 'device-1',
  agent_id: 'agent-1',
  seq: 1,
  ts: BASE,
  received_at: BASE + 50,
  clock_offset_ms: 0,
  series: [],
  text_series: [],
  int_series: [],
  ...over,
});

export const TABLES = ['readings', 'readings_1m', 'readings_1h', 'readings_1d', 'latest_values'];

export class Frames {
  constructor(private readonly front: Front) {}

  /** One insert. */
  async send(frames: readonly TelemetryFrame[], token: string): Promise<void> {
    const encoder = new Encoder('telemetry-frame');
    const bodies = frames.map((f) => encoder.encode(f));
    const bytes = bodies.reduce((sum, b) => sum + b.length, 0);
    const { whole } = container(containerHeader(schemas['telemetry-frame']), bodies, bytes);
    await this.front.insert('millrace.in_telemetry', 'Avro', whole, { ...ONCE, insert_deduplication_token: token });
  }

  /** All rows of all tables that people see. */
  async everything(): Promise<string[]> {
    return Promise.all(TABLES.map((t) => this.front.sql(`SELECT * FROM ${t} ORDER BY ALL FORMAT JSONCompactEachRow`)));
  }

  async clear(): Promise<void> {
    for (const table of ['readings_raw', 'readings_1m_state', 'readings_1h_state', 'latest_state'])
      await this.front.sql(`TRUNCATE TABLE ${table}`);
  }
}
