-- Why an alarm was put aside, as whoever did it said (decision 0627). The view follows the table while rows come: what is
-- inserted in between has no comment.

ALTER TABLE {{local alarm_events}} {{on_cluster}}
    ADD COLUMN IF NOT EXISTS shelf_comment String COMMENT 'Why it is shelved, as whoever shelved it said';

ALTER TABLE {{database}}.alarm_events {{on_cluster}}
    ADD COLUMN IF NOT EXISTS shelf_comment String COMMENT 'Why it is shelved, as whoever shelved it said';

ALTER TABLE {{database}}.in_alarms {{on_cluster}}
    ADD COLUMN IF NOT EXISTS shelf_comment String;

ALTER TABLE {{database}}.in_alarms_rows {{on_cluster}} MODIFY QUERY
SELECT tenant, device_id, alarm, occurrence, fromUnixTimestamp64Milli(in.at, 'UTC') AS at, agent_id, toUInt8(in.priority) AS priority,
    active, acknowledged, fromUnixTimestamp64Milli(in.shelved_until, 'UTC') AS shelved_until, suppressed, out_of_service,
    value, message, actor, seq, shelf_comment
FROM {{database}}.in_alarms AS in;
