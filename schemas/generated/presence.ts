// Generated from schemas/events/presence.avsc by schemas/generate.ts. Do not edit.
/** A device's session as presence folds it. Topic m2m.presence (compacted), key tenant/device_id. */
export interface Presence {
  tenant: string;
  device_id: string;
  agent_id: string;
  /** online | stale | offline | unknown */
  status: string;
  /** ms since 1970-01-01 UTC */
  since: number;
  last_seen: number;
  /** Expected interval between signs of life */
  interval_ms: number;
  reason: string;
}
export const presenceSchema = {"type":"record","name":"Presence","namespace":"millrace.v1","doc":"A device's session as presence folds it. Topic m2m.presence (compacted), key tenant/device_id.","fields":[{"name":"tenant","type":"string"},{"name":"device_id","type":"string"},{"name":"agent_id","type":"string"},{"name":"status","type":"string","doc":"online | stale | offline | unknown"},{"name":"since","type":"long","doc":"ms since 1970-01-01 UTC"},{"name":"last_seen","type":"long"},{"name":"interval_ms","type":"int","doc":"Expected interval between signs of life"},{"name":"reason","type":"string","default":""}]} as const;
