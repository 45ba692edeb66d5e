// Generated from schemas/events/definition-request.avsc by schemas/generate.ts. Do not edit.
/** A wish to write or delete a definition, answered by one DeviceReply whose device_id is kind/name. Topic m2m.definition-requests, key tenant/kind/name. */
export interface DefinitionRequest {
  /** Idempotency key */
  request_id: string;
  /** Instance waiting for the reply; key of the DeviceReply */
  reply_to: string;
  tenant: string;
  /** model | group */
  kind: string;
  name: string;
  /** put | delete */
  type: string;
  /** Refused as a conflict when the definition is at another version; 0: there must be none */
  expected_version: null | number;
  actor: string;
  reason: null | string;
  /** ms since 1970-01-01 UTC, the asker's clock */
  at: number;
  /** JSON object of the kind */
  body: string;
}
export const definitionRequestSchema = {"type":"record","name":"DefinitionRequest","namespace":"millrace.v1","doc":"A wish to write or delete a definition, answered by one DeviceReply whose device_id is kind/name. Topic m2m.definition-requests, key tenant/kind/name.","fields":[{"name":"request_id","type":"string","doc":"Idempotency key"},{"name":"reply_to","type":"string","doc":"Instance waiting for the reply; key of the DeviceReply"},{"name":"tenant","type":"string"},{"name":"kind","type":"string","doc":"model | group"},{"name":"name","type":"string"},{"name":"type","type":"string","doc":"put | delete"},{"name":"expected_version","type":["null","long"],"default":null,"doc":"Refused as a conflict when the definition is at another version; 0: there must be none"},{"name":"actor","type":"string"},{"name":"reason","type":["null","string"],"default":null},{"name":"at","type":"long","doc":"ms since 1970-01-01 UTC, the asker's clock"},{"name":"body","type":"string","default":"{ }","doc":"JSON object of the kind"}]} as const;
