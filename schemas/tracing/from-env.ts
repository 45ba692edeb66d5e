/**
 * Tracing as the environment asks for it: off unless OTEL_EXPORTER_OTLP_ENDPOINT (the address of a collector, OTLP over HTTP) is
 * set. TRACE_PER_MILLION of the requests that come without a trace, and TRACE_FRAMES_PER_MILLION of an agent's frames of readings,
 * are told of. The exporter itself reads OTEL_EXPORTER_OTLP_HEADERS.
 */
import { randomBytes } from 'node:crypto';
import { Counter, type Registry } from 'prom-client';
import { plaintextProblem } from '../plaintext';
import { type Env, StreamError } from '../stream-config';
import { MILLION } from './context';
import { openTracer } from './otel';
import { type SpanOutcome } from './span-queue';
import { type Tracer, untraced } from './tracer';

export const REQUESTS_PER_MILLION = 100_000;
export const FRAMES_PER_MILLION = 100;
/** A trace costs more than a frame does. */
export const MAX_FRAMES_PER_MILLION = 10_000;

export interface Tracing {
  readonly tracer: Tracer;
  /** Of an agent's frames; 0 when nothing is traced. */
  readonly framesPerMillion: number;
  /** Sends what waits; never rejects. */
  close(): Promise<void>;
}

/** Longest wait at the end for a collector that does not answer. */
const CLOSE_MS = 3_000;

export const NO_TRACING: Tracing = { tracer: untraced, framesPerMillion: 0, close: () => Promise.resolve() };

/** Throws StreamError `configuration`. `service` becomes `service.name`. */
export async function tracingFromEnv(env: Env, service: string, metrics: Registry): Promise<Tracing> {
  const spans = spanCounter(metrics);
  const endpoint = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (!endpoint) return NO_TRACING;
  const problem = plaintextProblem(env, {
    ...{ remote: 'traces', addresses: [endpoint], encrypted: endpoint.startsWith('https:') },
  });
  if (problem) throw new StreamError('configuration', 'send traces', problem.message, problem.hint);
  const perMillion = share(env['TRACE_PER_MILLION'], 'TRACE_PER_MILLION', REQUESTS_PER_MILLION, MILLION);
  const framesPerMillion = share(
    env['TRACE_FRAMES_PER_MILLION'],
    ...(['TRACE_FRAMES_PER_MILLION', FRAMES_PER_MILLION, MAX_FRAMES_PER_MILLION] as const),
  );
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  const { tracer, close } = await openTracer({
    exporter: new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` }),
    ...{ service, perMillion, random: (bytes) => randomBytes(bytes).toString('hex') },
    count: (outcome, n) => spans.inc({ outcome }, n),
  });
  const closed = (): Promise<void> =>
    Promise.race([close(), new Promise<void>((over) => setTimeout(over, CLOSE_MS).unref())]);
  return { tracer, framesPerMillion, close: closed };
}

/** Registered also where nothing is traced: a name that comes and goes is none to build an alert on. */
export function spanCounter(registry: Registry): Counter<'outcome'> {
  const spans = new Counter({
    name: 'millrace_trace_spans_total',
    help: 'Spans by what became of them: exported, dropped (2,048 were waiting), failed (the collector did not take them)',
    labelNames: ['outcome'],
    registers: [registry],
  });
  for (const outcome of ['exported', 'dropped', 'failed'] satisfies SpanOutcome[]) spans.inc({ outcome }, 0);
  return spans;
}

function share(given: string | undefined, variable: string, fallback: number, most: number): number {
  const n = given === undefined || given === '' ? fallback : Number(given);
  if (Number.isInteger(n) && n >= 0 && n <= most) return n;
  const hint = `set it to an integer from 0 to ${most}`;
  throw new StreamError('configuration', 'read environment', `${variable} is ${given}`, hint);
}
