// Generated from schemas/events/command-event.avsc by schemas/generate.ts. Do not edit.
/** One transition of a command. Written by the workflow (issued, approved, expired, cancelled, outcome-unknown) and by the agent (delivered, executed, verified, failed, outcome-unknown). Topic m2m.command-events, key tenant/command_id. */
export interface CommandEvent {
  command_id: string;
  tenant: string;
  device_id: string;
  agent_id: string;
  /** issued | approved | delivered | executed | verified | failed | expired | cancelled | outcome-unknown */
  state: string;
  /** ms since 1970-01-01 UTC, the writer's clock */
  at: number;
  /** agent:<id>, workflow or the user */
  actor: string;
  /** Command name */
  name: string;
  /** JSON of the arguments */
  args: string;
  qos: number;
  attempt: number;
  /** Error or remark in words */
  detail: string;
  /** JSON, such as the value read back */
  result: string;
  /** 1.. per agent lane when written through an outbox */
  seq: null | number;
}
export const commandEventSchema = {"type":"record","name":"CommandEvent","namespace":"millrace.v1","doc":"One transition of a command. Written by the workflow (issued, approved, expired, cancelled, outcome-unknown) and by the agent (delivered, executed, verified, failed, outcome-unknown). Topic m2m.command-events, key tenant/command_id.","fields":[{"name":"command_id","type":"string"},{"name":"tenant","type":"string"},{"name":"device_id","type":"string"},{"name":"agent_id","type":"string"},{"name":"state","type":"string","doc":"issued | approved | delivered | executed | verified | failed | expired | cancelled | outcome-unknown"},{"name":"at","type":"long","doc":"ms since 1970-01-01 UTC, the writer's clock"},{"name":"actor","type":"string","doc":"agent:<id>, workflow or the user"},{"name":"name","type":"string","default":"","doc":"Command name"},{"name":"args","type":"string","default":"{ }","doc":"JSON of the arguments"},{"name":"qos","type":"int","default":1},{"name":"attempt","type":"int","default":1},{"name":"detail","type":"string","default":"","doc":"Error or remark in words"},{"name":"result","type":"string","default":"{ }","doc":"JSON, such as the value read back"},{"name":"seq","type":["null","long"],"default":null,"doc":"1.. per agent lane when written through an outbox"}]} as const;
