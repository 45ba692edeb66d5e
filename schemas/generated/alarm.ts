// Generated from schemas/events/alarm.avsc by schemas/generate.ts. Do not edit.
/** One transition of an alarm. The flags are orthogonal, as in ISA-18.2: active or cleared, acknowledged or not, shelved, suppressed, out of service. Topic m2m.alarms, key tenant/device_id. */
export interface AlarmEvent {
  tenant: string;
  device_id: string;
  agent_id: string;
  /** Name of the alarm, unique per device */
  alarm: string;
  /** One raising of the alarm, from active to cleared and acknowledged */
  occurrence: string;
  at: number;
  /** 1 critical .. 4 low */
  priority: number;
  active: boolean;
  acknowledged: boolean;
  shelved_until: null | number;
  suppressed: boolean;
  out_of_service: boolean;
  value: null | number;
  message: string;
  actor: string;
  seq: null | number;
  /** Why it is shelved, as whoever shelved it said; empty when it is not, or when nothing was said */
  shelf_comment?: string;
}
export const alarmSchema = {"type":"record","name":"AlarmEvent","namespace":"millrace.v1","doc":"One transition of an alarm. The flags are orthogonal, as in ISA-18.2: active or cleared, acknowledged or not, shelved, suppressed, out of service. Topic m2m.alarms, key tenant/device_id.","fields":[{"name":"tenant","type":"string"},{"name":"device_id","type":"string"},{"name":"agent_id","type":"string"},{"name":"alarm","type":"string","doc":"Name of the alarm, unique per device"},{"name":"occurrence","type":"string","doc":"One raising of the alarm, from active to cleared and acknowledged"},{"name":"at","type":"long"},{"name":"priority","type":"int","doc":"1 critical .. 4 low"},{"name":"active","type":"boolean"},{"name":"acknowledged","type":"boolean","default":false},{"name":"shelved_until","type":["null","long"],"default":null},{"name":"suppressed","type":"boolean","default":false},{"name":"out_of_service","type":"boolean","default":false},{"name":"value","type":["null","double"],"default":null},{"name":"message","type":"string","default":""},{"name":"actor","type":"string"},{"name":"seq","type":["null","long"],"default":null},{"name":"shelf_comment","type":"string","default":"","optional":true,"doc":"Why it is shelved, as whoever shelved it said; empty when it is not, or when nothing was said"}]} as const;
