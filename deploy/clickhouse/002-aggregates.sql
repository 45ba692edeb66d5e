-- Windows of one minute and one hour, as states that merge exactly whatever the order of arrival. The hour is fed by the
-- minute's inserts, which are 60 times fewer rows; days are made of hours when asked for.
-- Rule: text, bad quality, NaN and infinities take no part in the values; bad readings are counted.
-- What depends on order or on every value (median, first, last, time-weighted mean) is made of two plain arrays when
-- asked for: when each reading was taken, and its value, NaN where it takes no part. Merging appends, so arrival does not
-- matter, and columns of arrays take less than half of what opaque states took (deploy/decisions/0305).
-- `place` orders readings of one metric: time, then sequence number (its low 20 bits); in a window, ms since its start.

CREATE TABLE IF NOT EXISTS {{local readings_1m_state}} {{on_cluster}}
(
    tenant LowCardinality(String),
    device_id LowCardinality(String),
    metric LowCardinality(String),
    window_start DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    count SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    bad_count SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    uncertain_count SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    sum AggregateFunction(sumKahan, Float64) CODEC(ZSTD(1)),
    min SimpleAggregateFunction(min, Float64) CODEC(ZSTD(1)),
    max SimpleAggregateFunction(max, Float64) CODEC(ZSTD(1)),
    places SimpleAggregateFunction(groupArrayArray, Array(UInt64)) CODEC(Delta, ZSTD(1)),
    vals SimpleAggregateFunction(groupArrayArray, Array(Float64)) CODEC(ZSTD(1))
)
ENGINE = {{engine AggregatingMergeTree}}
PARTITION BY toYYYYMM(window_start)
ORDER BY (tenant, device_id, metric, window_start)
SETTINGS {{durable}}
COMMENT 'States of one-minute windows. Read them through the view readings_1m.';

{{distributed readings_1m_state}};

-- Made of the frames, not of the rows that readings_raw gets: a series nearly always lies in one minute, so whole arrays
-- are grouped, which costs a third. One that does not is cut into its minutes.
CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.in_telemetry_1m {{on_cluster}} TO {{local readings_1m_state}} AS
SELECT tenant, device_id, metric, toDateTime(minute * 60, 'UTC') AS window_start,
    sum(length(used)) AS count, sum(arrayCount(q -> q >= 64, qs)) AS bad_count,
    sum(arrayCount(q -> q BETWEEN 1 AND 63, qs)) AS uncertain_count, sumKahanStateArray(used) AS sum,
    min(if(empty(used), inf, arrayMin(used))) AS min, max(if(empty(used), -inf, arrayMax(used))) AS max,
    groupArrayArray(arrayMap(t -> toUInt64(t % 60000) * 1048576 + seq % 1048576, ts)) AS places, groupArrayArray(shown) AS vals
FROM
(
    SELECT tenant, device_id, seq, metric, minute,
        whole ? s_ts : arrayFilter(t -> intDiv(t, 60000) = minute, s_ts) AS ts,
        whole ? s_qs : arrayFilter((q, t) -> intDiv(t, 60000) = minute, s_qs, s_ts) AS qs,
        whole ? s_vs : arrayFilter((v, t) -> intDiv(t, 60000) = minute, s_vs, s_ts) AS vs,
        arrayMap((v, q) -> if(q < 64 AND isFinite(v), v, nan), vs, qs) AS shown,
        arrayFilter(v -> NOT isNaN(v), shown) AS used
    FROM
    (
        SELECT tenant, device_id, seq, s.1 AS metric, arrayMap(d -> base + d, s.2) AS s_ts, s.3 AS s_vs,
            arrayResize(s.4, length(s.2)) AS s_qs, arrayDistinct(arrayMap(t -> intDiv(t, 60000), s_ts)) AS minutes,
            length(minutes) = 1 AS whole, arrayJoin(minutes) AS minute
        FROM
        (
            SELECT tenant, device_id, seq, ts AS base, arrayJoin(arrayConcat(
                arrayMap(s -> (s.metric, s.dt, s.value, s.quality), series),
                arrayMap(s -> (s.metric, s.dt, arrayMap(x -> toFloat64(x), s.value), s.quality), int_series))) AS s
            FROM {{database}}.in_telemetry
        )
    )
)
GROUP BY tenant, device_id, metric, window_start;

CREATE TABLE IF NOT EXISTS {{local readings_1h_state}} {{on_cluster}}
(
    tenant LowCardinality(String),
    device_id LowCardinality(String),
    metric LowCardinality(String),
    window_start DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    count SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    bad_count SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    uncertain_count SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    sum AggregateFunction(sumKahan, Float64) CODEC(ZSTD(1)),
    min SimpleAggregateFunction(min, Float64) CODEC(ZSTD(1)),
    max SimpleAggregateFunction(max, Float64) CODEC(ZSTD(1)),
    places SimpleAggregateFunction(groupArrayArray, Array(UInt64)) CODEC(Delta, ZSTD(1)),
    vals SimpleAggregateFunction(groupArrayArray, Array(Float64)) CODEC(ZSTD(1))
)
ENGINE = {{engine AggregatingMergeTree}}
PARTITION BY toYear(window_start)
ORDER BY (tenant, device_id, metric, window_start)
SETTINGS {{durable}}
COMMENT 'States of one-hour windows. Read them through the views readings_1h and readings_1d.';

{{distributed readings_1h_state}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.readings_1m_to_1h {{on_cluster}} TO {{local readings_1h_state}} AS
SELECT tenant, device_id, metric, toStartOfHour(m.window_start) AS window_start,
    sum(m.count) AS count, sum(m.bad_count) AS bad_count, sum(m.uncertain_count) AS uncertain_count,
    sumKahanMergeState(m.sum) AS sum, min(m.min) AS min, max(m.max) AS max,
    groupArrayArray(arrayMap(p -> p + toMinute(m.window_start) * toUInt64(60000 * 1048576), m.places)) AS places, groupArrayArray(m.vals) AS vals
FROM {{local readings_1m_state}} AS m
GROUP BY tenant, device_id, metric, window_start;

CREATE TABLE IF NOT EXISTS {{local latest_state}} {{on_cluster}}
(
    tenant LowCardinality(String),
    device_id LowCardinality(String),
    metric LowCardinality(String),
    place UInt64,
    ts DateTime64(3, 'UTC'),
    kind Enum8('number' = 0, 'int64' = 1, 'text' = 2),
    value Float64,
    value_int Int64,
    value_text String,
    quality UInt8,
    agent_id LowCardinality(String),
    seq UInt64,
    received_at DateTime64(3, 'UTC')
)
ENGINE = {{engine ReplacingMergeTree(place)}}
ORDER BY (tenant, device_id, metric)
SETTINGS {{durable}}
COMMENT 'Latest reading of every metric. Read it through the view latest_values.';

{{distributed latest_state}};

-- The last reading of every series, by time and then by its place in the series.
CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.in_telemetry_latest {{on_cluster}} TO {{local latest_state}} AS
SELECT tenant, device_id, s.1 AS metric, toUInt64(base + newest) * 1048576 + seq % 1048576 AS place,
    fromUnixTimestamp64Milli(base + newest, 'UTC') AS ts,
    CAST(s.7, 'Enum8(\'number\' = 0, \'int64\' = 1, \'text\' = 2)') AS kind, s.3[i] AS value, s.4[i] AS value_int,
    s.5[i] AS value_text, toUInt8(s.6[i]) AS quality, agent_id, seq, fromUnixTimestamp64Milli(received, 'UTC') AS received_at
FROM
(
    SELECT tenant, device_id, agent_id, seq, base, received, s, arrayMax(s.2) AS newest,
        arrayLastIndex(d -> d = newest, s.2) AS i
    FROM
    (
        SELECT tenant, device_id, agent_id, seq, ts AS base, received_at AS received, arrayJoin(arrayConcat(
            arrayMap(s -> (s.metric, s.dt, s.value, CAST([], 'Array(Int64)'), CAST([], 'Array(String)'), s.quality, toInt8(0)), series),
            arrayMap(s -> (s.metric, s.dt, arrayMap(x -> toFloat64(x), s.value), s.value, CAST([], 'Array(String)'), s.quality, toInt8(1)), int_series),
            arrayMap(s -> (s.metric, s.dt, CAST([], 'Array(Float64)'), CAST([], 'Array(Int64)'), s.value, s.quality, toInt8(2)), text_series))) AS s
        FROM {{database}}.in_telemetry
    )
    WHERE notEmpty(s.2)
);
