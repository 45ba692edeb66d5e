-- Connections of devices as agents saw them, and presence as it folds them.

CREATE TABLE IF NOT EXISTS {{database}}.in_sessions {{on_cluster}}
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

CREATE TABLE IF NOT EXISTS {{local session_events}} {{on_cluster}}
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
ENGINE = {{engine MergeTree}}
ORDER BY (tenant, device_id, session_id, at)
SETTINGS {{durable}}
COMMENT 'Signs of life. Read them through the view sessions.';

{{distributed session_events}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.in_sessions_rows {{on_cluster}} TO {{local session_events}} AS
SELECT tenant, device_id, session_id, fromUnixTimestamp64Milli(in.at, 'UTC') AS at, type, agent_id, protocol, interval_ms, reason, seq
FROM {{database}}.in_sessions AS in;

CREATE TABLE IF NOT EXISTS {{database}}.in_presence {{on_cluster}}
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

-- A change of status moves `since` on; a sign of life moves `last_seen`.
CREATE TABLE IF NOT EXISTS {{local presence_state}} {{on_cluster}}
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
ENGINE = {{engine ReplacingMergeTree(place)}}
ORDER BY (tenant, device_id)
SETTINGS {{durable}}
COMMENT 'Devices online, stale or offline. Read it through the view presence.';

{{distributed presence_state}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.in_presence_states {{on_cluster}} TO {{local presence_state}} AS
SELECT tenant, device_id, toUInt64(greatest(in.since, in.last_seen)) AS place, agent_id, status,
    fromUnixTimestamp64Milli(in.since, 'UTC') AS since, fromUnixTimestamp64Milli(in.last_seen, 'UTC') AS last_seen, interval_ms, reason
FROM {{database}}.in_presence AS in;
