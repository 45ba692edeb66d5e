/** Spans in memory, with ids that are counted up. */
import { InMemorySpanExporter, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { openTracer, type TracerOptions } from '../../schemas/tracing/otel';
import { type Tracer } from '../../schemas/tracing/tracer';

export interface Collector {
  readonly tracer: Tracer;
  /** Everything told of so far, oldest end first. */
  spans(): Promise<ReadableSpan[]>;
}

export async function collector(change: Partial<TracerOptions> = {}): Promise<Collector> {
  const exporter = new InMemorySpanExporter();
  let n = 0;
  const { tracer, close } = await openTracer({
    ...{ exporter, service: 'test', perMillion: 1_000_000, count: () => undefined },
    random: (bytes) => (++n).toString(16).padStart(2 * bytes, '0'),
    ...change,
  });
  // Ending forgets what an exporter in memory holds: it is taken before.
  exporter.shutdown = () => Promise.resolve();
  return {
    tracer,
    spans: async () => {
      await close();
      return exporter.getFinishedSpans();
    },
  };
}

/** Names from the first step to this one, as the spans name their parents. */
export function pathOf(spans: readonly ReadableSpan[], name: string): string[] {
  const path: string[] = [];
  let span = spans.find((s) => s.name === name);
  while (span) {
    path.unshift(span.name);
    const parent = span.parentSpanContext?.spanId;
    span = spans.find((s) => s.spanContext().spanId === parent);
  }
  return path;
}
