/**
 * What one transaction sends, in as many sends as it takes: kafkajs writes what a send has for one partition as one record
 * batch, and a broker takes about a megabyte of that. Pure.
 */
import { type Message, type TopicMessages } from 'kafkajs';

/** Of one topic in one send; less than half of it is left for what a message may be larger than the bound. */
export const MAX_SEND_BYTES = 700_000;
/** What the broker keeps for each record besides key and value, at most. */
export const RECORD_OVERHEAD_BYTES = 64;

export function sendsOf(outputs: readonly TopicMessages[], max_bytes = MAX_SEND_BYTES): readonly TopicMessages[][] {
  const sends: TopicMessages[][] = [];
  for (const { topic, messages } of outputs)
    for (const [i, part] of partsOf(messages, max_bytes).entries()) (sends[i] ??= []).push({ topic, messages: part });
  return sends;
}

/** In order; a message that is too large by itself is a part of its own. */
function partsOf(messages: readonly Message[], max_bytes: number): Message[][] {
  const parts: Message[][] = [];
  let from = 0;
  let bytes = 0;
  for (const [i, message] of messages.entries()) {
    const size = sizeOf(message);
    if (i > from && bytes + size > max_bytes) {
      parts.push(messages.slice(from, i));
      from = i;
      bytes = 0;
    }
    bytes += size;
  }
  if (from < messages.length) parts.push(messages.slice(from));
  return parts;
}

const sizeOf = ({ key, value }: Message): number => (key?.length ?? 0) + (value?.length ?? 0) + RECORD_OVERHEAD_BYTES;
