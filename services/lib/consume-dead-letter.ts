/** A message that cannot be processed, kept whole with where it came from and why. */
import { type KafkaMessage } from 'kafkajs';
import { type DeadLetter } from '../../schemas/generated';
import { CodecError } from '../../schemas/codec';
import { StreamError } from '../../schemas/stream';

export const MAX_DEAD_VALUE_BYTES = 900_000;

export interface Refusal {
  readonly code: 'unknown-schema' | 'truncated' | 'undecodable' | 'wrong-schema' | 'out-of-range' | 'refused';
  readonly reason: string;
}

/** What to write about an error of decoding; undefined when the message is not to blame and a retry may help. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof CodecError) {
    const { code } = error;
    const known = code === 'truncated' || code === 'undecodable' || code === 'wrong-schema';
    return { code: known ? code : 'undecodable', reason: error.message };
  }
  if (error instanceof StreamError && error.code === 'unknown-schema')
    return { code: 'unknown-schema', reason: error.message };
  return undefined;
}

export interface Source {
  readonly topic: string;
  readonly partition: number;
  /** Consumer group that refuses. */
  readonly consumer: string;
  /** ms since 1970-01-01 UTC. */
  readonly now: number;
}

export function deadLetter(message: KafkaMessage, source: Source, refusal: Refusal): DeadLetter {
  const value = message.value;
  const cut = value !== null && value.length > MAX_DEAD_VALUE_BYTES;
  const note = cut ? ` (value of ${value.length} bytes cut to ${MAX_DEAD_VALUE_BYTES})` : '';
  return {
    source_topic: source.topic,
    source_partition: source.partition,
    source_offset: Number(message.offset),
    source_timestamp: Number(message.timestamp),
    consumer: source.consumer,
    code: refusal.code,
    reason: refusal.reason + note,
    at: source.now,
    key: message.key,
    value: cut ? value.subarray(0, MAX_DEAD_VALUE_BYTES) : value,
    headers: headersOf(message),
  };
}

/** The first value of each header: enough to find out who wrote it. */
function headersOf(message: KafkaMessage): Record<string, Buffer> {
  const entries = Object.entries(message.headers ?? {}).flatMap(([name, value]) => {
    const first = Array.isArray(value) ? value[0] : value;
    return first === undefined ? [] : [[name, Buffer.from(first)] as const];
  });
  return Object.fromEntries(entries);
}
