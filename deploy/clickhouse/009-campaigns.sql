-- Campaigns: every step is kept; the view campaigns shows each as it stands.

CREATE TABLE IF NOT EXISTS {{database}}.in_campaigns {{on_cluster}}
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

CREATE TABLE IF NOT EXISTS {{local campaign_events}} {{on_cluster}}
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
ENGINE = {{engine MergeTree}}
ORDER BY (tenant, campaign_id, at, type)
SETTINGS {{durable}}
COMMENT 'Steps of campaigns, one row each; after a crash one may be there twice. The view campaigns folds them.';

{{distributed campaign_events}};

CREATE MATERIALIZED VIEW IF NOT EXISTS {{database}}.in_campaigns_rows {{on_cluster}} TO {{local campaign_events}} AS
SELECT tenant, campaign_id, fromUnixTimestamp64Milli(in.at, 'UTC') AS at, type, toUInt16(in.stage) AS stage, actor, version, detail,
    toUInt32(in.devices) AS devices, toUInt32(in.succeeded) AS succeeded, toUInt32(in.failed) AS failed
FROM {{database}}.in_campaigns AS in;

CREATE OR REPLACE VIEW {{database}}.campaigns {{on_cluster}}
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
FROM {{database}}.campaign_events AS e
GROUP BY tenant, campaign_id
COMMENT 'Every campaign as it stands';
