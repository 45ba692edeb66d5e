/** The only topic table: names, keys, schemas, partitions, retention and cleanup of everything on the stream. */

export type EventName =
  | 'telemetry-frame'
  | 'device-request'
  | 'device-reply'
  | 'device-event'
  | 'device-state'
  | 'command'
  | 'command-event'
  | 'session-event'
  | 'presence'
  | 'alarm'
  | 'point'
  | 'outbox-gap'
  | 'dead-letter'
  | 'dead-letter-replay'
  | 'agent-profile'
  | 'api-key'
  | 'audit-event'
  | 'definition'
  | 'definition-request'
  | 'campaign-event'
  | 'identity-event'
  | 'webhook'
  | 'probe-order'
  | 'probe-answer';

export interface Topic<S extends EventName = EventName> {
  readonly name: string;
  /** What the key is made of, in words; the functions below make it. */
  readonly key: string;
  readonly schema: S;
  readonly partitions: number;
  /** Time a record is kept, ms; -1 for ever. Ignored when compacted. */
  readonly retention_ms: number;
  readonly cleanup: 'delete' | 'compact';
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FOR_EVER = -1;

export const Topics = {
  telemetry: topic('m2m.telemetry', 'tenant/device_id', 'telemetry-frame', 6, 30 * DAY_MS),
  deviceRequests: topic('m2m.device-requests', 'tenant/device_id', 'device-request', 6, 7 * DAY_MS),
  deviceReplies: topic('m2m.device-replies', 'reply_to', 'device-reply', 1, HOUR_MS),
  lifecycle: topic('m2m.lifecycle', 'tenant/device_id', 'device-event', 6, FOR_EVER),
  devices: topic('m2m.devices', 'tenant/device_id', 'device-state', 6, FOR_EVER, 'compact'),
  definitionRequests: topic('m2m.definition-requests', 'tenant/kind/name', 'definition-request', 1, 7 * DAY_MS),
  definitionLog: topic('m2m.definition-log', 'tenant/kind/name', 'definition', 1, FOR_EVER),
  definitions: topic('m2m.definitions', 'tenant/kind/name', 'definition', 1, FOR_EVER, 'compact'),
  commandEvents: topic('m2m.command-events', 'tenant/command_id', 'command-event', 3, 365 * DAY_MS),
  sessions: topic('m2m.sessions', 'tenant/device_id', 'session-event', 3, 30 * DAY_MS),
  presence: topic('m2m.presence', 'tenant/device_id', 'presence', 3, FOR_EVER, 'compact'),
  alarms: topic('m2m.alarms', 'tenant/device_id', 'alarm', 3, FOR_EVER),
  campaigns: topic('m2m.campaigns', 'tenant/campaign_id', 'campaign-event', 1, FOR_EVER),
  points: topic('m2m.points', 'tenant/device_id/metric', 'point', 1, FOR_EVER, 'compact'),
  outboxGaps: topic('m2m.outbox-gaps', 'tenant/device_id', 'outbox-gap', 1, FOR_EVER),
  deadLetters: topic('m2m.dead-letters', 'topic:partition:offset', 'dead-letter', 1, 90 * DAY_MS),
  replays: topic('m2m.dead-letter-replays', 'topic:partition:offset', 'dead-letter-replay', 1, FOR_EVER, 'compact'),
  apiKeys: topic('m2m.api-keys', 'tenant/key_id', 'api-key', 1, FOR_EVER, 'compact'),
  /** One partition: the order of all of them decides who was first. */
  identities: topic('m2m.identities', 'kind/id', 'identity-event', 1, FOR_EVER),
  webhooks: topic('m2m.webhooks', 'tenant/webhook_id', 'webhook', 1, FOR_EVER, 'compact'),
  /** Nobody needs one that was not heard at once. */
  probeAnswers: topic('m2m.probe-answers', 'tenant/agent_id', 'probe-answer', 1, HOUR_MS),
  audit: topic('m2m.audit', 'tenant', 'audit-event', 3, 3 * 365 * DAY_MS),
} as const;

/**
 * Topics that every agent writes, and has the right to write: what it says there is bound to it by its transactions, not
 * by their names.
 */
export const SHARED_BY_AGENTS: readonly Topic[] = [
  ...[Topics.telemetry, Topics.commandEvents, Topics.alarms, Topics.sessions],
  ...[Topics.points, Topics.outboxGaps, Topics.deadLetters],
];

/** Topics of one agent, so that an agent needs no right to any other agent's. */
export const AgentTopics = {
  commands: (agentId: string): Topic<'command'> =>
    topic(`m2m.agents.${agentId}.commands`, 'tenant/device_id', 'command', 1, 7 * DAY_MS),
  devices: (agentId: string): Topic<'device-state'> =>
    topic(`m2m.agents.${agentId}.devices`, 'tenant/device_id', 'device-state', 1, FOR_EVER, 'compact'),
  profile: (agentId: string): Topic<'agent-profile'> =>
    topic(`m2m.agents.${agentId}.profile`, 'tenant/agent_id', 'agent-profile', 1, FOR_EVER, 'compact'),
  probes: (agentId: string): Topic<'probe-order'> =>
    topic(`m2m.agents.${agentId}.probes`, 'tenant/agent_id', 'probe-order', 1, HOUR_MS),
};

/** Subject of a topic's value schema; every agent's copy of a topic shares one subject. */
export function subjectOf(t: Topic): string {
  return `${t.name.replace(/^m2m\.agents\..+\.(commands|devices|profile|probes)$/, 'm2m.agents.$1')}-value`;
}

export const deviceKey = (tenant: string, deviceId: string): string => `${tenant}/${deviceId}`;
export const commandKey = (tenant: string, commandId: string): string => `${tenant}/${commandId}`;
export const apiKeyKey = (tenant: string, keyId: string): string => `${tenant}/${keyId}`;
export const webhookKey = (tenant: string, webhookId: string): string => `${tenant}/${webhookId}`;
export const definitionKey = (tenant: string, kind: string, name: string): string => `${tenant}/${kind}/${name}`;
export const campaignKey = (tenant: string, campaignId: string): string => `${tenant}/${campaignId}`;
export const pointKey = (tenant: string, deviceId: string, metric: string): string => `${tenant}/${deviceId}/${metric}`;
export const coordinatesKey = (t: string, partition: number, offset: string): string => `${t}:${partition}:${offset}`;

/** Consumer group in which an agent's outbox cursor is committed (DESIGN.md §4.2). */
export const outboxGroup = (agentId: string): string => `outbox-${agentId}`;
/** Consumer group in which an agent hears what it is asked. */
export const probesGroup = (agentId: string): string => `inbox-${agentId}-probes`;

function topic<S extends EventName>(
  name: string,
  key: string,
  schema: S,
  partitions: number,
  retention_ms: number,
  cleanup: Topic['cleanup'] = 'delete',
): Topic<S> {
  return { name, key, schema, partitions, retention_ms, cleanup };
}
