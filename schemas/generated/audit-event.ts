// Generated from schemas/events/audit-event.avsc by schemas/generate.ts. Do not edit.
/** Who wanted to do what, and whether it was allowed. Readings that were allowed are left out. Never holds a secret. Topic m2m.audit, key tenant. */
export interface AuditEvent {
  event_id: string;
  /** Tenant of who asked; of the installation when nobody is known */
  tenant: string;
  /** ms since 1970-01-01 UTC */
  at: number;
  /** user:…, machine:…, service:…; unknown when the credential was not accepted */
  actor: string;
  /** Such as device.commission; authenticate when the credential was not accepted */
  action: string;
  /** Path of the request without its query */
  resource: string;
  /** allowed | refused */
  outcome: string;
  /** Why it was refused */
  reason: string;
  /** role or role@site that allowed it; claim or certificate where that did */
  granted_by: string;
  /** Method and path as openapi.yaml has them */
  route: string;
  /** As the answer's x-request-id */
  request_id: string;
  /** Address it came from */
  source: string;
}
export const auditEventSchema = {"type":"record","name":"AuditEvent","namespace":"millrace.v1","doc":"Who wanted to do what, and whether it was allowed. Readings that were allowed are left out. Never holds a secret. Topic m2m.audit, key tenant.","fields":[{"name":"event_id","type":"string"},{"name":"tenant","type":"string","doc":"Tenant of who asked; of the installation when nobody is known"},{"name":"at","type":"long","doc":"ms since 1970-01-01 UTC"},{"name":"actor","type":"string","doc":"user:…, machine:…, service:…; unknown when the credential was not accepted"},{"name":"action","type":"string","doc":"Such as device.commission; authenticate when the credential was not accepted"},{"name":"resource","type":"string","doc":"Path of the request without its query"},{"name":"outcome","type":"string","doc":"allowed | refused"},{"name":"reason","type":"string","default":"","doc":"Why it was refused"},{"name":"granted_by","type":"string","default":"","doc":"role or role@site that allowed it; claim or certificate where that did"},{"name":"route","type":"string","doc":"Method and path as openapi.yaml has them"},{"name":"request_id","type":"string","doc":"As the answer's x-request-id"},{"name":"source","type":"string","default":"","doc":"Address it came from"}]} as const;
