// Generated from schemas/events/device-reply.avsc by schemas/generate.ts. Do not edit.
/** The registry's answer to a DeviceRequest or a DefinitionRequest, written in the same transaction as the event and the state. Topic m2m.device-replies, key reply_to. */
export interface DeviceReply {
  request_id: string;
  reply_to: string;
  tenant: string;
  /** The device; for a definition kind/name */
  device_id: string;
  /** unchanged: already so, or the same request seen before */
  outcome: 'accepted' | 'unchanged' | 'rejected';
  /** Rejection code, empty when accepted */
  code: string;
  /** Rejection in words, naming the state and the moves allowed */
  detail: string;
  /** JSON of the DeviceState, or the Definition, after the request; empty when there is no such thing */
  state: string;
  at: number;
}
export const deviceReplySchema = {"type":"record","name":"DeviceReply","namespace":"millrace.v1","doc":"The registry's answer to a DeviceRequest or a DefinitionRequest, written in the same transaction as the event and the state. Topic m2m.device-replies, key reply_to.","fields":[{"name":"request_id","type":"string"},{"name":"reply_to","type":"string"},{"name":"tenant","type":"string"},{"name":"device_id","type":"string","doc":"The device; for a definition kind/name"},{"name":"outcome","type":{"type":"enum","name":"Outcome","symbols":["accepted","unchanged","rejected"]},"doc":"unchanged: already so, or the same request seen before"},{"name":"code","type":"string","default":"","doc":"Rejection code, empty when accepted"},{"name":"detail","type":"string","default":"","doc":"Rejection in words, naming the state and the moves allowed"},{"name":"state","type":"string","doc":"JSON of the DeviceState, or the Definition, after the request; empty when there is no such thing"},{"name":"at","type":"long"}]} as const;
