/** What a process tells about its part of a trace. Without an exporter nothing is told, and nothing of it costs anything. */

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';
/** Names as OpenTelemetry's semantic conventions have them, and `millrace.…`. No arguments, no readings, no secrets. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanFacts {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  /** When it began, ms since 1970-01-01 UTC; absent: now. */
  readonly at?: number;
}

export interface SpanEnd {
  /** A better name than the one it began with. */
  readonly name?: string;
  readonly attributes?: Attributes;
  /** What went wrong, in words. */
  readonly error?: string | undefined;
}

export interface Span {
  /** For whoever goes on with it (W3C); undefined when this is not traced. */
  readonly traceparent: string | undefined;
  /** 32 hex digits; undefined when this is not traced. */
  readonly traceId: string | undefined;
  /** Once. */
  end(how?: SpanEnd): void;
}

export interface Tracer {
  /** What came from outside: goes on with the caller's trace when there is one, else begins a trace, in a share of cases. */
  enter(parent: string | undefined, name: string, facts?: SpanFacts): Span;
  /** A trace with an id that was worked out (traceIdOf), always: whoever calls has decided. */
  begin(traceId: string, name: string, facts?: SpanFacts): Span;
  /** The next step of a trace; nothing is told without a parent, or when the parent is not told of. */
  follow(parent: string | undefined, name: string, facts?: SpanFacts): Span;
}

export const NO_SPAN: Span = { traceparent: undefined, traceId: undefined, end: () => undefined };

export const untraced: Tracer = { enter: () => NO_SPAN, begin: () => NO_SPAN, follow: () => NO_SPAN };

/** Carries out and tells of it; what is thrown goes on to whoever called. */
export async function during<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    span.end();
    return result;
  } catch (error) {
    span.end({ error: (error as Error).message });
    throw error;
  }
}
