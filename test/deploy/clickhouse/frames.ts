/** Frames as the projector sends them, into a front that runs. */
import { Encoder, schemas } from '../../../schemas/codec';
import { type TelemetryFrame } from '../../../schemas/generated';
import { type Container, container, containerHeader } from '../../../services/domain/ingest/container';
import { compileSeries } from '../../../services/domain/ingest/series';
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

function contained(frames: readonly TelemetryFrame[]): Container {
  const encoder = new Encoder('telemetry-frame');
  const bodies = frames.map((f) => encoder.encode(f));
  const bytes = bodies.reduce((sum, b) => sum + b.length, 0);
  return container(containerHeader(schemas['telemetry-frame']), bodies, bytes);
}

export class Frames {
  constructor(private readonly front: Front) {}

  /** One insert, of frames as they are. */
  async send(frames: readonly TelemetryFrame[], token: string): Promise<void> {
    const { whole } = contained(frames);
    await this.front.insert('millrace.in_telemetry', 'Avro', whole, { ...ONCE, insert_deduplication_token: token });
  }

  /** One insert, of frames sorted into series. */
  async sendSorted(frames: readonly TelemetryFrame[], token: string): Promise<void> {
    const { parts } = compileSeries(schemas['telemetry-frame'])!(contained(frames).bodies, frames.length)!;
    const settings = { ...ONCE, insert_deduplication_token: token };
    await this.front.insert('millrace.in_series', 'Native', Buffer.concat(parts), settings);
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
