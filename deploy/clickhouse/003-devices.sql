-- Devices, their lives, and what their metrics mean. Topics that are compacted are states: the greatest version wins,
-- so that a replay after compaction, which no token can bind, changes nothing.

CREATE TABLE IF NOT EXISTS {{database}}.in_lifecycle {{on_cluster}}
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

CREATE TABLE IF NOT EXISTS {{local device_events}} {{on_cluster}}
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
ENGINE = {{engine MergeTree}}
ORDER BY (tenant, device_id, version)
SETTINGS {{durable}}
COMMENT 'Facts of devices lives. Read them through the view device_lifecycle.';

{{distributed device_events}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.in_lifecycle_events {{on_cluster}} TO {{local device_events}} AS
SELECT tenant, device_id, toUInt64(version) AS version, type, state_from, state_to,
    fromUnixTimestamp64Milli(in.at, 'UTC') AS at, actor, reason, request_id, data, event_id
FROM {{database}}.in_lifecycle AS in;

CREATE TABLE IF NOT EXISTS {{database}}.in_devices {{on_cluster}}
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

CREATE TABLE IF NOT EXISTS {{local devices_state}} {{on_cluster}}
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
ENGINE = {{engine ReplacingMergeTree(version)}}
ORDER BY (tenant, device_id)
SETTINGS {{durable}}
COMMENT 'Devices as their events made them. Read them through the view devices.';

{{distributed devices_state}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.in_devices_states {{on_cluster}} TO {{local devices_state}} AS
SELECT tenant, device_id, toUInt64(version) AS version, state, name, model, agent_id, path, labels, credential, reason,
    fromUnixTimestamp64Milli(in.registered_at, 'UTC') AS registered_at, fromUnixTimestamp64Milli(in.changed_at, 'UTC') AS changed_at
FROM {{database}}.in_devices AS in;

CREATE TABLE IF NOT EXISTS {{database}}.in_points {{on_cluster}}
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

CREATE TABLE IF NOT EXISTS {{local points_state}} {{on_cluster}}
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
ENGINE = {{engine ReplacingMergeTree(at)}}
ORDER BY (tenant, device_id, metric)
SETTINGS {{durable}}
COMMENT 'What metrics mean. Read them through the view points.';

{{distributed points_state}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.in_points_states {{on_cluster}} TO {{local points_state}} AS
SELECT tenant, device_id, metric, kind, unit, source_unit, description, path, writable, low, high,
    fromUnixTimestamp64Milli(in.at, 'UTC') AS at
FROM {{database}}.in_points AS in;

-- Looked up for every row shown, so it lives in memory; it follows the table within seconds.
CREATE DICTIONARY IF NOT EXISTS {{database}}.points_by_metric {{on_cluster}}
(
    tenant String,
    device_id String,
    metric String,
    unit String,
    path String
)
PRIMARY KEY tenant, device_id, metric
SOURCE(CLICKHOUSE({{credentials}}QUERY 'SELECT tenant, device_id, metric, unit, path FROM {{database}}.points_state FINAL' INVALIDATE_QUERY 'SELECT max(at), count() FROM {{database}}.points_state'))
LAYOUT(COMPLEX_KEY_HASHED())
LIFETIME(MIN 1 MAX 3);

-- Where devices are: a site is the first two steps of the path, enterprise/site.
CREATE DICTIONARY IF NOT EXISTS {{database}}.sites_by_device {{on_cluster}}
(
    tenant String,
    device_id String,
    site String
)
PRIMARY KEY tenant, device_id
SOURCE(CLICKHOUSE({{credentials}}QUERY 'SELECT tenant, device_id, arrayStringConcat(arraySlice(splitByChar(\'/\', path), 1, 2), \'/\') AS site FROM {{database}}.devices_state FINAL' INVALIDATE_QUERY 'SELECT max(changed_at), count() FROM {{database}}.devices_state'))
LAYOUT(COMPLEX_KEY_HASHED())
LIFETIME(MIN 1 MAX 3);
