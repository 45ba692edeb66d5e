-- The stable interface for people and dashboards. Names, types and meaning of these columns do not change within a major version.

CREATE OR REPLACE VIEW {{database}}.readings {{on_cluster}}
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
    toLowCardinality(toString(r.kind)) AS kind, dictGet('{{database}}.points_by_metric', 'unit', (toString(tenant), toString(device_id), toString(metric))) AS unit,
    toLowCardinality(multiIf(r.quality = 0, 'good', r.quality < 64, 'uncertain', 'bad')) AS quality, r.quality AS quality_code,
    dictGet('{{database}}.points_by_metric', 'path', (toString(tenant), toString(device_id), toString(metric))) AS path,
    dictGet('{{database}}.sites_by_device', 'site', (toString(tenant), toString(device_id))) AS site, agent_id, seq, received_at, clock_offset_ms
FROM {{database}}.readings_raw AS r
COMMENT 'Every reading, one row each';

CREATE OR REPLACE VIEW {{database}}.readings_1m {{on_cluster}}
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
    dictGet('{{database}}.points_by_metric', 'unit', (toString(tenant), toString(device_id), toString(metric))) AS unit,
    dictGet('{{database}}.points_by_metric', 'path', (toString(tenant), toString(device_id), toString(metric))) AS path,
    dictGet('{{database}}.sites_by_device', 'site', (toString(tenant), toString(device_id))) AS site
FROM
(
    SELECT *, arrayFilter(v -> NOT isNaN(v), in_order.2) AS known, arrayMap(p -> intDiv(p, 1048576), in_order.1) AS at_ms,
        arrayMap((v, from, to) -> if(isNaN(v), 0, to - from), in_order.2, at_ms, arrayPushBack(arrayPopFront(at_ms), 60000)) AS held_ms
    FROM
    (
        SELECT tenant, device_id, metric, s.window_start AS window_start, sum(s.count) AS count, sumKahanMerge(s.sum) AS total,
            min(s.min) AS least_value, max(s.max) AS greatest_value, sum(s.bad_count) AS bad_count, sum(s.uncertain_count) AS uncertain_count,
            groupArrayArray(s.vals) AS vals, arraySort(arrayZip(groupArrayArray(s.places), vals)) AS in_order
        FROM {{database}}.readings_1m_state AS s
        GROUP BY tenant, device_id, metric, window_start
    )
)
COMMENT 'Readings by the minute, exact whatever the order of arrival';

CREATE OR REPLACE VIEW {{database}}.readings_1h {{on_cluster}}
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
    dictGet('{{database}}.points_by_metric', 'unit', (toString(tenant), toString(device_id), toString(metric))) AS unit,
    dictGet('{{database}}.points_by_metric', 'path', (toString(tenant), toString(device_id), toString(metric))) AS path,
    dictGet('{{database}}.sites_by_device', 'site', (toString(tenant), toString(device_id))) AS site
FROM
(
    SELECT *, arrayFilter(v -> NOT isNaN(v), in_order.2) AS known, arrayMap(p -> intDiv(p, 1048576), in_order.1) AS at_ms,
        arrayMap((v, from, to) -> if(isNaN(v), 0, to - from), in_order.2, at_ms, arrayPushBack(arrayPopFront(at_ms), 3600000)) AS held_ms
    FROM
    (
        SELECT tenant, device_id, metric, s.window_start AS window_start, sum(s.count) AS count, sumKahanMerge(s.sum) AS total,
            min(s.min) AS least_value, max(s.max) AS greatest_value, sum(s.bad_count) AS bad_count, sum(s.uncertain_count) AS uncertain_count,
            groupArrayArray(s.vals) AS vals, arraySort(arrayZip(groupArrayArray(s.places), vals)) AS in_order
        FROM {{database}}.readings_1h_state AS s
        GROUP BY tenant, device_id, metric, window_start
    )
)
COMMENT 'Readings by the hour, exact whatever the order of arrival';

CREATE OR REPLACE VIEW {{database}}.readings_1d {{on_cluster}}
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
    dictGet('{{database}}.points_by_metric', 'unit', (toString(tenant), toString(device_id), toString(metric))) AS unit,
    dictGet('{{database}}.points_by_metric', 'path', (toString(tenant), toString(device_id), toString(metric))) AS path,
    dictGet('{{database}}.sites_by_device', 'site', (toString(tenant), toString(device_id))) AS site
FROM
(
    SELECT *, arrayFilter(v -> NOT isNaN(v), in_order.2) AS known, arrayMap(p -> intDiv(p, 1048576), in_order.1) AS at_ms,
        arrayMap((v, from, to) -> if(isNaN(v), 0, to - from), in_order.2, at_ms, arrayPushBack(arrayPopFront(at_ms), 86400000)) AS held_ms
    FROM
    (
        SELECT tenant, device_id, metric, toStartOfDay(s.window_start) AS window_start, sum(s.count) AS count, sumKahanMerge(s.sum) AS total,
            min(s.min) AS least_value, max(s.max) AS greatest_value, sum(s.bad_count) AS bad_count, sum(s.uncertain_count) AS uncertain_count,
            groupArrayArray(s.vals) AS vals, arraySort(arrayZip(groupArrayArray(arrayMap(p -> p + toHour(s.window_start) * toUInt64(3600000 * 1048576), s.places)), vals)) AS in_order
        FROM {{database}}.readings_1h_state AS s
        GROUP BY tenant, device_id, metric, window_start
    )
)
COMMENT 'Readings by the day, exact whatever the order of arrival';

CREATE OR REPLACE VIEW {{database}}.latest_values {{on_cluster}}
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
    toLowCardinality(toString(r.kind)) AS kind, dictGet('{{database}}.points_by_metric', 'unit', (toString(tenant), toString(device_id), toString(metric))) AS unit,
    toLowCardinality(multiIf(r.quality = 0, 'good', r.quality < 64, 'uncertain', 'bad')) AS quality, r.quality AS quality_code,
    dictGet('{{database}}.points_by_metric', 'path', (toString(tenant), toString(device_id), toString(metric))) AS path,
    dictGet('{{database}}.sites_by_device', 'site', (toString(tenant), toString(device_id))) AS site, agent_id, seq, received_at
FROM {{database}}.latest_state AS r FINAL
COMMENT 'The latest reading of every metric of every device';

CREATE OR REPLACE VIEW {{database}}.devices {{on_cluster}}
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
FROM {{database}}.devices_state FINAL
COMMENT 'Devices as they are now';

CREATE OR REPLACE VIEW {{database}}.device_lifecycle {{on_cluster}}
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
FROM {{database}}.device_events
COMMENT 'Every fact in the life of every device';

CREATE OR REPLACE VIEW {{database}}.points {{on_cluster}}
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
FROM {{database}}.points_state FINAL
COMMENT 'What the metrics of devices mean';

CREATE OR REPLACE VIEW {{database}}.commands {{on_cluster}}
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
FROM {{database}}.command_events AS e
GROUP BY tenant, command_id, device_id
COMMENT 'Every command with the strongest state anybody reported';

CREATE OR REPLACE VIEW {{database}}.sessions {{on_cluster}}
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
FROM {{database}}.session_events AS e
GROUP BY tenant, device_id, session_id
COMMENT 'Connections of devices from connect to disconnect';

CREATE OR REPLACE VIEW {{database}}.presence {{on_cluster}}
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
FROM {{database}}.presence_state FINAL
COMMENT 'Devices online, stale or offline';

CREATE OR REPLACE VIEW {{database}}.dead_letters {{on_cluster}}
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
FROM {{database}}.dead_letters_state FINAL
COMMENT 'Messages that could not be processed';

CREATE OR REPLACE VIEW {{database}}.audit {{on_cluster}}
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
FROM {{database}}.audit_events
COMMENT 'Who wanted to do what, allowed or refused; readings that were allowed are left out';

CREATE OR REPLACE VIEW {{database}}.sites {{on_cluster}}
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
FROM {{database}}.devices AS d
GROUP BY tenant, site
COMMENT 'Where the devices are';

CREATE OR REPLACE VIEW {{database}}.metrics {{on_cluster}}
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
FROM {{database}}.points AS p
GROUP BY tenant, metric
COMMENT 'What is measured';
