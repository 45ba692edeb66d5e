// Generated from schemas/events/telemetry-frame.avsc by schemas/generate.ts. Do not edit.
export interface Series {
  /** [A-Za-z_][A-Za-z0-9_.-]{0,127} */
  metric: string;
  /** ms after ts, may be negative */
  dt: number[];
  /** engineering units of the point */
  value: number[];
  /** 0 good, 1..63 uncertain, 64..127 bad; empty: all good (schemas/quality.ts) */
  quality: number[];
}
export interface TextSeries {
  metric: string;
  dt: number[];
  /** at most 4096 bytes each */
  value: string[];
  quality: number[];
}
export interface IntSeries {
  metric: string;
  dt: number[];
  value: bigint[];
  quality: number[];
}
/** Readings of one device. Topic m2m.telemetry, key tenant/device_id. Grammar: each series holds parallel arrays; dt[i], value[i] and quality[i] describe one reading of `metric` taken at ts + dt[i]. A bad read is a reading with a bad quality, never an absent one. Arrays of one series have equal length; quality may be empty, which means every reading in the series is good (0). */
export interface TelemetryFrame {
  /** Owner of the device, [a-z0-9][a-z0-9-]{0,62} */
  tenant: string;
  /** [A-Za-z0-9][A-Za-z0-9._:-]{0,127}, unique within the tenant */
  device_id: string;
  /** Agent that accepted the readings; (tenant, agent_id, device_id, seq) is unique */
  agent_id: string;
  /** 1.. per agent and device, assigned once by the outbox, gap-free */
  seq: number;
  /** Base time of the frame by the device's clock, ms since 1970-01-01 UTC */
  ts: number;
  /** Agent's clock at the durable append, ms since 1970-01-01 UTC */
  received_at: number;
  /** Device clock minus agent clock as last measured, ms; 0 when the agent stamps the readings itself */
  clock_offset_ms: number;
  /** Numbers as IEEE 754 doubles; NaN only with a bad quality */
  series: Series[];
  /** Text values */
  text_series: TextSeries[];
  /** Integers that a double cannot carry exactly (beyond 2^53); unsigned values beyond 2^63-1 travel as decimal text */
  int_series: IntSeries[];
}
export const telemetryFrameSchema = {"type":"record","name":"TelemetryFrame","namespace":"millrace.v1","doc":"Readings of one device. Topic m2m.telemetry, key tenant/device_id. Grammar: each series holds parallel arrays; dt[i], value[i] and quality[i] describe one reading of `metric` taken at ts + dt[i]. A bad read is a reading with a bad quality, never an absent one. Arrays of one series have equal length; quality may be empty, which means every reading in the series is good (0).","fields":[{"name":"tenant","type":"string","doc":"Owner of the device, [a-z0-9][a-z0-9-]{0,62}"},{"name":"device_id","type":"string","doc":"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}, unique within the tenant"},{"name":"agent_id","type":"string","doc":"Agent that accepted the readings; (tenant, agent_id, device_id, seq) is unique"},{"name":"seq","type":"long","doc":"1.. per agent and device, assigned once by the outbox, gap-free"},{"name":"ts","type":"long","doc":"Base time of the frame by the device's clock, ms since 1970-01-01 UTC"},{"name":"received_at","type":"long","doc":"Agent's clock at the durable append, ms since 1970-01-01 UTC"},{"name":"clock_offset_ms","type":"int","default":0,"doc":"Device clock minus agent clock as last measured, ms; 0 when the agent stamps the readings itself"},{"name":"series","doc":"Numbers as IEEE 754 doubles; NaN only with a bad quality","type":{"type":"array","items":{"type":"record","name":"Series","fields":[{"name":"metric","type":"string","doc":"[A-Za-z_][A-Za-z0-9_.-]{0,127}"},{"name":"dt","type":{"type":"array","items":"long"},"doc":"ms after ts, may be negative"},{"name":"value","type":{"type":"array","items":"double"},"doc":"engineering units of the point"},{"name":"quality","type":{"type":"array","items":"int"},"doc":"0 good, 1..63 uncertain, 64..127 bad; empty: all good (schemas/quality.ts)"}]}}},{"name":"text_series","doc":"Text values","default":[],"type":{"type":"array","items":{"type":"record","name":"TextSeries","fields":[{"name":"metric","type":"string"},{"name":"dt","type":{"type":"array","items":"long"}},{"name":"value","type":{"type":"array","items":"string"},"doc":"at most 4096 bytes each"},{"name":"quality","type":{"type":"array","items":"int"}}]}}},{"name":"int_series","doc":"Integers that a double cannot carry exactly (beyond 2^53); unsigned values beyond 2^63-1 travel as decimal text","default":[],"type":{"type":"array","items":{"type":"record","name":"IntSeries","fields":[{"name":"metric","type":"string"},{"name":"dt","type":{"type":"array","items":"long"}},{"name":"value","type":{"type":"array","items":{"type":"long","logicalType":"int64-exact"}}},{"name":"quality","type":{"type":"array","items":"int"}}]}}}]} as const;
