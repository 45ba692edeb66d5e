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

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.readings_to_1m {{on_cluster}} TO {{local readings_1m_state}} AS
SELECT tenant, device_id, metric, toStartOfMinute(toDateTime(ts, 'UTC')) AS window_start,
    countIf(used) AS count, countIf(quality >= 64) AS bad_count, countIf(quality BETWEEN 1 AND 63) AS uncertain_count,
    sumKahanStateIf(v, used) AS sum, min(if(used, v, inf)) AS min, max(if(used, v, -inf)) AS max,
    groupArray(place) AS places, groupArray(if(used, v, nan)) AS vals
FROM
(
    SELECT tenant, device_id, metric, ts, quality, value AS v, quality < 64 AND isFinite(value) AS used,
        toUInt64(toUnixTimestamp64Milli(ts) % 60000) * 1048576 + seq % 1048576 AS place
    FROM {{local readings_raw}}
    WHERE kind != 'text'
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

-- Every row goes in; the engine keeps the last of each key before it writes the block (optimize_on_insert, its default).
CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.readings_to_latest {{on_cluster}} TO {{local latest_state}} AS
SELECT tenant, device_id, metric, toUInt64(toUnixTimestamp64Milli(ts)) * 1048576 + seq % 1048576 AS place, ts, kind,
    value, value_int, value_text, quality, agent_id, seq, received_at
FROM {{local readings_raw}};
