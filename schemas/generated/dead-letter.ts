// Generated from schemas/events/dead-letter.avsc by schemas/generate.ts. Do not edit.
/** A message that could not be processed, whole, with where it came from and why. Topic m2m.dead-letters, key topic:partition:offset. */
export interface DeadLetter {
  source_topic: string;
  source_partition: number;
  source_offset: number;
  /** Timestamp of the message, ms since 1970-01-01 UTC */
  source_timestamp: number;
  /** Consumer group that refused it */
  consumer: string;
  /** unknown-schema | truncated | undecodable | wrong-schema | out-of-range | refused */
  code: string;
  /** Error in words */
  reason: string;
  at: number;
  key: null | Buffer;
  /** At most 900,000 bytes; longer ones are cut and say so in reason */
  value: null | Buffer;
  headers: Record<string, Buffer>;
}
export const deadLetterSchema = {"type":"record","name":"DeadLetter","namespace":"millrace.v1","doc":"A message that could not be processed, whole, with where it came from and why. Topic m2m.dead-letters, key topic:partition:offset.","fields":[{"name":"source_topic","type":"string"},{"name":"source_partition","type":"int"},{"name":"source_offset","type":"long"},{"name":"source_timestamp","type":"long","doc":"Timestamp of the message, ms since 1970-01-01 UTC"},{"name":"consumer","type":"string","doc":"Consumer group that refused it"},{"name":"code","type":"string","doc":"unknown-schema | truncated | undecodable | wrong-schema | out-of-range | refused"},{"name":"reason","type":"string","doc":"Error in words"},{"name":"at","type":"long"},{"name":"key","type":["null","bytes"],"default":null},{"name":"value","type":["null","bytes"],"default":null,"doc":"At most 900,000 bytes; longer ones are cut and say so in reason"},{"name":"headers","type":{"type":"map","values":"bytes"},"default":{}}]} as const;
