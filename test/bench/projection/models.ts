/** What is made of the readings besides the readings: what every way has to pay, and what tells the ways apart. */
import { type Bed } from '../../services/projector/support/bed';

/** `readings`: the table alone. `whole`: windows of a minute and an hour and the latest values, too. */
export type Model = 'readings' | 'whole';

const FROM_FRAMES = ['in_telemetry_1m', 'in_telemetry_latest', 'in_series_1m', 'in_series_latest', 'readings_1m_to_1h'];

/** Whoever inserts rows has no frames to make windows of: the views that such a user writes, giving the same tables. */
const FROM_ROWS = (database: string): readonly string[] => [
  `CREATE MATERIALIZED VIEW ${database}.rows_to_1m TO ${database}.readings_1m_state AS
   SELECT tenant, device_id, metric, toStartOfMinute(toDateTime(ts, 'UTC')) AS window_start,
     countIf(used) AS count, countIf(quality >= 64) AS bad_count, countIf(quality BETWEEN 1 AND 63) AS uncertain_count,
     sumKahanStateIf(v, used) AS sum, min(if(used, v, inf)) AS min, max(if(used, v, -inf)) AS max,
     groupArray(place) AS places, groupArray(if(used, v, nan)) AS vals
   FROM (
     SELECT tenant, device_id, metric, ts, quality, value AS v, quality < 64 AND isFinite(value) AS used,
       toUInt64(toUnixTimestamp64Milli(ts) % 60000) * 1048576 + seq % 1048576 AS place
     FROM ${database}.readings_raw WHERE kind != 'text')
   GROUP BY tenant, device_id, metric, window_start`,
  `CREATE MATERIALIZED VIEW ${database}.rows_to_latest TO ${database}.latest_state AS
   SELECT tenant, device_id, metric, toUInt64(toUnixTimestamp64Milli(ts)) * 1048576 + seq % 1048576 AS place, ts, kind,
     value, value_int, value_text, quality, agent_id, seq, received_at
   FROM ${database}.readings_raw`,
];

export async function shape(bed: Bed, database: string, model: Model, inserts: 'frames' | 'rows'): Promise<void> {
  const gone = model === 'readings' ? FROM_FRAMES : inserts === 'rows' ? FROM_FRAMES.slice(0, -1) : [];
  for (const view of gone) await bed.execute(`DROP TABLE ${database}.${view} SYNC`);
  if (model === 'whole' && inserts === 'rows') for (const view of FROM_ROWS(database)) await bed.execute(view);
}
