// Generated from schemas/events/definition.avsc by schemas/generate.ts. Do not edit.
/** One version of something that is defined once for many devices: a device model or a group. Topic m2m.definition-log keeps every version forever, m2m.definitions (compacted) the newest; key tenant/kind/name. */
export interface Definition {
  tenant: string;
  /** model | group */
  kind: string;
  name: string;
  /** 1.. per definition, gap-free, going on after a deletion */
  version: number;
  deleted: boolean;
  /** JSON object, checked by services/domain/definition; of a deleted one what it was last */
  body: string;
  /** ms since 1970-01-01 UTC, of version 1 */
  created_at: number;
  /** ms since 1970-01-01 UTC, the registry's clock */
  at: number;
  actor: string;
  reason: null | string;
  /** Last request ids decided, at most 16, newest last; the last one made this version */
  recent_requests: string[];
}
export const definitionSchema = {"type":"record","name":"Definition","namespace":"millrace.v1","doc":"One version of something that is defined once for many devices: a device model or a group. Topic m2m.definition-log keeps every version forever, m2m.definitions (compacted) the newest; key tenant/kind/name.","fields":[{"name":"tenant","type":"string"},{"name":"kind","type":"string","doc":"model | group"},{"name":"name","type":"string"},{"name":"version","type":"long","doc":"1.. per definition, gap-free, going on after a deletion"},{"name":"deleted","type":"boolean","default":false},{"name":"body","type":"string","doc":"JSON object, checked by services/domain/definition; of a deleted one what it was last"},{"name":"created_at","type":"long","doc":"ms since 1970-01-01 UTC, of version 1"},{"name":"at","type":"long","doc":"ms since 1970-01-01 UTC, the registry's clock"},{"name":"actor","type":"string"},{"name":"reason","type":["null","string"],"default":null},{"name":"recent_requests","type":{"type":"array","items":"string"},"default":[],"doc":"Last request ids decided, at most 16, newest last; the last one made this version"}]} as const;
