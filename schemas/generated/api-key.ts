// Generated from schemas/events/api-key.avsc by schemas/generate.ts. Do not edit.
/** A key with which a machine calls the API, as it stands; what was done with it is in m2m.audit. Topic m2m.api-keys, key tenant/key_id. */
export interface ApiKey {
  tenant: string;
  /** Part of the key itself, no secret */
  key_id: string;
  /** What it is for, in its owner's words */
  name: string;
  /** role, or role@site */
  grants: string[];
  /** SHA-256 of the secret part, hexadecimal; the secret itself is kept nowhere */
  hash: string;
  /** ms since 1970-01-01 UTC */
  created_at: number;
  created_by: string;
  /** ms since 1970-01-01 UTC */
  expires_at: number;
  /** ms since 1970-01-01 UTC */
  revoked_at: null | number;
  revoked_by: null | string;
}
export const apiKeySchema = {"type":"record","name":"ApiKey","namespace":"millrace.v1","doc":"A key with which a machine calls the API, as it stands; what was done with it is in m2m.audit. Topic m2m.api-keys, key tenant/key_id.","fields":[{"name":"tenant","type":"string"},{"name":"key_id","type":"string","doc":"Part of the key itself, no secret"},{"name":"name","type":"string","doc":"What it is for, in its owner's words"},{"name":"grants","type":{"type":"array","items":"string"},"doc":"role, or role@site"},{"name":"hash","type":"string","doc":"SHA-256 of the secret part, hexadecimal; the secret itself is kept nowhere"},{"name":"created_at","type":"long","doc":"ms since 1970-01-01 UTC"},{"name":"created_by","type":"string"},{"name":"expires_at","type":"long","doc":"ms since 1970-01-01 UTC"},{"name":"revoked_at","type":["null","long"],"default":null,"doc":"ms since 1970-01-01 UTC"},{"name":"revoked_by","type":["null","string"],"default":null}]} as const;
