// Generated from schemas/events/device-reply.avsc by schemas/generate.ts. Do not edit.
export interface BatchedResult {
  /** accepted | unchanged | rejected */
  outcome: string;
  code: string;
  detail: string;
  /** Lifecycle state after the request; empty when there is no such device */
  state: string;
  /** Of the device after the request; 0 when there is none */
  version: number;
}
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
  /** One for each request of a batch, in their order. The outcome above is accepted then and says nothing, state is empty: the states are on m2m.devices */
  results?: BatchedResult[];
}
export const deviceReplySchema = {"type":"record","name":"DeviceReply","namespace":"millrace.v1","doc":"The registry's answer to a DeviceRequest or a DefinitionRequest, written in the same transaction as the event and the state. Topic m2m.device-replies, key reply_to.","fields":[{"name":"request_id","type":"string"},{"name":"reply_to","type":"string"},{"name":"tenant","type":"string"},{"name":"device_id","type":"string","doc":"The device; for a definition kind/name"},{"name":"outcome","type":{"type":"enum","name":"Outcome","symbols":["accepted","unchanged","rejected"]},"doc":"unchanged: already so, or the same request seen before"},{"name":"code","type":"string","default":"","doc":"Rejection code, empty when accepted"},{"name":"detail","type":"string","default":"","doc":"Rejection in words, naming the state and the moves allowed"},{"name":"state","type":"string","doc":"JSON of the DeviceState, or the Definition, after the request; empty when there is no such thing"},{"name":"at","type":"long"},{"name":"results","optional":true,"type":{"type":"array","items":{"type":"record","name":"BatchedResult","fields":[{"name":"outcome","type":"string","doc":"accepted | unchanged | rejected"},{"name":"code","type":"string"},{"name":"detail","type":"string"},{"name":"state","type":"string","doc":"Lifecycle state after the request; empty when there is no such device"},{"name":"version","type":"long","doc":"Of the device after the request; 0 when there is none"}]}},"default":[],"doc":"One for each request of a batch, in their order. The outcome above is accepted then and says nothing, state is empty: the states are on m2m.devices"}]} as const;
