/** Traces by OpenTelemetry's SDK, which is loaded only where traces are told: an agent's memory is small. */
import { type Span as OtelSpan } from '@opentelemetry/api';
import { type IdGenerator, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { isSampled, parseTraceparent, type TraceContext, traceparentOf } from './context';
import { type SpanOutcome, SpanQueue } from './span-queue';
import { NO_SPAN, type Span, type SpanEnd, type SpanFacts, type SpanKind, type Tracer } from './tracer';

export interface TracerOptions {
  readonly exporter: SpanExporter;
  /** `service.name` of the resource. */
  readonly service: string;
  /** Of a million traces that begin here, so many are told of. */
  readonly perMillion: number;
  /** So many random bytes, hex. */
  readonly random: (bytes: number) => string;
  readonly count: (outcome: SpanOutcome, spans: number) => void;
}

export interface OpenTracer {
  readonly tracer: Tracer;
  /** Sends what waits. Never rejects for a collector that is away. */
  close(): Promise<void>;
}

/** Ids of traces are decided before the SDK is asked. */
class GivenIds implements IdGenerator {
  traceId = '';

  constructor(private readonly random: (bytes: number) => string) {}

  generateTraceId = (): string => this.traceId;
  generateSpanId = (): string => this.random(8);
}

/** SpanKind and SpanStatusCode of the API, whose numbers OTLP has fixed. */
const KIND: Readonly<Record<SpanKind, number>> = { internal: 0, server: 1, client: 2, producer: 3, consumer: 4 };
const ERROR = 2;

export async function openTracer(options: TracerOptions): Promise<OpenTracer> {
  const { exporter, service, random, count } = options;
  const [{ AlwaysOnSampler, BasicTracerProvider }, { resourceFromAttributes }, { ROOT_CONTEXT, trace }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/api'),
    ]);
  const ids = new GivenIds(random);
  const provider = new BasicTracerProvider({
    // Whether a trace is told of was decided before the SDK is asked.
    sampler: new AlwaysOnSampler(),
    idGenerator: ids,
    resource: resourceFromAttributes({ 'service.name': service, 'service.namespace': 'millrace' }),
    spanProcessors: [new SpanQueue(exporter, count)],
  });
  const otel = provider.getTracer('millrace');
  const start: Start = (name, { kind = 'internal', attributes, at } = {}, parent) => {
    const more = { ...(attributes && { attributes }), ...(at !== undefined && { startTime: new Date(at) }) };
    const context = parent
      ? trace.setSpanContext(ROOT_CONTEXT, { ...parent, traceFlags: 1, isRemote: true })
      : ROOT_CONTEXT;
    return told(otel.startSpan(name, { kind: KIND[kind], ...more }, context));
  };
  return { tracer: tracerOf(start, ids, options), close: () => provider.shutdown() };
}

type Start = (name: string, facts?: SpanFacts, parent?: Pick<TraceContext, 'traceId' | 'spanId'>) => Span;

function tracerOf(start: Start, ids: GivenIds, { random, perMillion }: TracerOptions): Tracer {
  const tracer: Tracer = {
    enter: (parent, name, facts) => {
      if (parseTraceparent(parent)) return tracer.follow(parent, name, facts);
      const traceId = random(16);
      return isSampled(traceId, perMillion) ? tracer.begin(traceId, name, facts) : NO_SPAN;
    },
    begin: (traceId, name, facts) => {
      ids.traceId = traceId;
      return start(name, facts);
    },
    follow: (parent, name, facts) => {
      const context = parseTraceparent(parent);
      if (!context?.sampled) return NO_SPAN;
      const { traceId, spanId } = context;
      return start(name, facts, { traceId, spanId });
    },
  };
  return tracer;
}

function told(span: OtelSpan): Span {
  const { traceId, spanId } = span.spanContext();
  return {
    traceId,
    traceparent: traceparentOf({ traceId, spanId, sampled: true }),
    end({ name, attributes, error }: SpanEnd = {}) {
      if (name !== undefined) span.updateName(name);
      if (attributes) span.setAttributes(attributes);
      if (error !== undefined) span.setStatus({ code: ERROR, message: error });
      span.end();
    },
  };
}
