// Generated from schemas/events/device-request.avsc by schemas/generate.ts. Do not edit.
export interface BatchedRequest {
  request_id: string;
  device_id: string;
  type: string;
  data: string;
}
/** A wish to move a device through its life, answered by exactly one DeviceReply. Topic m2m.device-requests, key tenant/device_id. */
export interface DeviceRequest {
  /** Idempotency key; the same id with the same body is answered again, not decided again */
  request_id: string;
  /** Instance waiting for the reply; key of the DeviceReply */
  reply_to: string;
  tenant: string;
  device_id: string;
  /** register | provision | activate | suspend | resume | begin-decommission | complete-decommission | abandon-decommission | update | quarantine | release | replace | configure | report-config */
  type: string;
  /** Refused as a conflict when the device is at another version */
  expected_version: null | number;
  /** Who asks: user, service or workflow */
  actor: string;
  reason: null | string;
  /** ms since 1970-01-01 UTC, the asker's clock */
  at: number;
  /** JSON object with the arguments of the type, validated by services/domain/device */
  data: string;
  /** When not empty: requests of one tenant for devices of this partition, decided in order in one transaction and answered by the results of one reply. device_id and type above are the first one's, request_id is the reply's; data and expected_version do not count */
  batch?: BatchedRequest[];
}
export const deviceRequestSchema = {"type":"record","name":"DeviceRequest","namespace":"millrace.v1","doc":"A wish to move a device through its life, answered by exactly one DeviceReply. Topic m2m.device-requests, key tenant/device_id.","fields":[{"name":"request_id","type":"string","doc":"Idempotency key; the same id with the same body is answered again, not decided again"},{"name":"reply_to","type":"string","doc":"Instance waiting for the reply; key of the DeviceReply"},{"name":"tenant","type":"string"},{"name":"device_id","type":"string"},{"name":"type","type":"string","doc":"register | provision | activate | suspend | resume | begin-decommission | complete-decommission | abandon-decommission | update | quarantine | release | replace | configure | report-config"},{"name":"expected_version","type":["null","long"],"default":null,"doc":"Refused as a conflict when the device is at another version"},{"name":"actor","type":"string","doc":"Who asks: user, service or workflow"},{"name":"reason","type":["null","string"],"default":null},{"name":"at","type":"long","doc":"ms since 1970-01-01 UTC, the asker's clock"},{"name":"data","type":"string","default":"{ }","doc":"JSON object with the arguments of the type, validated by services/domain/device"},{"name":"batch","optional":true,"type":{"type":"array","items":{"type":"record","name":"BatchedRequest","fields":[{"name":"request_id","type":"string"},{"name":"device_id","type":"string"},{"name":"type","type":"string"},{"name":"data","type":"string"}]}},"default":[],"doc":"When not empty: requests of one tenant for devices of this partition, decided in order in one transaction and answered by the results of one reply. device_id and type above are the first one's, request_id is the reply's; data and expected_version do not count"}]} as const;
