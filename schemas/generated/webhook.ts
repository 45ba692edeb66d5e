// Generated from schemas/events/webhook.avsc by schemas/generate.ts. Do not edit.
/** An address to which events of a tenant are posted, as it stands; what was done with it is in m2m.audit. Topic m2m.webhooks, key tenant/webhook_id. */
export interface Webhook {
  tenant: string;
  webhook_id: string;
  url: string;
  /** lifecycle | command | alarm */
  events: string[];
  /** whsec_ and base64; signs what is posted, so it is kept as it is: whoever may read this topic can sign */
  secret: string;
  /** ms since 1970-01-01 UTC */
  created_at: number;
  created_by: string;
  /** ms since 1970-01-01 UTC */
  removed_at: null | number;
  removed_by: null | string;
}
export const webhookSchema = {"type":"record","name":"Webhook","namespace":"millrace.v1","doc":"An address to which events of a tenant are posted, as it stands; what was done with it is in m2m.audit. Topic m2m.webhooks, key tenant/webhook_id.","fields":[{"name":"tenant","type":"string"},{"name":"webhook_id","type":"string"},{"name":"url","type":"string"},{"name":"events","type":{"type":"array","items":"string"},"doc":"lifecycle | command | alarm"},{"name":"secret","type":"string","doc":"whsec_ and base64; signs what is posted, so it is kept as it is: whoever may read this topic can sign"},{"name":"created_at","type":"long","doc":"ms since 1970-01-01 UTC"},{"name":"created_by","type":"string"},{"name":"removed_at","type":["null","long"],"default":null,"doc":"ms since 1970-01-01 UTC"},{"name":"removed_by","type":["null","string"],"default":null}]} as const;
