// Generated from schemas/events/device-event.avsc by schemas/generate.ts. Do not edit.
/** One fact in a device's life, kept forever. Folding the events of a device in version order gives its DeviceState. Topic m2m.lifecycle, key tenant/device_id. */
export interface DeviceEvent {
  event_id: string;
  tenant: string;
  device_id: string;
  /** 1.. per device, gap-free */
  version: number;
  /** registered | provisioned | activated | suspended | resumed | decommission-begun | decommission-abandoned | decommissioned | updated | quarantined | released | replaced | configured | config-reported */
  type: string;
  /** Lifecycle state before; null for registered */
  state_from: null | string;
  /** Lifecycle state after */
  state_to: string;
  /** ms since 1970-01-01 UTC, the registry's clock */
  at: number;
  actor: string;
  reason: null | string;
  /** The request that caused it */
  request_id: string;
  /** JSON object with what this type of event adds */
  data: string;
}
export const deviceEventSchema = {"type":"record","name":"DeviceEvent","namespace":"millrace.v1","doc":"One fact in a device's life, kept forever. Folding the events of a device in version order gives its DeviceState. Topic m2m.lifecycle, key tenant/device_id.","fields":[{"name":"event_id","type":"string"},{"name":"tenant","type":"string"},{"name":"device_id","type":"string"},{"name":"version","type":"long","doc":"1.. per device, gap-free"},{"name":"type","type":"string","doc":"registered | provisioned | activated | suspended | resumed | decommission-begun | decommission-abandoned | decommissioned | updated | quarantined | released | replaced | configured | config-reported"},{"name":"state_from","type":["null","string"],"default":null,"doc":"Lifecycle state before; null for registered"},{"name":"state_to","type":"string","doc":"Lifecycle state after"},{"name":"at","type":"long","doc":"ms since 1970-01-01 UTC, the registry's clock"},{"name":"actor","type":"string"},{"name":"reason","type":["null","string"],"default":null},{"name":"request_id","type":"string","doc":"The request that caused it"},{"name":"data","type":"string","default":"{ }","doc":"JSON object with what this type of event adds"}]} as const;
