-- Alarms: the journal of transitions; the view alarms shows each occurrence as it stands.

CREATE TABLE IF NOT EXISTS {{database}}.in_alarms {{on_cluster}}
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

CREATE TABLE IF NOT EXISTS {{local alarm_events}} {{on_cluster}}
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
ENGINE = {{engine MergeTree}}
ORDER BY (tenant, device_id, alarm, occurrence, at)
SETTINGS {{durable}}
COMMENT 'Journal of alarms, one row per transition.';

{{distributed alarm_events}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.in_alarms_rows {{on_cluster}} TO {{local alarm_events}} AS
SELECT tenant, device_id, alarm, occurrence, fromUnixTimestamp64Milli(in.at, 'UTC') AS at, agent_id, toUInt8(in.priority) AS priority,
    active, acknowledged, fromUnixTimestamp64Milli(in.shelved_until, 'UTC') AS shelved_until, suppressed, out_of_service,
    value, message, actor, seq
FROM {{database}}.in_alarms AS in;
