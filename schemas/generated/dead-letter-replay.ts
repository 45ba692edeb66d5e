// Generated from schemas/events/dead-letter-replay.avsc by schemas/generate.ts. Do not edit.
/** A dead letter that was sent back to its topic, written in the transaction that sent it. Topic m2m.dead-letter-replays (compacted), key topic:partition:offset: who wants to send it back again finds it here. */
export interface DeadLetterReplay {
  source_topic: string;
  source_partition: number;
  source_offset: number;
  /** ms since 1970-01-01 UTC */
  at: number;
}
export const deadLetterReplaySchema = {"type":"record","name":"DeadLetterReplay","namespace":"millrace.v1","doc":"A dead letter that was sent back to its topic, written in the transaction that sent it. Topic m2m.dead-letter-replays (compacted), key topic:partition:offset: who wants to send it back again finds it here.","fields":[{"name":"source_topic","type":"string"},{"name":"source_partition","type":"int"},{"name":"source_offset","type":"long"},{"name":"at","type":"long","doc":"ms since 1970-01-01 UTC"}]} as const;
