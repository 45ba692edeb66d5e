// Generated from schemas/events/probe-order.avsc by schemas/generate.ts. Do not edit.
/** An agent is asked what a profile that is not in force would give it, or what is behind one of its connections. Topic m2m.agents.<agent_id>.probes, key tenant/agent_id. A question, not a command: an agent that is away never hears it, and nothing is stored, shipped or written in the field. */
export interface ProbeOrder {
  tenant: string;
  agent_id: string;
  /** Random, and known to the asker and this agent only: what binds the answer to the agent */
  probe_id: string;
  /** JSON, ProbeRequest of schemas/probe.ts */
  request: string;
  /** Who asks */
  by: string;
  /** ms since 1970-01-01 UTC */
  at: number;
}
export const probeOrderSchema = {"type":"record","name":"ProbeOrder","namespace":"millrace.v1","doc":"An agent is asked what a profile that is not in force would give it, or what is behind one of its connections. Topic m2m.agents.<agent_id>.probes, key tenant/agent_id. A question, not a command: an agent that is away never hears it, and nothing is stored, shipped or written in the field.","fields":[{"name":"tenant","type":"string"},{"name":"agent_id","type":"string"},{"name":"probe_id","type":"string","doc":"Random, and known to the asker and this agent only: what binds the answer to the agent"},{"name":"request","type":"string","doc":"JSON, ProbeRequest of schemas/probe.ts"},{"name":"by","type":"string","doc":"Who asks"},{"name":"at","type":"long","doc":"ms since 1970-01-01 UTC"}]} as const;
