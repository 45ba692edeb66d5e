// Generated from schemas/events/session-event.avsc by schemas/generate.ts. Do not edit.
/** What an agent saw of a device's connection. Topic m2m.sessions, key tenant/device_id. */
export interface SessionEvent {
  tenant: string;
  /** The device, or the agent's own id for the agent itself */
  device_id: string;
  agent_id: string;
  /** One connection from connect to disconnect */
  session_id: string;
  type: 'connect' | 'heartbeat' | 'disconnect' | 'unknown';
  /** ms since 1970-01-01 UTC, agent's clock */
  at: number;
  protocol: string;
  /** Declared expected interval between signs of life */
  interval_ms: null | number;
  reason: string;
  seq: null | number;
}
export const sessionEventSchema = {"type":"record","name":"SessionEvent","namespace":"millrace.v1","doc":"What an agent saw of a device's connection. Topic m2m.sessions, key tenant/device_id.","fields":[{"name":"tenant","type":"string"},{"name":"device_id","type":"string","doc":"The device, or the agent's own id for the agent itself"},{"name":"agent_id","type":"string"},{"name":"session_id","type":"string","doc":"One connection from connect to disconnect"},{"name":"type","type":{"type":"enum","name":"SessionEventType","symbols":["connect","heartbeat","disconnect","unknown"],"default":"unknown"}},{"name":"at","type":"long","doc":"ms since 1970-01-01 UTC, agent's clock"},{"name":"protocol","type":"string","default":""},{"name":"interval_ms","type":["null","int"],"default":null,"doc":"Declared expected interval between signs of life"},{"name":"reason","type":"string","default":""},{"name":"seq","type":["null","long"],"default":null}]} as const;
