/**
 * The trace that something belongs to, as W3C Trace Context writes it: `00-<32 hex: trace>-<16 hex: span>-<2 hex: flags>`.
 * It travels as the header `traceparent` of requests and of messages on the stream. Pure.
 */
import { createHash } from 'node:crypto';

/** Of HTTP requests and of Kafka messages alike. */
export const TRACE_HEADER = 'traceparent';
export const MILLION = 1_000_000;

export interface TraceContext {
  /** 32 hex digits, not all 0. */
  readonly traceId: string;
  /** 16 hex digits, not all 0. */
  readonly spanId: string;
  readonly sampled: boolean;
}

/** Versions after 00 may add parts at the end; ff is none. */
const W3C = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/;
const LONGEST = 256;

/** Undefined for what is no such context. */
export function parseTraceparent(text: string | undefined): TraceContext | undefined {
  if (text === undefined || text.length > LONGEST) return undefined;
  const [, traceId, spanId, flags] = W3C.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, sampled: (parseInt(flags, 16) & 1) === 1 };
}

export const traceparentOf = ({ traceId, spanId, sampled }: TraceContext): string =>
  `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;

/** Of a message as kafkajs gives it: a header that was sent twice counts as none. */
export function traceparentIn(headers: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const value = headers?.[TRACE_HEADER];
  return Buffer.isBuffer(value) || typeof value === 'string' ? value.toString() : undefined;
}

/** Headers of a message that belongs to a trace; none of one that does not. */
export const traceHeaders = (traceparent: string | undefined): { headers?: Record<string, string> } =>
  traceparent === undefined ? {} : { headers: { [TRACE_HEADER]: traceparent } };

/** The id of a trace that nobody has to remember: whoever knows the name can work it out, and a repeat gives the same. */
export const traceIdOf = (name: string): string => createHash('sha256').update(name).digest('hex').slice(0, 32);

/** Of evenly spread ids, so many in a million; the same id always gives the same answer. */
export const isSampled = (traceId: string, perMillion: number): boolean =>
  parseInt(traceId.slice(0, 8), 16) % MILLION < perMillion;
