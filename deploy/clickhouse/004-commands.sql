-- Commands: every transition is kept; the view commands folds them.

CREATE TABLE IF NOT EXISTS {{database}}.in_command_events {{on_cluster}}
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

CREATE TABLE IF NOT EXISTS {{local command_events}} {{on_cluster}}
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
ENGINE = {{engine MergeTree}}
ORDER BY (tenant, command_id, at)
SETTINGS {{durable}}
COMMENT 'Transitions of commands, one row each. The view commands folds them.';

{{distributed command_events}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.in_command_events_rows {{on_cluster}} TO {{local command_events}} AS
SELECT tenant, command_id, fromUnixTimestamp64Milli(in.at, 'UTC') AS at, device_id, agent_id, state, actor, name, args,
    toUInt8(in.qos) AS qos, toUInt32(in.attempt) AS attempt, detail, result, seq
FROM {{database}}.in_command_events AS in;
