-- What an operator asks: what was lost and is on record, what could not be processed, how far the stream has been ingested.

CREATE TABLE IF NOT EXISTS {{database}}.in_outbox_gaps {{on_cluster}}
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

CREATE TABLE IF NOT EXISTS {{local outbox_gaps}} {{on_cluster}}
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
ENGINE = {{engine MergeTree}}
ORDER BY (tenant, device_id, agent_id, from_seq)
SETTINGS {{durable}}
COMMENT 'Readings an agent had to give up: what was lost is on record.';

{{distributed outbox_gaps}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.in_outbox_gaps_rows {{on_cluster}} TO {{local outbox_gaps}} AS
SELECT tenant, device_id, agent_id, toUInt64(in.from_seq) AS from_seq, toUInt64(in.to_seq) AS to_seq, toUInt64(in.readings) AS readings,
    reason, fromUnixTimestamp64Milli(in.at, 'UTC') AS at, seq
FROM {{database}}.in_outbox_gaps AS in;

CREATE TABLE IF NOT EXISTS {{database}}.in_dead_letters {{on_cluster}}
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

-- The same message may be refused twice around a crash: it is one dead letter.
CREATE TABLE IF NOT EXISTS {{local dead_letters_state}} {{on_cluster}}
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
ENGINE = {{engine ReplacingMergeTree(at)}}
ORDER BY (source_topic, source_partition, source_offset, consumer)
SETTINGS {{durable}}
COMMENT 'Messages that could not be processed. Read them through the view dead_letters.';

{{distributed dead_letters_state}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.in_dead_letters_states {{on_cluster}} TO {{local dead_letters_state}} AS
SELECT source_topic, source_partition, source_offset, consumer, fromUnixTimestamp64Milli(in.at, 'UTC') AS at,
    fromUnixTimestamp64Milli(in.source_timestamp, 'UTC') AS source_timestamp, code, reason, key, value, headers
FROM {{database}}.in_dead_letters AS in;

CREATE TABLE IF NOT EXISTS {{database}}.in_audit {{on_cluster}}
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

CREATE TABLE IF NOT EXISTS {{local audit_events}} {{on_cluster}}
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
ENGINE = {{engine MergeTree}}
ORDER BY (tenant, at, event_id)
SETTINGS {{durable}}
COMMENT 'Who wanted to do what. Read it through the view audit.';

{{distributed audit_events}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.in_audit_rows {{on_cluster}} TO {{local audit_events}} AS
SELECT tenant, fromUnixTimestamp64Milli(in.at, 'UTC') AS at, event_id, actor, action, resource, outcome, reason, granted_by, route, request_id, source
FROM {{database}}.in_audit AS in;

CREATE TABLE IF NOT EXISTS {{local ingest_ledger}} {{on_cluster}}
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
ENGINE = {{engine MergeTree}}
ORDER BY (topic, partition, to)
SETTINGS {{durable}}
COMMENT 'Which offsets of which topic are in these tables.';

{{distributed ingest_ledger cityHash64(topic, partition)}};

-- How long tiers are kept: millrace retention writes it and sets the tables' TTL accordingly.
CREATE TABLE IF NOT EXISTS {{local retention}} {{on_cluster}}
(
    tier LowCardinality(String) COMMENT 'readings, readings_1m or readings_1h (of which days are made)',
    tenant String COMMENT 'Tenant, or empty for every tenant without a line of its own',
    days UInt32 COMMENT 'Days kept; 0 for ever',
    set_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When this was decided, UTC'
)
ENGINE = {{engine ReplacingMergeTree(set_at)}}
ORDER BY (tier, tenant)
SETTINGS {{durable}}
COMMENT 'How long readings and windows are kept';

{{distributed retention cityHash64(tier, tenant)}};
