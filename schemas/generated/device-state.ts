// Generated from schemas/events/device-state.avsc by schemas/generate.ts. Do not edit.
/** A device as its events have made it. Topic m2m.devices (compacted), key tenant/device_id; also m2m.agents.<agent_id>.devices, the part one agent may see. */
export interface DeviceState {
  tenant: string;
  device_id: string;
  /** Version of the last event folded in */
  version: number;
  /** registered | provisioned | active | suspended | quarantined | decommissioning | decommissioned */
  state: string;
  /** State to return to if the decommissioning is abandoned; null unless decommissioning */
  earlier_state: null | string;
  name: string;
  model: string;
  /** Agent through which it is reached */
  agent_id: null | string;
  /** enterprise/site/area/line/cell (ISA-95), missing levels left out from the right */
  path: string;
  labels: Record<string, string>;
  /** Reference to the credential issued at provisioning; never the secret itself */
  credential: null | string;
  /** Reason given with the last move */
  reason: null | string;
  registered_at: number;
  changed_at: number;
  /** Last request ids decided, at most 16, newest last: makes requests idempotent */
  recent_requests: string[];
  /** Gateway or larger device that it is part of or behind */
  parent_id: null | string;
  /** Serial number of the hardware since the last replacement; empty before the first */
  serial: string;
  /** How often the hardware was replaced */
  replacements: number;
  /** Desired configuration, a JSON object; empty when nothing was desired yet */
  desired: string;
  /** 1.. per device, one further with each desired configuration */
  desired_version: number;
  /** Configuration the device last said it has, a JSON object; empty when it has said nothing since it was replaced */
  reported: string;
  /** Version of the desired configuration that the reported one answers */
  reported_version: number;
}
export const deviceStateSchema = {"type":"record","name":"DeviceState","namespace":"millrace.v1","doc":"A device as its events have made it. Topic m2m.devices (compacted), key tenant/device_id; also m2m.agents.<agent_id>.devices, the part one agent may see.","fields":[{"name":"tenant","type":"string"},{"name":"device_id","type":"string"},{"name":"version","type":"long","doc":"Version of the last event folded in"},{"name":"state","type":"string","doc":"registered | provisioned | active | suspended | quarantined | decommissioning | decommissioned"},{"name":"earlier_state","type":["null","string"],"default":null,"doc":"State to return to if the decommissioning is abandoned; null unless decommissioning"},{"name":"name","type":"string","default":""},{"name":"model","type":"string","default":""},{"name":"agent_id","type":["null","string"],"default":null,"doc":"Agent through which it is reached"},{"name":"path","type":"string","default":"","doc":"enterprise/site/area/line/cell (ISA-95), missing levels left out from the right"},{"name":"labels","type":{"type":"map","values":"string"},"default":{}},{"name":"credential","type":["null","string"],"default":null,"doc":"Reference to the credential issued at provisioning; never the secret itself"},{"name":"reason","type":["null","string"],"default":null,"doc":"Reason given with the last move"},{"name":"registered_at","type":"long"},{"name":"changed_at","type":"long"},{"name":"recent_requests","type":{"type":"array","items":"string"},"default":[],"doc":"Last request ids decided, at most 16, newest last: makes requests idempotent"},{"name":"parent_id","type":["null","string"],"default":null,"doc":"Gateway or larger device that it is part of or behind"},{"name":"serial","type":"string","default":"","doc":"Serial number of the hardware since the last replacement; empty before the first"},{"name":"replacements","type":"long","default":0,"doc":"How often the hardware was replaced"},{"name":"desired","type":"string","default":"","doc":"Desired configuration, a JSON object; empty when nothing was desired yet"},{"name":"desired_version","type":"long","default":0,"doc":"1.. per device, one further with each desired configuration"},{"name":"reported","type":"string","default":"","doc":"Configuration the device last said it has, a JSON object; empty when it has said nothing since it was replaced"},{"name":"reported_version","type":"long","default":0,"doc":"Version of the desired configuration that the reported one answers"}]} as const;
