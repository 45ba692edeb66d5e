// Generated from schemas/events/agent-profile.avsc by schemas/generate.ts. Do not edit.
/** The profile an agent is to work by. Topic m2m.agents.<agent_id>.profile (compacted), key tenant/agent_id; the last record counts, a tombstone takes the agent back to the file it was started with. The agent says what it made of it in the readings profile_version, profile_source and profile_refusal of its own id. */
export interface AgentProfile {
  tenant: string;
  agent_id: string;
  /** 1.., one more with each push */
  version: number;
  /** YAML, as edge-agent/core/profile/profile.schema.json has it */
  profile: string;
  /** Tag lists the profile names (points_csv), by that name */
  files: Record<string, string>;
  /** Who pushed it */
  by: string;
  /** ms since 1970-01-01 UTC */
  at: number;
}
export const agentProfileSchema = {"type":"record","name":"AgentProfile","namespace":"millrace.v1","doc":"The profile an agent is to work by. Topic m2m.agents.<agent_id>.profile (compacted), key tenant/agent_id; the last record counts, a tombstone takes the agent back to the file it was started with. The agent says what it made of it in the readings profile_version, profile_source and profile_refusal of its own id.","fields":[{"name":"tenant","type":"string"},{"name":"agent_id","type":"string"},{"name":"version","type":"long","doc":"1.., one more with each push"},{"name":"profile","type":"string","doc":"YAML, as edge-agent/core/profile/profile.schema.json has it"},{"name":"files","doc":"Tag lists the profile names (points_csv), by that name","type":{"type":"map","values":"string"}},{"name":"by","type":"string","default":"","doc":"Who pushed it"},{"name":"at","type":"long","doc":"ms since 1970-01-01 UTC"}]} as const;
