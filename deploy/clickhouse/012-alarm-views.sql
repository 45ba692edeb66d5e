-- Alarms for people and dashboards, as stable as the views of 008: made after the column it shows.

CREATE OR REPLACE VIEW {{database}}.alarms {{on_cluster}}
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
    FROM {{database}}.alarm_events
    GROUP BY tenant, device_id, alarm, occurrence
)
COMMENT 'Every occurrence of every alarm as it stands';
