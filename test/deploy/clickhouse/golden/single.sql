-- 001-telemetry.sql
CREATE DATABASE IF NOT EXISTS millrace;

CREATE TABLE IF NOT EXISTS millrace.in_telemetry
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

CREATE TABLE IF NOT EXISTS millrace.readings_raw
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
ENGINE = MergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (tenant, device_id, metric, ts)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, auto_statistics_types = ''
COMMENT 'Every reading ever accepted, one row each. Read it through the view readings.';

CREATE MATERIALIZED VIEW IF NOT EXISTS millrace.in_telemetry_readings TO millrace.readings_raw AS
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
    FROM millrace.in_telemetry
)
ARRAY JOIN metrics AS metric, dts AS d, vs AS v, vis AS vi, vts AS vt, qs AS q, ks AS k;

-- 002-aggregates.sql
CREATE TABLE IF NOT EXISTS millrace.readings_1m_state
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
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(window_start)
ORDER BY (tenant, device_id, metric, window_start)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, auto_statistics_types = ''
COMMENT 'States of one-minute windows. Read them through the view readings_1m.';

CREATE MATERIALIZED VIEW IF NOT EXISTS millrace.in_telemetry_1m TO millrace.readings_1m_state AS
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
            FROM millrace.in_telemetry
        )
    )
)
GROUP BY tenant, device_id, metric, window_start;

CREATE TABLE IF NOT EXISTS millrace.readings_1h_state
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
ENGINE = AggregatingMergeTree
PARTITION BY toYear(window_start)
ORDER BY (tenant, device_id, metric, window_start)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, auto_statistics_types = ''
COMMENT 'States of one-hour windows. Read them through the views readings_1h and readings_1d.';

CREATE MATERIALIZED VIEW IF NOT EXISTS millrace.readings_1m_to_1h TO millrace.readings_1h_state AS
SELECT tenant, device_id, metric, toStartOfHour(m.window_start) AS window_start,
    sum(m.count) AS count, sum(m.bad_count) AS bad_count, sum(m.uncertain_count) AS uncertain_count,
    sumKahanMergeState(m.sum) AS sum, min(m.min) AS min, max(m.max) AS max,
    groupArrayArray(arrayMap(p -> p + toMinute(m.window_start) * toUInt64(60000 * 1048576), m.places)) AS places, groupArrayArray(m.vals) AS vals
FROM millrace.readings_1m_state AS m
GROUP BY tenant, device_id, metric, window_start;

CREATE TABLE IF NOT EXISTS millrace.latest_state
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
ENGINE = ReplacingMergeTree(place)
ORDER BY (tenant, device_id, metric)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, auto_statistics_types = ''
COMMENT 'Latest reading of every metric. Read it through the view latest_values.';

CREATE MATERIALIZED VIEW IF NOT EXISTS millrace.in_telemetry_latest TO millrace.latest_state AS
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
        FROM millrace.in_telemetry
    )
    WHERE notEmpty(s.2)
);

-- 003-devices.sql
CREATE TABLE IF NOT EXISTS millrace.in_lifecycle
(
    event_id String,
    tenant LowCardinality(String),
    device_id String,
    version Int64,
    type LowCardinality(String),
    state_from LowCardinality(Nullable(String)),
    state_to LowCardinality(String),
    at Int64,
    actor String,
    reason Nullable(String),
    request_id String,
    data String
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS millrace.device_events
(
    tenant LowCardinality(String),
    device_id String,
    version UInt64,
    type LowCardinality(String),
    state_from LowCardinality(Nullable(String)),
    state_to LowCardinality(String),
    at DateTime64(3, 'UTC'),
    actor String,
    reason Nullable(String),
    request_id String,
    data String,
    event_id String
)
ENGINE = MergeTree
ORDER BY (tenant, device_id, version)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, auto_statistics_types = ''
COMMENT 'Facts of devices lives. Read them through the view device_lifecycle.';

CREATE MATERIALIZED VIEW IF NOT EXISTS millrace.in_lifecycle_events TO millrace.device_events AS
SELECT tenant, device_id, toUInt64(version) AS version, type, state_from, state_to,
    fromUnixTimestamp64Milli(in.at, 'UTC') AS at, actor, reason, request_id, data, event_id
FROM millrace.in_lifecycle AS in;

CREATE TABLE IF NOT EXISTS millrace.in_devices
(
    tenant LowCardinality(String),
    device_id String,
    version Int64,
    state LowCardinality(String),
    name String,
    model LowCardinality(String),
    agent_id Nullable(String),
    path String,
    labels Map(String, String),
    credential Nullable(String),
    reason Nullable(String),
    registered_at Int64,
    changed_at Int64
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS millrace.devices_state
(
    tenant LowCardinality(String),
    device_id String,
    version UInt64,
    state LowCardinality(String),
    name String,
    model LowCardinality(String),
    agent_id Nullable(String),
    path String,
    labels Map(String, String),
    credential Nullable(String),
    reason Nullable(String),
    registered_at DateTime64(3, 'UTC'),
    changed_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, device_id)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, auto_statistics_types = ''
COMMENT 'Devices as their events made them. Read them through the view devices.';

CREATE MATERIALIZED VIEW IF NOT EXISTS millrace.in_devices_states TO millrace.devices_state AS
SELECT tenant, device_id, toUInt64(version) AS version, state, name, model, agent_id, path, labels, credential, reason,
    fromUnixTimestamp64Milli(in.registered_at, 'UTC') AS registered_at, fromUnixTimestamp64Milli(in.changed_at, 'UTC') AS changed_at
FROM millrace.in_devices AS in;

CREATE TABLE IF NOT EXISTS millrace.in_points
(
    tenant LowCardinality(String),
    device_id String,
    metric LowCardinality(String),
    kind LowCardinality(String),
    unit LowCardinality(String),
    source_unit LowCardinality(String),
    description String,
    path String,
    writable Bool,
    low Nullable(Float64),
    high Nullable(Float64),
    at Int64
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS millrace.points_state
(
    tenant LowCardinality(String),
    device_id String,
    metric LowCardinality(String),
    kind LowCardinality(String),
    unit LowCardinality(String),
    source_unit LowCardinality(String),
    description String,
    path String,
    writable Bool,
    low Nullable(Float64),
    high Nullable(Float64),
    at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (tenant, device_id, metric)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, auto_statistics_types = ''
COMMENT 'What metrics mean. Read them through the view points.';

CREATE MATERIALIZED VIEW IF NOT EXISTS millrace.in_points_states TO millrace.points_state AS
SELECT tenant, device_id, metric, kind, unit, source_unit, description, path, writable, low, high,
    fromUnixTimestamp64Milli(in.at, 'UTC') AS at
FROM millrace.in_points AS in;

CREATE DICTIONARY IF NOT EXISTS millrace.points_by_metric
(
    tenant String,
    device_id String,
    metric String,
    unit String,
    path String
)
PRIMARY KEY tenant, device_id, metric
SOURCE(CLICKHOUSE(QUERY 'SELECT tenant, device_id, metric, unit, path FROM millrace.points_state FINAL' INVALIDATE_QUERY 'SELECT max(at), count() FROM millrace.points_state'))
LAYOUT(COMPLEX_KEY_HASHED())
LIFETIME(MIN 1 MAX 3);

CREATE DICTIONARY IF NOT EXISTS millrace.sites_by_device
(
    tenant String,
    device_id String,
    site String
)
PRIMARY KEY tenant, device_id
SOURCE(CLICKHOUSE(QUERY 'SELECT tenant, device_id, arrayStringConcat(arraySlice(splitByChar(\'/\', path), 1, 2), \'/\') AS site FROM millrace.devices_state FINAL' INVALIDATE_QUERY 'SELECT max(changed_at), count() FROM millrace.devices_state'))
LAYOUT(COMPLEX_KEY_HASHED())
LIFETIME(MIN 1 MAX 3);

-- 004-commands.sql
CREATE TABLE IF NOT EXISTS millrace.in_command_events
(
    command_id String,
    tenant LowCardinality(String),
    device_id String,
    agent_id LowCardinality(String),
    state LowCardinality(String),
    at Int64,
    actor String,
    name LowCardinality(String),
    args String,
    qos Int32,
    attempt Int32,
    detail String,
    result String,
    seq Nullable(Int64)
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS millrace.command_events
(
    tenant LowCardinality(String) COMMENT 'Owner of the device',
    command_id String COMMENT 'Command',
    at DateTime64(3, 'UTC') COMMENT 'Time of the transition by the clock of who reports it, UTC',
    device_id String COMMENT 'Device it is for',
    agent_id LowCardinality(String) COMMENT 'Agent of the device',
    state LowCardinality(String) COMMENT 'issued, approved, delivered, outcome-unknown, expired, cancelled, executed, failed, verified',
    actor String COMMENT 'Who reports it: agent:<id>, workflow or the user',
    name LowCardinality(String) COMMENT 'Name of the command',
    args String COMMENT 'JSON of the arguments',
    qos UInt8 COMMENT '0 at most once, 1 re-sent until acknowledged, 2 executed once',
    attempt UInt32 COMMENT '1 for the first sending',
    detail String COMMENT 'Error or remark in words',
    result String COMMENT 'JSON, such as the value read back',
    seq Nullable(Int64) COMMENT 'Sequence number in the agent outbox, when it came through one',
    INDEX by_device device_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
ORDER BY (tenant, command_id, at)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, auto_statistics_types = ''
COMMENT 'Transitions of commands, one row each. The view commands folds them.';

CREATE MATERIALIZED VIEW IF NOT EXISTS millrace.in_command_events_rows TO millrace.command_events AS
SELECT tenant, command_id, fromUnixTimestamp64Milli(in.at, 'UTC') AS at, device_id, agent_id, state, actor, name, args,
    toUInt8(in.qos) AS qos, toUInt32(in.attempt) AS attempt, detail, result, seq
FROM millrace.in_command_events AS in;

-- 005-sessions.sql
CREATE TABLE IF NOT EXISTS millrace.in_sessions
(
    tenant LowCardinality(String),
    device_id String,
    agent_id LowCardinality(String),
    session_id String,
    type LowCardinality(String),
    at Int64,
    protocol LowCardinality(String),
    interval_ms Nullable(Int32),
    reason String,
    seq Nullable(Int64)
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS millrace.session_events
(
    tenant LowCardinality(String),
    device_id String,
    session_id String,
    at DateTime64(3, 'UTC'),
    type LowCardinality(String),
    agent_id LowCardinality(String),
    protocol LowCardinality(String),
    interval_ms Nullable(Int32),
    reason String,
    seq Nullable(Int64)
)
ENGINE = MergeTree
ORDER BY (tenant, device_id, session_id, at)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, auto_statistics_types = ''
COMMENT 'Signs of life. Read them through the view sessions.';

CREATE MATERIALIZED VIEW IF NOT EXISTS millrace.in_sessions_rows TO millrace.session_events AS
SELECT tenant, device_id, session_id, fromUnixTimestamp64Milli(in.at, 'UTC') AS at, type, agent_id, protocol, interval_ms, reason, seq
FROM millrace.in_sessions AS in;

CREATE TABLE IF NOT EXISTS millrace.in_presence
(
    tenant LowCardinality(String),
    device_id String,
    agent_id LowCardinality(String),
    status LowCardinality(String),
    since Int64,
    last_seen Int64,
    interval_ms Int32,
    reason String
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS millrace.presence_state
(
    tenant LowCardinality(String),
    device_id String,
    place UInt64,
    agent_id LowCardinality(String),
    status LowCardinality(String),
    since DateTime64(3, 'UTC'),
    last_seen DateTime64(3, 'UTC'),
    interval_ms Int32,
    reason String
)
ENGINE = ReplacingMergeTree(place)
ORDER BY (tenant, device_id)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, auto_statistics_types = ''
COMMENT 'Devices online, stale or offline. Read it through the view presence.';

CREATE MATERIALIZED VIEW IF NOT EXISTS millrace.in_presence_states TO millrace.presence_state AS
SELECT tenant, device_id, toUInt64(greatest(in.since, in.last_seen)) AS place, agent_id, status,
    fromUnixTimestamp64Milli(in.since, 'UTC') AS since, fromUnixTimestamp64Milli(in.last_seen, 'UTC') AS last_seen, interval_ms, reason
FROM millrace.in_presence AS in;

-- 006-alarms.sql
CREATE TABLE IF NOT EXISTS millrace.in_alarms
(
    tenant LowCardinality(String),
    device_id String,
    agent_id LowCardinality(String),
    alarm LowCardinality(String),
    occurrence String,
    at Int64,
    priority Int32,
    active Bool,
    acknowledged Bool,
    shelved_until Nullable(Int64),
    suppressed Bool,
    out_of_service Bool,
    value Nullable(Float64),
    message String,
    actor String,
    seq Nullable(Int64)
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS millrace.alarm_events
(
    tenant LowCardinality(String) COMMENT 'Owner of the device',
    device_id String COMMENT 'Device',
    alarm LowCardinality(String) COMMENT 'Name of the alarm, unique per device',
    occurrence String COMMENT 'One raising of the alarm, until cleared and acknowledged',
    at DateTime64(3, 'UTC') COMMENT 'Time of the transition, UTC',
    agent_id LowCardinality(String) COMMENT 'Agent of the device',
    priority UInt8 COMMENT '1 critical to 4 low',
    active Bool COMMENT 'The condition holds',
    acknowledged Bool COMMENT 'Somebody has taken note',
    shelved_until Nullable(DateTime64(3, 'UTC')) COMMENT 'Shelved by an operator until then, UTC',
    suppressed Bool COMMENT 'Suppressed by design',
    out_of_service Bool COMMENT 'Taken out of service',
    value Nullable(Float64) COMMENT 'Value that caused it',
    message String COMMENT 'In words',
    actor String COMMENT 'Who caused the transition',
    seq Nullable(Int64) COMMENT 'Sequence number in the agent outbox'
)
ENGINE = MergeTree
ORDER BY (tenant, device_id, alarm, occurrence, at)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, auto_statistics_types = ''
COMMENT 'Journal of alarms, one row per transition.';

CREATE MATERIALIZED VIEW IF NOT EXISTS millrace.in_alarms_rows TO millrace.alarm_events AS
SELECT tenant, device_id, alarm, occurrence, fromUnixTimestamp64Milli(in.at, 'UTC') AS at, agent_id, toUInt8(in.priority) AS priority,
    active, acknowledged, fromUnixTimestamp64Milli(in.shelved_until, 'UTC') AS shelved_until, suppressed, out_of_service,
    value, message, actor, seq
FROM millrace.in_alarms AS in;

-- 007-operations.sql
CREATE TABLE IF NOT EXISTS millrace.in_outbox_gaps
(
    tenant LowCardinality(String),
    device_id String,
    agent_id LowCardinality(String),
    from_seq Int64,
    to_seq Int64,
    readings Int64,
    reason LowCardinality(String),
    at Int64,
    seq Nullable(Int64)
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS millrace.outbox_gaps
(
    tenant LowCardinality(String) COMMENT 'Owner of the device',
    device_id String COMMENT 'Device',
    agent_id LowCardinality(String) COMMENT 'Agent that gave the readings up',
    from_seq UInt64 COMMENT 'First sequence number given up',
    to_seq UInt64 COMMENT 'Last sequence number given up, inclusive',
    readings UInt64 COMMENT 'Readings given up',
    reason LowCardinality(String) COMMENT 'disk-bound, corrupt-segment or disk-full',
    at DateTime64(3, 'UTC') COMMENT 'When, UTC',
    seq Nullable(Int64) COMMENT 'Sequence number of this record'
)
ENGINE = MergeTree
ORDER BY (tenant, device_id, agent_id, from_seq)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, auto_statistics_types = ''
COMMENT 'Readings an agent had to give up: what was lost is on record.';

CREATE MATERIALIZED VIEW IF NOT EXISTS millrace.in_outbox_gaps_rows TO millrace.outbox_gaps AS
SELECT tenant, device_id, agent_id, toUInt64(in.from_seq) AS from_seq, toUInt64(in.to_seq) AS to_seq, toUInt64(in.readings) AS readings,
    reason, fromUnixTimestamp64Milli(in.at, 'UTC') AS at, seq
FROM millrace.in_outbox_gaps AS in;

CREATE TABLE IF NOT EXISTS millrace.in_dead_letters
(
    source_topic LowCardinality(String),
    source_partition Int32,
    source_offset Int64,
    source_timestamp Int64,
    consumer LowCardinality(String),
    code LowCardinality(String),
    reason String,
    at Int64,
    key Nullable(String),
    value Nullable(String),
    headers Map(String, String)
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS millrace.dead_letters_state
(
    source_topic LowCardinality(String),
    source_partition Int32,
    source_offset Int64,
    consumer LowCardinality(String),
    at DateTime64(3, 'UTC'),
    source_timestamp DateTime64(3, 'UTC'),
    code LowCardinality(String),
    reason String,
    key Nullable(String),
    value Nullable(String),
    headers Map(String, String)
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (source_topic, source_partition, source_offset, consumer)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, auto_statistics_types = ''
COMMENT 'Messages that could not be processed. Read them through the view dead_letters.';

CREATE MATERIALIZED VIEW IF NOT EXISTS millrace.in_dead_letters_states TO millrace.dead_letters_state AS
SELECT source_topic, source_partition, source_offset, consumer, fromUnixTimestamp64Milli(in.at, 'UTC') AS at,
    fromUnixTimestamp64Milli(in.source_timestamp, 'UTC') AS source_timestamp, code, reason, key, value, headers
FROM millrace.in_dead_letters AS in;

CREATE TABLE IF NOT EXISTS millrace.in_audit
(
    event_id String,
    tenant LowCardinality(String),
    at Int64,
    actor String,
    action LowCardinality(String),
    resource String,
    outcome LowCardinality(String),
    reason String,
    granted_by LowCardinality(String),
    route LowCardinality(String),
    request_id String,
    source String
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS millrace.audit_events
(
    tenant LowCardinality(String) COMMENT 'Tenant of who asked',
    at DateTime64(3, 'UTC') COMMENT 'When it was decided, UTC',
    event_id String COMMENT 'Unique to this entry',
    actor String COMMENT 'user:…, machine:… or service:…; unknown when the credential was not accepted',
    action LowCardinality(String) COMMENT 'What was wanted, such as device.commission',
    resource String COMMENT 'Path of the request without its query',
    outcome LowCardinality(String) COMMENT 'allowed or refused',
    reason String COMMENT 'Why it was refused',
    granted_by LowCardinality(String) COMMENT 'Role, or role@site, that allowed it',
    route LowCardinality(String) COMMENT 'Method and path as the API describes them',
    request_id String COMMENT 'x-request-id of the answer',
    source String COMMENT 'Address it came from'
)
ENGINE = MergeTree
ORDER BY (tenant, at, event_id)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, auto_statistics_types = ''
COMMENT 'Who wanted to do what. Read it through the view audit.';

CREATE MATERIALIZED VIEW IF NOT EXISTS millrace.in_audit_rows TO millrace.audit_events AS
SELECT tenant, fromUnixTimestamp64Milli(in.at, 'UTC') AS at, event_id, actor, action, resource, outcome, reason, granted_by, route, request_id, source
FROM millrace.in_audit AS in;

CREATE TABLE IF NOT EXISTS millrace.ingest_ledger
(
    topic LowCardinality(String) COMMENT 'Topic',
    partition Int32 COMMENT 'Partition',
    from Int64 COMMENT 'First offset of the batch',
    to Int64 COMMENT 'Offset after its last',
    hash String COMMENT 'Hash of the content, part of the deduplication token',
    messages UInt32 COMMENT 'Messages inserted',
    rows UInt64 COMMENT 'Rows the engine counted',
    poison UInt32 COMMENT 'Messages that went to the dead letters instead',
    bytes UInt64 COMMENT 'Bytes inserted',
    inserted_at DateTime64(3, 'UTC') COMMENT 'When the insert was acknowledged, UTC'
)
ENGINE = MergeTree
ORDER BY (topic, partition, to)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, auto_statistics_types = ''
COMMENT 'Which offsets of which topic are in these tables.';

CREATE TABLE IF NOT EXISTS millrace.retention
(
    tier LowCardinality(String) COMMENT 'readings, readings_1m or readings_1h (of which days are made)',
    tenant String COMMENT 'Tenant, or empty for every tenant without a line of its own',
    days UInt32 COMMENT 'Days kept; 0 for ever',
    set_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When this was decided, UTC'
)
ENGINE = ReplacingMergeTree(set_at)
ORDER BY (tier, tenant)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, auto_statistics_types = ''
COMMENT 'How long readings and windows are kept';

-- 008-views.sql
CREATE OR REPLACE VIEW millrace.readings
(
    tenant LowCardinality(String) COMMENT 'Owner of the device',
    device_id LowCardinality(String) COMMENT 'Device, unique within the tenant',
    metric LowCardinality(String) COMMENT 'Name of the measured quantity',
    ts DateTime64(3, 'UTC') COMMENT 'Time of the reading by the device clock, UTC',
    value Nullable(Float64) COMMENT 'Number in the unit; for an int64 the nearest double; NULL for text and when the device gave no number',
    value_int Nullable(Int64) COMMENT 'Exact integer, when kind is int64',
    value_text Nullable(String) COMMENT 'Text, when kind is text',
    kind LowCardinality(String) COMMENT 'number, int64 or text',
    unit String COMMENT 'UCUM unit of the value, empty when the point has none',
    quality LowCardinality(String) COMMENT 'good, uncertain or bad',
    quality_code UInt8 COMMENT '0 good, 1 to 63 uncertain, 64 and above bad',
    path String COMMENT 'enterprise/site/area/line/cell of the point',
    site String COMMENT 'enterprise/site of the device',
    agent_id LowCardinality(String) COMMENT 'Agent that accepted the reading',
    seq UInt64 COMMENT 'Sequence number of its frame, per agent and device',
    received_at DateTime64(3, 'UTC') COMMENT 'Agent clock when it was stored durably, UTC',
    clock_offset_ms Int32 COMMENT 'Device clock minus agent clock as last measured, ms'
)
AS SELECT tenant, device_id, metric, ts, if(r.kind = 'text' OR isNaN(r.value), NULL, r.value) AS value, if(r.kind = 'int64', r.value_int, NULL) AS value_int, if(r.kind = 'text', r.value_text, NULL) AS value_text,
    toLowCardinality(toString(r.kind)) AS kind, dictGet('millrace.points_by_metric', 'unit', (toString(tenant), toString(device_id), toString(metric))) AS unit,
    toLowCardinality(multiIf(r.quality = 0, 'good', r.quality < 64, 'uncertain', 'bad')) AS quality, r.quality AS quality_code,
    dictGet('millrace.points_by_metric', 'path', (toString(tenant), toString(device_id), toString(metric))) AS path,
    dictGet('millrace.sites_by_device', 'site', (toString(tenant), toString(device_id))) AS site, agent_id, seq, received_at, clock_offset_ms
FROM millrace.readings_raw AS r
COMMENT 'Every reading, one row each';

CREATE OR REPLACE VIEW millrace.readings_1m
(
    tenant LowCardinality(String) COMMENT 'Owner of the device',
    device_id LowCardinality(String) COMMENT 'Device, unique within the tenant',
    metric LowCardinality(String) COMMENT 'Name of the measured quantity',
    window_start DateTime('UTC') COMMENT 'Start of the minute, UTC',
    count UInt64 COMMENT 'Readings that take part in the values: numbers, not bad, finite',
    sum Nullable(Float64) COMMENT 'Sum of the values',
    mean Nullable(Float64) COMMENT 'Arithmetic mean of the values',
    min Nullable(Float64) COMMENT 'Least value',
    max Nullable(Float64) COMMENT 'Greatest value',
    median Nullable(Float64) COMMENT 'Exact median; the mean of the middle two when the count is even',
    first Nullable(Float64) COMMENT 'Value of the earliest reading',
    last Nullable(Float64) COMMENT 'Value of the latest reading',
    time_weighted_mean Nullable(Float64) COMMENT 'Mean of the values by the time they held: until the next reading or the end of the window. Time before the first reading, or after a bad one, does not count',
    bad_count UInt64 COMMENT 'Readings of bad quality, which take no part in the values',
    uncertain_count UInt64 COMMENT 'Readings of uncertain quality, which do take part',
    unit String COMMENT 'UCUM unit of the values',
    path String COMMENT 'enterprise/site/area/line/cell of the point',
    site String COMMENT 'enterprise/site of the device'
)
AS SELECT tenant, device_id, metric, window_start, count, if(count = 0, NULL, total) AS sum, if(count = 0, NULL, total / count) AS mean,
    if(count = 0, NULL, least_value) AS min, if(count = 0, NULL, greatest_value) AS max,
    if(count = 0, NULL, arrayReduce('quantileExactInclusive(0.5)', arrayFilter(v -> NOT isNaN(v), vals))) AS median,
    if(count = 0, NULL, known[1]) AS first, if(count = 0, NULL, known[-1]) AS last,
    if(arraySum(held_ms) = 0, NULL, arraySum(arrayMap((v, ms) -> if(ms = 0, 0, v * ms), in_order.2, held_ms)) / arraySum(held_ms)) AS time_weighted_mean,
    bad_count, uncertain_count,
    dictGet('millrace.points_by_metric', 'unit', (toString(tenant), toString(device_id), toString(metric))) AS unit,
    dictGet('millrace.points_by_metric', 'path', (toString(tenant), toString(device_id), toString(metric))) AS path,
    dictGet('millrace.sites_by_device', 'site', (toString(tenant), toString(device_id))) AS site
FROM
(
    SELECT *, arrayFilter(v -> NOT isNaN(v), in_order.2) AS known, arrayMap(p -> intDiv(p, 1048576), in_order.1) AS at_ms,
        arrayMap((v, from, to) -> if(isNaN(v), 0, to - from), in_order.2, at_ms, arrayPushBack(arrayPopFront(at_ms), 60000)) AS held_ms
    FROM
    (
        SELECT tenant, device_id, metric, s.window_start AS window_start, sum(s.count) AS count, sumKahanMerge(s.sum) AS total,
            min(s.min) AS least_value, max(s.max) AS greatest_value, sum(s.bad_count) AS bad_count, sum(s.uncertain_count) AS uncertain_count,
            groupArrayArray(s.vals) AS vals, arraySort(arrayZip(groupArrayArray(s.places), vals)) AS in_order
        FROM millrace.readings_1m_state AS s
        GROUP BY tenant, device_id, metric, window_start
    )
)
COMMENT 'Readings by the minute, exact whatever the order of arrival';

CREATE OR REPLACE VIEW millrace.readings_1h
(
    tenant LowCardinality(String) COMMENT 'Owner of the device',
    device_id LowCardinality(String) COMMENT 'Device, unique within the tenant',
    metric LowCardinality(String) COMMENT 'Name of the measured quantity',
    window_start DateTime('UTC') COMMENT 'Start of the hour, UTC',
    count UInt64 COMMENT 'Readings that take part in the values: numbers, not bad, finite',
    sum Nullable(Float64) COMMENT 'Sum of the values',
    mean Nullable(Float64) COMMENT 'Arithmetic mean of the values',
    min Nullable(Float64) COMMENT 'Least value',
    max Nullable(Float64) COMMENT 'Greatest value',
    median Nullable(Float64) COMMENT 'Exact median; the mean of the middle two when the count is even',
    first Nullable(Float64) COMMENT 'Value of the earliest reading',
    last Nullable(Float64) COMMENT 'Value of the latest reading',
    time_weighted_mean Nullable(Float64) COMMENT 'Mean of the values by the time they held: until the next reading or the end of the window. Time before the first reading, or after a bad one, does not count',
    bad_count UInt64 COMMENT 'Readings of bad quality, which take no part in the values',
    uncertain_count UInt64 COMMENT 'Readings of uncertain quality, which do take part',
    unit String COMMENT 'UCUM unit of the values',
    path String COMMENT 'enterprise/site/area/line/cell of the point',
    site String COMMENT 'enterprise/site of the device'
)
AS SELECT tenant, device_id, metric, window_start, count, if(count = 0, NULL, total) AS sum, if(count = 0, NULL, total / count) AS mean,
    if(count = 0, NULL, least_value) AS min, if(count = 0, NULL, greatest_value) AS max,
    if(count = 0, NULL, arrayReduce('quantileExactInclusive(0.5)', arrayFilter(v -> NOT isNaN(v), vals))) AS median,
    if(count = 0, NULL, known[1]) AS first, if(count = 0, NULL, known[-1]) AS last,
    if(arraySum(held_ms) = 0, NULL, arraySum(arrayMap((v, ms) -> if(ms = 0, 0, v * ms), in_order.2, held_ms)) / arraySum(held_ms)) AS time_weighted_mean,
    bad_count, uncertain_count,
    dictGet('millrace.points_by_metric', 'unit', (toString(tenant), toString(device_id), toString(metric))) AS unit,
    dictGet('millrace.points_by_metric', 'path', (toString(tenant), toString(device_id), toString(metric))) AS path,
    dictGet('millrace.sites_by_device', 'site', (toString(tenant), toString(device_id))) AS site
FROM
(
    SELECT *, arrayFilter(v -> NOT isNaN(v), in_order.2) AS known, arrayMap(p -> intDiv(p, 1048576), in_order.1) AS at_ms,
        arrayMap((v, from, to) -> if(isNaN(v), 0, to - from), in_order.2, at_ms, arrayPushBack(arrayPopFront(at_ms), 3600000)) AS held_ms
    FROM
    (
        SELECT tenant, device_id, metric, s.window_start AS window_start, sum(s.count) AS count, sumKahanMerge(s.sum) AS total,
            min(s.min) AS least_value, max(s.max) AS greatest_value, sum(s.bad_count) AS bad_count, sum(s.uncertain_count) AS uncertain_count,
            groupArrayArray(s.vals) AS vals, arraySort(arrayZip(groupArrayArray(s.places), vals)) AS in_order
        FROM millrace.readings_1h_state AS s
        GROUP BY tenant, device_id, metric, window_start
    )
)
COMMENT 'Readings by the hour, exact whatever the order of arrival';

CREATE OR REPLACE VIEW millrace.readings_1d
(
    tenant LowCardinality(String) COMMENT 'Owner of the device',
    device_id LowCardinality(String) COMMENT 'Device, unique within the tenant',
    metric LowCardinality(String) COMMENT 'Name of the measured quantity',
    window_start DateTime('UTC') COMMENT 'Start of the day, UTC',
    count UInt64 COMMENT 'Readings that take part in the values: numbers, not bad, finite',
    sum Nullable(Float64) COMMENT 'Sum of the values',
    mean Nullable(Float64) COMMENT 'Arithmetic mean of the values',
    min Nullable(Float64) COMMENT 'Least value',
    max Nullable(Float64) COMMENT 'Greatest value',
    median Nullable(Float64) COMMENT 'Exact median; the mean of the middle two when the count is even',
    first Nullable(Float64) COMMENT 'Value of the earliest reading',
    last Nullable(Float64) COMMENT 'Value of the latest reading',
    time_weighted_mean Nullable(Float64) COMMENT 'Mean of the values by the time they held: until the next reading or the end of the window. Time before the first reading, or after a bad one, does not count',
    bad_count UInt64 COMMENT 'Readings of bad quality, which take no part in the values',
    uncertain_count UInt64 COMMENT 'Readings of uncertain quality, which do take part',
    unit String COMMENT 'UCUM unit of the values',
    path String COMMENT 'enterprise/site/area/line/cell of the point',
    site String COMMENT 'enterprise/site of the device'
)
AS SELECT tenant, device_id, metric, window_start, count, if(count = 0, NULL, total) AS sum, if(count = 0, NULL, total / count) AS mean,
    if(count = 0, NULL, least_value) AS min, if(count = 0, NULL, greatest_value) AS max,
    if(count = 0, NULL, arrayReduce('quantileExactInclusive(0.5)', arrayFilter(v -> NOT isNaN(v), vals))) AS median,
    if(count = 0, NULL, known[1]) AS first, if(count = 0, NULL, known[-1]) AS last,
    if(arraySum(held_ms) = 0, NULL, arraySum(arrayMap((v, ms) -> if(ms = 0, 0, v * ms), in_order.2, held_ms)) / arraySum(held_ms)) AS time_weighted_mean,
    bad_count, uncertain_count,
    dictGet('millrace.points_by_metric', 'unit', (toString(tenant), toString(device_id), toString(metric))) AS unit,
    dictGet('millrace.points_by_metric', 'path', (toString(tenant), toString(device_id), toString(metric))) AS path,
    dictGet('millrace.sites_by_device', 'site', (toString(tenant), toString(device_id))) AS site
FROM
(
    SELECT *, arrayFilter(v -> NOT isNaN(v), in_order.2) AS known, arrayMap(p -> intDiv(p, 1048576), in_order.1) AS at_ms,
        arrayMap((v, from, to) -> if(isNaN(v), 0, to - from), in_order.2, at_ms, arrayPushBack(arrayPopFront(at_ms), 86400000)) AS held_ms
    FROM
    (
        SELECT tenant, device_id, metric, toStartOfDay(s.window_start) AS window_start, sum(s.count) AS count, sumKahanMerge(s.sum) AS total,
            min(s.min) AS least_value, max(s.max) AS greatest_value, sum(s.bad_count) AS bad_count, sum(s.uncertain_count) AS uncertain_count,
            groupArrayArray(s.vals) AS vals, arraySort(arrayZip(groupArrayArray(arrayMap(p -> p + toHour(s.window_start) * toUInt64(3600000 * 1048576), s.places)), vals)) AS in_order
        FROM millrace.readings_1h_state AS s
        GROUP BY tenant, device_id, metric, window_start
    )
)
COMMENT 'Readings by the day, exact whatever the order of arrival';

CREATE OR REPLACE VIEW millrace.latest_values
(
    tenant LowCardinality(String) COMMENT 'Owner of the device',
    device_id LowCardinality(String) COMMENT 'Device, unique within the tenant',
    metric LowCardinality(String) COMMENT 'Name of the measured quantity',
    ts DateTime64(3, 'UTC') COMMENT 'Time of the reading by the device clock, UTC',
    value Nullable(Float64) COMMENT 'Number in the unit; for an int64 the nearest double; NULL for text and when the device gave no number',
    value_int Nullable(Int64) COMMENT 'Exact integer, when kind is int64',
    value_text Nullable(String) COMMENT 'Text, when kind is text',
    kind LowCardinality(String) COMMENT 'number, int64 or text',
    unit String COMMENT 'UCUM unit of the value, empty when the point has none',
    quality LowCardinality(String) COMMENT 'good, uncertain or bad',
    quality_code UInt8 COMMENT '0 good, 1 to 63 uncertain, 64 and above bad',
    path String COMMENT 'enterprise/site/area/line/cell of the point',
    site String COMMENT 'enterprise/site of the device',
    agent_id LowCardinality(String) COMMENT 'Agent that accepted the reading',
    seq UInt64 COMMENT 'Sequence number of its frame, per agent and device',
    received_at DateTime64(3, 'UTC') COMMENT 'Agent clock when it was stored durably, UTC'
)
AS SELECT tenant, device_id, metric, ts, if(r.kind = 'text' OR isNaN(r.value), NULL, r.value) AS value, if(r.kind = 'int64', r.value_int, NULL) AS value_int, if(r.kind = 'text', r.value_text, NULL) AS value_text,
    toLowCardinality(toString(r.kind)) AS kind, dictGet('millrace.points_by_metric', 'unit', (toString(tenant), toString(device_id), toString(metric))) AS unit,
    toLowCardinality(multiIf(r.quality = 0, 'good', r.quality < 64, 'uncertain', 'bad')) AS quality, r.quality AS quality_code,
    dictGet('millrace.points_by_metric', 'path', (toString(tenant), toString(device_id), toString(metric))) AS path,
    dictGet('millrace.sites_by_device', 'site', (toString(tenant), toString(device_id))) AS site, agent_id, seq, received_at
FROM millrace.latest_state AS r FINAL
COMMENT 'The latest reading of every metric of every device';

CREATE OR REPLACE VIEW millrace.devices
(
    tenant LowCardinality(String) COMMENT 'Owner',
    device_id String COMMENT 'Device, unique within the tenant',
    state LowCardinality(String) COMMENT 'registered, provisioned, active, suspended, quarantined, decommissioning or decommissioned',
    name String COMMENT 'Name for people',
    model LowCardinality(String) COMMENT 'Model',
    agent_id Nullable(String) COMMENT 'Agent through which it is reached',
    path String COMMENT 'enterprise/site/area/line/cell',
    site String COMMENT 'enterprise/site',
    labels Map(String, String) COMMENT 'Labels by name',
    credential Nullable(String) COMMENT 'Reference to its credential, never the secret',
    reason Nullable(String) COMMENT 'Reason given with the last move',
    version UInt64 COMMENT 'Version of the last event folded in',
    registered_at DateTime64(3, 'UTC') COMMENT 'When it was registered, UTC',
    changed_at DateTime64(3, 'UTC') COMMENT 'When it last changed, UTC'
)
AS SELECT tenant, device_id, state, name, model, agent_id, path,
    arrayStringConcat(arraySlice(splitByChar('/', path), 1, 2), '/') AS site, labels, credential, reason, version, registered_at, changed_at
FROM millrace.devices_state FINAL
COMMENT 'Devices as they are now';

CREATE OR REPLACE VIEW millrace.device_lifecycle
(
    tenant LowCardinality(String) COMMENT 'Owner',
    device_id String COMMENT 'Device',
    version UInt64 COMMENT '1 and up per device, gap-free',
    type LowCardinality(String) COMMENT 'registered, provisioned, activated, suspended, resumed, decommission-begun, decommission-abandoned, decommissioned, updated, quarantined, released, replaced, configured or config-reported',
    state_from LowCardinality(Nullable(String)) COMMENT 'State before; NULL for registered',
    state_to LowCardinality(String) COMMENT 'State after',
    at DateTime64(3, 'UTC') COMMENT 'When, by the clock of the registry, UTC',
    actor String COMMENT 'Who asked for it',
    reason Nullable(String) COMMENT 'Why',
    request_id String COMMENT 'Request that caused it',
    data String COMMENT 'JSON with what this type of event adds',
    event_id String COMMENT 'Event'
)
AS SELECT tenant, device_id, version, type, state_from, state_to, at, actor, reason, request_id, data, event_id
FROM millrace.device_events
COMMENT 'Every fact in the life of every device';

CREATE OR REPLACE VIEW millrace.points
(
    tenant LowCardinality(String) COMMENT 'Owner',
    device_id String COMMENT 'Device',
    metric LowCardinality(String) COMMENT 'Metric',
    kind LowCardinality(String) COMMENT 'number, int64, text or boolean',
    unit LowCardinality(String) COMMENT 'UCUM code',
    source_unit LowCardinality(String) COMMENT 'Unit as the documentation of the device writes it',
    description String COMMENT 'In words',
    path String COMMENT 'enterprise/site/area/line/cell',
    writable Bool COMMENT 'Commands may write it',
    low Nullable(Float64) COMMENT 'Lowest engineering value',
    high Nullable(Float64) COMMENT 'Highest engineering value',
    at DateTime64(3, 'UTC') COMMENT 'When it was declared, UTC'
)
AS SELECT tenant, device_id, metric, kind, unit, source_unit, description, path, writable, low, high, at
FROM millrace.points_state FINAL
COMMENT 'What the metrics of devices mean';

CREATE OR REPLACE VIEW millrace.commands
(
    tenant LowCardinality(String) COMMENT 'Owner',
    command_id String COMMENT 'Command',
    device_id String COMMENT 'Device it is for',
    agent_id LowCardinality(String) COMMENT 'Agent of the device',
    name LowCardinality(String) COMMENT 'Name of the command',
    args String COMMENT 'JSON of the arguments',
    qos UInt8 COMMENT '0 at most once, 1 re-sent until acknowledged, 2 executed once',
    state LowCardinality(String) COMMENT 'Strongest state reported: issued, approved, delivered, outcome-unknown, expired, cancelled, executed, failed, verified',
    attempts UInt32 COMMENT 'Highest attempt',
    issued_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was first reported issued, UTC',
    approved_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was first reported approved, UTC',
    delivered_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was first reported delivered, UTC',
    outcome_unknown_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was first reported outcome-unknown, UTC',
    expired_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was first reported expired, UTC',
    cancelled_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was first reported cancelled, UTC',
    executed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was first reported executed, UTC',
    failed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was first reported failed, UTC',
    verified_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was first reported verified, UTC',
    changed_at DateTime64(3, 'UTC') COMMENT 'Time of the last report, UTC',
    actor String COMMENT 'Who issued it',
    detail String COMMENT 'Remark of the strongest report',
    result String COMMENT 'JSON result of the strongest report'
)
AS SELECT tenant, command_id, e.device_id AS device_id, argMaxIf(e.agent_id, e.at, e.agent_id != '') AS agent_id,
    argMinIf(e.name, e.at, e.name != '') AS name, argMin(e.args, (e.name = '', e.at)) AS args, argMin(e.qos, (e.name = '', e.at)) AS qos,
    argMax(e.state, (indexOf(['issued', 'approved', 'delivered', 'outcome-unknown', 'expired', 'cancelled', 'executed', 'failed', 'verified'], e.state), e.at)) AS state, max(e.attempt) AS attempts,
    minOrNullIf(e.at, e.state = 'issued') AS issued_at,
    minOrNullIf(e.at, e.state = 'approved') AS approved_at,
    minOrNullIf(e.at, e.state = 'delivered') AS delivered_at,
    minOrNullIf(e.at, e.state = 'outcome-unknown') AS outcome_unknown_at,
    minOrNullIf(e.at, e.state = 'expired') AS expired_at,
    minOrNullIf(e.at, e.state = 'cancelled') AS cancelled_at,
    minOrNullIf(e.at, e.state = 'executed') AS executed_at,
    minOrNullIf(e.at, e.state = 'failed') AS failed_at,
    minOrNullIf(e.at, e.state = 'verified') AS verified_at,
    max(e.at) AS changed_at, argMinIf(e.actor, e.at, e.state = 'issued') AS actor,
    argMax(e.detail, (indexOf(['issued', 'approved', 'delivered', 'outcome-unknown', 'expired', 'cancelled', 'executed', 'failed', 'verified'], e.state), e.at)) AS detail, argMax(e.result, (indexOf(['issued', 'approved', 'delivered', 'outcome-unknown', 'expired', 'cancelled', 'executed', 'failed', 'verified'], e.state), e.at)) AS result
FROM millrace.command_events AS e
GROUP BY tenant, command_id, device_id
COMMENT 'Every command with the strongest state anybody reported';

CREATE OR REPLACE VIEW millrace.sessions
(
    tenant LowCardinality(String) COMMENT 'Owner',
    device_id String COMMENT 'Device, or the agent itself',
    session_id String COMMENT 'One connection',
    agent_id LowCardinality(String) COMMENT 'Agent that saw it',
    protocol LowCardinality(String) COMMENT 'Protocol',
    connected_at Nullable(DateTime64(3, 'UTC')) COMMENT 'First connect, UTC',
    last_seen_at DateTime64(3, 'UTC') COMMENT 'Last sign of life, UTC',
    disconnected_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Disconnect, UTC; NULL while it lasts',
    interval_ms Nullable(Int32) COMMENT 'Expected interval between signs of life, ms',
    reason String COMMENT 'Why it ended'
)
AS SELECT tenant, device_id, session_id, any(e.agent_id) AS agent_id, argMax(e.protocol, (e.protocol != '', e.at)) AS protocol,
    minOrNullIf(e.at, e.type = 'connect') AS connected_at, max(e.at) AS last_seen_at, maxOrNullIf(e.at, e.type = 'disconnect') AS disconnected_at,
    argMaxIf(e.interval_ms, e.at, e.interval_ms IS NOT NULL) AS interval_ms, argMaxIf(e.reason, e.at, e.type = 'disconnect') AS reason
FROM millrace.session_events AS e
GROUP BY tenant, device_id, session_id
COMMENT 'Connections of devices from connect to disconnect';

CREATE OR REPLACE VIEW millrace.presence
(
    tenant LowCardinality(String) COMMENT 'Owner',
    device_id String COMMENT 'Device',
    agent_id LowCardinality(String) COMMENT 'Agent',
    status LowCardinality(String) COMMENT 'online, stale, offline or unknown',
    since DateTime64(3, 'UTC') COMMENT 'In this status since, UTC',
    last_seen DateTime64(3, 'UTC') COMMENT 'Last sign of life, UTC',
    interval_ms Int32 COMMENT 'Expected interval between signs of life, ms',
    reason String COMMENT 'Why'
)
AS SELECT tenant, device_id, agent_id, status, since, last_seen, interval_ms, reason
FROM millrace.presence_state FINAL
COMMENT 'Devices online, stale or offline';

CREATE OR REPLACE VIEW millrace.dead_letters
(
    source_topic LowCardinality(String) COMMENT 'Topic it came from',
    source_partition Int32 COMMENT 'Partition',
    source_offset Int64 COMMENT 'Offset',
    source_timestamp DateTime64(3, 'UTC') COMMENT 'Timestamp of the message, UTC',
    consumer LowCardinality(String) COMMENT 'Consumer group that refused it',
    code LowCardinality(String) COMMENT 'unknown-schema, truncated, undecodable, wrong-schema, out-of-range or refused',
    reason String COMMENT 'In words',
    at DateTime64(3, 'UTC') COMMENT 'When it was refused, UTC',
    key Nullable(String) COMMENT 'Key of the message',
    value Nullable(String) COMMENT 'Message',
    headers Map(String, String) COMMENT 'Headers by name'
)
AS SELECT source_topic, source_partition, source_offset, source_timestamp, consumer, code, reason, at, key, value, headers
FROM millrace.dead_letters_state FINAL
COMMENT 'Messages that could not be processed';

CREATE OR REPLACE VIEW millrace.audit
(
    tenant LowCardinality(String) COMMENT 'Tenant of who asked',
    event_id String COMMENT 'Unique to this entry',
    at DateTime64(3, 'UTC') COMMENT 'When it was decided, UTC',
    actor String COMMENT 'user:…, machine:… or service:…; unknown when the credential was not accepted',
    action LowCardinality(String) COMMENT 'What was wanted, such as device.commission; authenticate when the credential was not accepted',
    resource String COMMENT 'Path of the request without its query',
    outcome LowCardinality(String) COMMENT 'allowed or refused',
    reason String COMMENT 'Why it was refused, in words',
    granted_by LowCardinality(String) COMMENT 'Role, or role@site, that allowed it',
    route LowCardinality(String) COMMENT 'Method and path as the API describes them',
    request_id String COMMENT 'x-request-id of the answer',
    source String COMMENT 'Address it came from'
)
AS SELECT tenant, event_id, at, actor, action, resource, outcome, reason, granted_by, route, request_id, source
FROM millrace.audit_events
COMMENT 'Who wanted to do what, allowed or refused; readings that were allowed are left out';

CREATE OR REPLACE VIEW millrace.sites
(
    tenant LowCardinality(String) COMMENT 'Owner',
    site String COMMENT 'enterprise/site, as paths begin; empty for devices without one',
    devices UInt64 COMMENT 'Devices there that are not decommissioned',
    active UInt64 COMMENT 'Of these, active ones',
    areas Array(String) COMMENT 'Areas of the site that have devices',
    agents Array(String) COMMENT 'Agents through which they are reached'
)
AS SELECT tenant, site, countIf(d.state != 'decommissioned') AS devices, countIf(d.state = 'active') AS active,
    arraySort(groupUniqArrayIf(splitByChar('/', d.path)[3], splitByChar('/', d.path)[3] != '')) AS areas,
    arraySort(groupUniqArrayIf(ifNull(d.agent_id, ''), ifNull(d.agent_id, '') != '')) AS agents
FROM millrace.devices AS d
GROUP BY tenant, site
COMMENT 'Where the devices are';

CREATE OR REPLACE VIEW millrace.metrics
(
    tenant LowCardinality(String) COMMENT 'Owner',
    metric LowCardinality(String) COMMENT 'Name of the measured quantity',
    kinds Array(String) COMMENT 'number, int64, text or boolean; more than one when devices differ',
    units Array(String) COMMENT 'UCUM codes; more than one when devices differ',
    devices UInt64 COMMENT 'Devices that declare it',
    writable_on UInt64 COMMENT 'Devices on which commands may write it',
    description String COMMENT 'In words, as declared last'
)
AS SELECT tenant, metric, arraySort(groupUniqArray(toString(p.kind))) AS kinds, arraySort(groupUniqArray(toString(p.unit))) AS units,
    uniqExact(p.device_id) AS devices, countIf(p.writable) AS writable_on, argMaxIf(p.description, p.at, p.description != '') AS description
FROM millrace.points AS p
GROUP BY tenant, metric
COMMENT 'What is measured';

-- 009-campaigns.sql
CREATE TABLE IF NOT EXISTS millrace.in_campaigns
(
    tenant LowCardinality(String),
    campaign_id String,
    type LowCardinality(String),
    stage Int32,
    at Int64,
    actor String,
    version String,
    detail String,
    devices Int32,
    succeeded Int32,
    failed Int32
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS millrace.campaign_events
(
    tenant LowCardinality(String) COMMENT 'Owner of the devices',
    campaign_id String COMMENT 'Campaign',
    at DateTime64(3, 'UTC') COMMENT 'Time of the step, UTC',
    type LowCardinality(String) COMMENT 'begun, stage-begun, stage-ended, paused, resumed, halted, retried, aborted, rollback-begun, rolled-back, done',
    stage UInt16 COMMENT '1 and up; 0 for what concerns the whole campaign',
    actor String COMMENT 'workflow or the user',
    version String COMMENT 'Of the image',
    detail String COMMENT 'Reason or remark in words',
    devices UInt32 COMMENT 'Devices concerned',
    succeeded UInt32 COMMENT 'Devices that have the image, or went back',
    failed UInt32 COMMENT 'Devices that failed, or of which nobody knows'
)
ENGINE = MergeTree
ORDER BY (tenant, campaign_id, at, type)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, auto_statistics_types = ''
COMMENT 'Steps of campaigns, one row each; after a crash one may be there twice. The view campaigns folds them.';

CREATE MATERIALIZED VIEW IF NOT EXISTS millrace.in_campaigns_rows TO millrace.campaign_events AS
SELECT tenant, campaign_id, fromUnixTimestamp64Milli(in.at, 'UTC') AS at, type, toUInt16(in.stage) AS stage, actor, version, detail,
    toUInt32(in.devices) AS devices, toUInt32(in.succeeded) AS succeeded, toUInt32(in.failed) AS failed
FROM millrace.in_campaigns AS in;

CREATE OR REPLACE VIEW millrace.campaigns
(
    tenant LowCardinality(String) COMMENT 'Owner of the devices',
    campaign_id String COMMENT 'Campaign',
    version String COMMENT 'Of the image',
    phase LowCardinality(String) COMMENT 'Last step: begun, stage-begun, stage-ended, paused, resumed, halted, retried, aborted, rollback-begun, rolled-back, done',
    stage UInt16 COMMENT 'Highest stage begun',
    devices UInt32 COMMENT 'Devices it is for',
    begun_at DateTime64(3, 'UTC') COMMENT 'When it began, UTC',
    changed_at DateTime64(3, 'UTC') COMMENT 'Time of the last step, UTC',
    actor String COMMENT 'Who began it',
    detail String COMMENT 'Of the last step, in words'
)
AS SELECT tenant, campaign_id, any(e.version) AS version, argMax(e.type, e.at) AS phase, max(e.stage) AS stage,
    maxIf(e.devices, e.type = 'begun') AS devices, min(e.at) AS begun_at, max(e.at) AS changed_at,
    argMin(e.actor, e.at) AS actor, argMax(e.detail, e.at) AS detail
FROM millrace.campaign_events AS e
GROUP BY tenant, campaign_id
COMMENT 'Every campaign as it stands';

-- 010-series.sql
CREATE TABLE IF NOT EXISTS millrace.in_series
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

CREATE MATERIALIZED VIEW IF NOT EXISTS millrace.in_series_readings TO millrace.readings_raw AS
SELECT tenant, device_id, metric, fromUnixTimestamp64Milli(toInt64(minute) * 60000 + d, 'UTC') AS ts, kind, v AS value,
    vi AS value_int, vt AS value_text, q AS quality, agent_id, toUInt64(first_seq + s) AS seq,
    fromUnixTimestamp64Milli(first_received + r, 'UTC') AS received_at, o AS clock_offset_ms
FROM
(
    SELECT tenant, device_id, metric, agent_id, kind, minute, seq AS first_seq, received_at AS first_received,
        dt, quality, seqs, received, offsets, length(dt) AS n,
        arrayResize(arrayConcat(value, arrayMap(x -> toFloat64(x), value_int)), n) AS vs,
        arrayResize(value_int, n) AS vis, arrayResize(value_text, n) AS vts
    FROM millrace.in_series
)
ARRAY JOIN dt AS d, vs AS v, vis AS vi, vts AS vt, quality AS q, seqs AS s, received AS r, offsets AS o;

CREATE MATERIALIZED VIEW IF NOT EXISTS millrace.in_series_1m TO millrace.readings_1m_state AS
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
    FROM millrace.in_series
    WHERE kind != 'text'
);

CREATE MATERIALIZED VIEW IF NOT EXISTS millrace.in_series_latest TO millrace.latest_state AS
SELECT tenant, device_id, metric, toUInt64(t) * 1048576 + toUInt64(last_seq) % 1048576 AS place,
    fromUnixTimestamp64Milli(t, 'UTC') AS ts, kind, if(kind = 'int64', toFloat64(vis[-1]), vs[-1]) AS value,
    vis[-1] AS value_int, vts[-1] AS value_text, qs[-1] AS quality, agent_id, toUInt64(last_seq) AS seq,
    fromUnixTimestamp64Milli(last_received, 'UTC') AS received_at
FROM
(
    SELECT tenant, device_id, metric, agent_id, kind, value AS vs, value_int AS vis, value_text AS vts, quality AS qs,
        toInt64(minute) * 60000 + dt[-1] AS t, seq + seqs[-1] AS last_seq, received_at + received[-1] AS last_received
    FROM millrace.in_series
    WHERE newest
);

-- 011-shelf-comment.sql
ALTER TABLE millrace.alarm_events
    ADD COLUMN IF NOT EXISTS shelf_comment String COMMENT 'Why it is shelved, as whoever shelved it said';

ALTER TABLE millrace.alarm_events
    ADD COLUMN IF NOT EXISTS shelf_comment String COMMENT 'Why it is shelved, as whoever shelved it said';

ALTER TABLE millrace.in_alarms
    ADD COLUMN IF NOT EXISTS shelf_comment String;

ALTER TABLE millrace.in_alarms_rows MODIFY QUERY
SELECT tenant, device_id, alarm, occurrence, fromUnixTimestamp64Milli(in.at, 'UTC') AS at, agent_id, toUInt8(in.priority) AS priority,
    active, acknowledged, fromUnixTimestamp64Milli(in.shelved_until, 'UTC') AS shelved_until, suppressed, out_of_service,
    value, message, actor, seq, shelf_comment
FROM millrace.in_alarms AS in;

-- 012-alarm-views.sql
CREATE OR REPLACE VIEW millrace.alarms
(
    tenant LowCardinality(String) COMMENT 'Owner',
    device_id String COMMENT 'Device',
    alarm LowCardinality(String) COMMENT 'Name of the alarm',
    occurrence String COMMENT 'One raising of the alarm',
    priority UInt8 COMMENT '1 critical to 4 low',
    active Bool COMMENT 'The condition holds',
    acknowledged Bool COMMENT 'Somebody has taken note',
    shelved_until Nullable(DateTime64(3, 'UTC')) COMMENT 'Shelved until then, UTC',
    shelf_comment String COMMENT 'Why it is shelved, as whoever shelved it said; empty when it is not, or nothing was said',
    suppressed Bool COMMENT 'Suppressed by design',
    out_of_service Bool COMMENT 'Taken out of service',
    raised_at DateTime64(3, 'UTC') COMMENT 'First report of this occurrence, UTC',
    changed_at DateTime64(3, 'UTC') COMMENT 'Last transition, UTC',
    value Nullable(Float64) COMMENT 'Value at the last transition',
    message String COMMENT 'In words',
    actor String COMMENT 'Who caused the last transition',
    agent_id LowCardinality(String) COMMENT 'Agent'
)
AS SELECT tenant, device_id, alarm, occurrence, l.1 AS priority, l.2 AS active, l.3 AS acknowledged, l.4 AS shelved_until, l.11 AS shelf_comment, l.5 AS suppressed, l.6 AS out_of_service,
    raised_at, changed_at, l.7 AS value, l.8 AS message, l.9 AS actor, l.10 AS agent_id
FROM
(
    SELECT tenant, device_id, alarm, occurrence, min(at) AS raised_at, max(at) AS changed_at,
        argMax((priority, active, acknowledged, shelved_until, suppressed, out_of_service, value, message, actor, agent_id, shelf_comment), (at, ifNull(seq, 0))) AS l
    FROM millrace.alarm_events
    GROUP BY tenant, device_id, alarm, occurrence
)
COMMENT 'Every occurrence of every alarm as it stands';
