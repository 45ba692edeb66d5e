-- Readings: one landing table, which keeps nothing, and a view that unfolds its frames into `readings_raw`.
-- Columns of a landing table are the fields of its Avro record (schemas/events/telemetry-frame.avsc): the projector lays
-- the frames out as columns (other records go as the bytes of the stream, and the engine decodes them). Constraints are checked before any view sees a row, so that a
-- frame that cannot be right leaves no trace anywhere.

CREATE DATABASE IF NOT EXISTS {{database}} {{on_cluster}};

CREATE TABLE IF NOT EXISTS {{database}}.in_telemetry {{on_cluster}}
(
    tenant LowCardinality(String),
    device_id LowCardinality(String),
    agent_id LowCardinality(String),
    seq UInt64,
    ts Int64,
    received_at Int64,
    clock_offset_ms Int32,
    series Array(Tuple(metric LowCardinality(String), dt Array(Int64), value Array(Float64), quality Array(Int32))),
    text_series Array(Tuple(metric LowCardinality(String), dt Array(Int64), value Array(String), quality Array(Int32))),
    int_series Array(Tuple(metric LowCardinality(String), dt Array(Int64), value Array(Int64), quality Array(Int32))),
    CONSTRAINT equal_lengths CHECK
        arrayAll(s -> length(tupleElement(s, 'dt')) = length(tupleElement(s, 'value')) AND (length(tupleElement(s, 'quality')) = 0 OR length(tupleElement(s, 'quality')) = length(tupleElement(s, 'dt'))), series)
        AND arrayAll(s -> length(tupleElement(s, 'dt')) = length(tupleElement(s, 'value')) AND (length(tupleElement(s, 'quality')) = 0 OR length(tupleElement(s, 'quality')) = length(tupleElement(s, 'dt'))), text_series)
        AND arrayAll(s -> length(tupleElement(s, 'dt')) = length(tupleElement(s, 'value')) AND (length(tupleElement(s, 'quality')) = 0 OR length(tupleElement(s, 'quality')) = length(tupleElement(s, 'dt'))), int_series),
    CONSTRAINT ts_from_2000_to_2100 CHECK
        ts BETWEEN 946684800000 AND 4102444799999
        AND received_at BETWEEN 946684800000 AND 4102444799999
        AND arrayAll(s -> empty(tupleElement(s, 'dt')) OR (ts + arrayMin(tupleElement(s, 'dt')) >= 946684800000 AND ts + arrayMax(tupleElement(s, 'dt')) <= 4102444799999), series)
        AND arrayAll(s -> empty(tupleElement(s, 'dt')) OR (ts + arrayMin(tupleElement(s, 'dt')) >= 946684800000 AND ts + arrayMax(tupleElement(s, 'dt')) <= 4102444799999), text_series)
        AND arrayAll(s -> empty(tupleElement(s, 'dt')) OR (ts + arrayMin(tupleElement(s, 'dt')) >= 946684800000 AND ts + arrayMax(tupleElement(s, 'dt')) <= 4102444799999), int_series),
    CONSTRAINT named CHECK notEmpty(tenant) AND notEmpty(device_id)
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS {{local readings_raw}} {{on_cluster}}
(
    tenant LowCardinality(String) COMMENT 'Owner of the device',
    device_id LowCardinality(String) COMMENT 'Device, unique within the tenant',
    metric LowCardinality(String) COMMENT 'Name of the measured quantity',
    ts DateTime64(3, 'UTC') COMMENT 'Time of the reading by the device clock, UTC' CODEC(DoubleDelta, ZSTD(1)),
    kind Enum8('number' = 0, 'int64' = 1, 'text' = 2) COMMENT 'Which of the value columns holds the value' CODEC(ZSTD(1)),
    value Float64 COMMENT 'Number in the unit of the point; for int64 the nearest double' CODEC(ZSTD(1)),
    value_int Int64 COMMENT 'Exact integer, for kind int64' CODEC(ZSTD(1)),
    value_text String COMMENT 'Text, for kind text' CODEC(ZSTD(1)),
    quality UInt8 COMMENT '0 good, 1 to 63 uncertain, 64 and above bad (schemas/quality.ts)' CODEC(ZSTD(1)),
    agent_id LowCardinality(String) COMMENT 'Agent that accepted the reading',
    seq UInt64 COMMENT 'Sequence number of its frame, per agent and device' CODEC(DoubleDelta, ZSTD(1)),
    received_at DateTime64(3, 'UTC') COMMENT 'Agent clock at the durable append, UTC' CODEC(DoubleDelta, ZSTD(1)),
    clock_offset_ms Int32 COMMENT 'Device clock minus agent clock as last measured, ms' CODEC(ZSTD(1))
)
ENGINE = {{engine MergeTree}}
PARTITION BY toYYYYMM(ts)
ORDER BY (tenant, device_id, metric, ts)
SETTINGS {{durable}}
COMMENT 'Every reading ever accepted, one row each. Read it through the view readings.';

{{distributed readings_raw}};

-- One view for the three kinds of series, because every view costs each insert some milliseconds. The series of a frame
-- are joined end to end before they are unfolded, once: where a series is one reading that takes half of unfolding
-- series and then readings. An empty quality means that every reading of the series is good: arrayResize fills with zeros.
CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.in_telemetry_readings {{on_cluster}} TO {{local readings_raw}} AS
SELECT tenant, device_id, metric, fromUnixTimestamp64Milli(base + d, 'UTC') AS ts,
    CAST(k, 'Enum8(\'number\' = 0, \'int64\' = 1, \'text\' = 2)') AS kind, v AS value, vi AS value_int, vt AS value_text,
    toUInt8(q) AS quality, agent_id, seq, fromUnixTimestamp64Milli(received, 'UTC') AS received_at, clock_offset_ms
FROM
(
    SELECT tenant, device_id, agent_id, seq, ts AS base, received_at AS received, clock_offset_ms,
        arrayFlatten(series.dt) AS numbers, arrayFlatten(int_series.dt) AS ints, arrayFlatten(text_series.dt) AS texts,
        length(numbers) AS n, length(ints) AS i, length(texts) AS t, arrayFlatten(int_series.value) AS int_values,
        arrayConcat(
            arrayFlatten(arrayMap((m, d) -> replicate(m, d), series.metric, series.dt)),
            arrayFlatten(arrayMap((m, d) -> replicate(m, d), int_series.metric, int_series.dt)),
            arrayFlatten(arrayMap((m, d) -> replicate(m, d), text_series.metric, text_series.dt))) AS metrics,
        arrayConcat(
            arrayFlatten(arrayMap((q, d) -> arrayResize(q, length(d)), series.quality, series.dt)),
            arrayFlatten(arrayMap((q, d) -> arrayResize(q, length(d)), int_series.quality, int_series.dt)),
            arrayFlatten(arrayMap((q, d) -> arrayResize(q, length(d)), text_series.quality, text_series.dt))) AS qs,
        arrayConcat(numbers, ints, texts) AS dts,
        arrayResize(arrayConcat(arrayFlatten(series.value), arrayMap(x -> toFloat64(x), int_values)), n + i + t) AS vs,
        arrayResize(arrayConcat(arrayWithConstant(n, toInt64(0)), int_values), n + i + t) AS vis,
        arrayConcat(arrayWithConstant(n + i, ''), arrayFlatten(text_series.value)) AS vts,
        arrayConcat(arrayWithConstant(n, toInt8(0)), arrayWithConstant(i, toInt8(1)), arrayWithConstant(t, toInt8(2))) AS ks
    FROM {{database}}.in_telemetry
)
ARRAY JOIN metrics AS metric, dts AS d, vs AS v, vis AS vi, vts AS vt, qs AS q, ks AS k;
