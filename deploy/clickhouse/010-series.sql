-- A second landing for readings: what the projector has sorted into series and minutes already (decision 0313), with views
-- into the same tables as in_telemetry has. Rows come in the order of those tables, so nothing is sorted again, and a
-- row is a window of a minute, so nothing is gathered. Arrays of a row have an item for each reading, in order of time.
-- Frames that come whole (in_telemetry) are for what the projector cannot lay out, for rebuilds and for other writers.

CREATE TABLE IF NOT EXISTS {{database}}.in_series {{on_cluster}}
(
    tenant LowCardinality(String),
    device_id LowCardinality(String),
    agent_id LowCardinality(String),
    metric LowCardinality(String),
    kind Enum8('number' = 0, 'int64' = 1, 'text' = 2),
    minute UInt32,
    newest UInt8,
    seq UInt64,
    received_at Int64,
    dt Array(UInt16),
    quality Array(UInt8),
    seqs Array(Int32),
    received Array(Int32),
    offsets Array(Int32),
    value Array(Float64),
    value_int Array(Int64),
    value_text Array(String),
    CONSTRAINT minute_from_2000_to_2100 CHECK
        minute BETWEEN 15778080 AND 68374079 AND received_at BETWEEN 946684800000 AND 4102444799999,
    CONSTRAINT named CHECK notEmpty(tenant) AND notEmpty(device_id)
)
ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.in_series_readings {{on_cluster}} TO {{local readings_raw}} AS
SELECT tenant, device_id, metric, fromUnixTimestamp64Milli(toInt64(minute) * 60000 + d, 'UTC') AS ts, kind, v AS value,
    vi AS value_int, vt AS value_text, q AS quality, agent_id, toUInt64(first_seq + s) AS seq,
    fromUnixTimestamp64Milli(first_received + r, 'UTC') AS received_at, o AS clock_offset_ms
FROM
(
    SELECT tenant, device_id, metric, agent_id, kind, minute, seq AS first_seq, received_at AS first_received,
        dt, quality, seqs, received, offsets, length(dt) AS n,
        arrayResize(arrayConcat(value, arrayMap(x -> toFloat64(x), value_int)), n) AS vs,
        arrayResize(value_int, n) AS vis, arrayResize(value_text, n) AS vts
    FROM {{database}}.in_series
)
ARRAY JOIN dt AS d, vs AS v, vis AS vi, vts AS vt, quality AS q, seqs AS s, received AS r, offsets AS o;

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.in_series_1m {{on_cluster}} TO {{local readings_1m_state}} AS
SELECT tenant, device_id, metric, toDateTime(minute * 60, 'UTC') AS window_start,
    length(used) AS count, arrayCount(q -> q >= 64, quality) AS bad_count,
    arrayCount(q -> q BETWEEN 1 AND 63, quality) AS uncertain_count, arrayReduce('sumKahanState', used) AS sum,
    if(empty(used), inf, arrayMin(used)) AS min, if(empty(used), -inf, arrayMax(used)) AS max,
    arrayMap((d, s) -> toUInt64(d) * 1048576 + toUInt64(first_seq + s) % 1048576, dt, seqs) AS places, shown AS vals
FROM
(
    SELECT tenant, device_id, metric, minute, seq AS first_seq, dt, quality, seqs,
        arrayMap((v, q) -> if(q < 64 AND isFinite(v), v, nan), arrayConcat(value, arrayMap(x -> toFloat64(x), value_int)), quality) AS shown,
        arrayFilter(v -> NOT isNaN(v), shown) AS used
    FROM {{database}}.in_series
    WHERE kind != 'text'
);

-- `newest` marks the last row of a series in its insert, and the last reading of a row is its newest.
CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.in_series_latest {{on_cluster}} TO {{local latest_state}} AS
SELECT tenant, device_id, metric, toUInt64(t) * 1048576 + toUInt64(last_seq) % 1048576 AS place,
    fromUnixTimestamp64Milli(t, 'UTC') AS ts, kind, if(kind = 'int64', toFloat64(vis[-1]), vs[-1]) AS value,
    vis[-1] AS value_int, vts[-1] AS value_text, qs[-1] AS quality, agent_id, toUInt64(last_seq) AS seq,
    fromUnixTimestamp64Milli(last_received, 'UTC') AS received_at
FROM
(
    SELECT tenant, device_id, metric, agent_id, kind, value AS vs, value_int AS vis, value_text AS vts, quality AS qs,
        toInt64(minute) * 60000 + dt[-1] AS t, seq + seqs[-1] AS last_seq, received_at + received[-1] AS last_received
    FROM {{database}}.in_series
    WHERE newest
);
