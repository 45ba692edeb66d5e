// Generated from schemas/events/identity-event.avsc by schemas/generate.ts. Do not edit.
/** A fact about who may call itself an agent or a device. Their order in the log decides: an event that cannot follow what is there changes nothing. Holds no secret. Topic m2m.identities, key kind/id. */
export interface IdentityEvent {
  event_id: string;
  tenant: string;
  /** agent | device */
  kind: string;
  /** agent_id or device_id */
  id: string;
  /** claim-made | enrolled | rotated | revoked */
  type: string;
  /** ms since 1970-01-01 UTC */
  at: number;
  actor: string;
  /** Of claim-made, and of the claim that enrolled uses up */
  claim_id: string;
  /** SHA-256 of the claim's secret, hexadecimal */
  claim_hash: string;
  /** Of the new certificate, hexadecimal */
  serial: string;
  /** Serial of the certificate that rotated replaces */
  previous: string;
  /** SHA-256 of the new certificate's public key, hexadecimal */
  public_key: string;
  /** Of the claim or the certificate, ms since 1970-01-01 UTC */
  expires_at: null | number;
  reason: string;
}
export const identityEventSchema = {"type":"record","name":"IdentityEvent","namespace":"millrace.v1","doc":"A fact about who may call itself an agent or a device. Their order in the log decides: an event that cannot follow what is there changes nothing. Holds no secret. Topic m2m.identities, key kind/id.","fields":[{"name":"event_id","type":"string"},{"name":"tenant","type":"string"},{"name":"kind","type":"string","doc":"agent | device"},{"name":"id","type":"string","doc":"agent_id or device_id"},{"name":"type","type":"string","doc":"claim-made | enrolled | rotated | revoked"},{"name":"at","type":"long","doc":"ms since 1970-01-01 UTC"},{"name":"actor","type":"string"},{"name":"claim_id","type":"string","default":"","doc":"Of claim-made, and of the claim that enrolled uses up"},{"name":"claim_hash","type":"string","default":"","doc":"SHA-256 of the claim's secret, hexadecimal"},{"name":"serial","type":"string","default":"","doc":"Of the new certificate, hexadecimal"},{"name":"previous","type":"string","default":"","doc":"Serial of the certificate that rotated replaces"},{"name":"public_key","type":"string","default":"","doc":"SHA-256 of the new certificate's public key, hexadecimal"},{"name":"expires_at","type":["null","long"],"default":null,"doc":"Of the claim or the certificate, ms since 1970-01-01 UTC"},{"name":"reason","type":"string","default":""}]} as const;
