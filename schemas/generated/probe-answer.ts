// Generated from schemas/events/probe-answer.avsc by schemas/generate.ts. Do not edit.
/** What an agent found when it was asked. Topic m2m.probe-answers, key tenant/agent_id. */
export interface ProbeAnswer {
  tenant: string;
  agent_id: string;
  probe_id: string;
  outcome: 'answered' | 'refused';
  /** JSON, Preview or Found of schemas/probe.ts; empty when refused */
  answer: string;
  /** Why it was refused */
  detail: string;
  /** ms since 1970-01-01 UTC, by the agent's clock */
  at: number;
}
export const probeAnswerSchema = {"type":"record","name":"ProbeAnswer","namespace":"millrace.v1","doc":"What an agent found when it was asked. Topic m2m.probe-answers, key tenant/agent_id.","fields":[{"name":"tenant","type":"string"},{"name":"agent_id","type":"string"},{"name":"probe_id","type":"string"},{"name":"outcome","type":{"type":"enum","name":"ProbeOutcome","symbols":["answered","refused"]}},{"name":"answer","type":"string","doc":"JSON, Preview or Found of schemas/probe.ts; empty when refused"},{"name":"detail","type":"string","doc":"Why it was refused"},{"name":"at","type":"long","doc":"ms since 1970-01-01 UTC, by the agent's clock"}]} as const;
