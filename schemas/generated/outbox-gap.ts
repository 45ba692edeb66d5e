// Generated from schemas/events/outbox-gap.avsc by schemas/generate.ts. Do not edit.
/** Readings an agent accepted and had to give up, with their range: what was lost is on record. Topic m2m.outbox-gaps, key tenant/device_id. */
export interface OutboxGap {
  tenant: string;
  device_id: string;
  agent_id: string;
  /** First sequence number given up */
  from_seq: number;
  /** Last sequence number given up, inclusive */
  to_seq: number;
  readings: number;
  /** disk-bound | corrupt-segment | disk-full */
  reason: string;
  at: number;
  seq: null | number;
}
export const outboxGapSchema = {"type":"record","name":"OutboxGap","namespace":"millrace.v1","doc":"Readings an agent accepted and had to give up, with their range: what was lost is on record. Topic m2m.outbox-gaps, key tenant/device_id.","fields":[{"name":"tenant","type":"string"},{"name":"device_id","type":"string"},{"name":"agent_id","type":"string"},{"name":"from_seq","type":"long","doc":"First sequence number given up"},{"name":"to_seq","type":"long","doc":"Last sequence number given up, inclusive"},{"name":"readings","type":"long"},{"name":"reason","type":"string","doc":"disk-bound | corrupt-segment | disk-full"},{"name":"at","type":"long"},{"name":"seq","type":["null","long"],"default":null}]} as const;
