/** Spans on their way to the collector: a bounded queue, sent in batches. A collector that is away costs spans, never work. */
import { type ReadableSpan, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace-base';

/** Spans that wait; beyond it they are dropped, and counted. */
export const MAX_WAITING_SPANS = 2_048;
export const MAX_BATCH_SPANS = 256;
export const LINGER_MS = 2_000;

/** exported: the collector has it. dropped: no room. failed: the collector did not take it; nothing is sent twice. */
export type SpanOutcome = 'exported' | 'dropped' | 'failed';

/** ExportResultCode.SUCCESS of the SDK. */
const SUCCESS = 0;

export class SpanQueue implements SpanProcessor {
  private waiting: ReadableSpan[] = [];
  private timer: NodeJS.Timeout | undefined;
  private sending: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly exporter: SpanExporter,
    private readonly count: (outcome: SpanOutcome, spans: number) => void,
  ) {}

  onStart(): void {
    // Told when it ends.
  }

  onEnd(span: ReadableSpan): void {
    if (this.closed || this.waiting.length >= MAX_WAITING_SPANS) return this.count('dropped', 1);
    this.waiting.push(span);
    if (this.waiting.length >= MAX_BATCH_SPANS) void this.forceFlush();
    else this.timer ??= setTimeout(() => void this.forceFlush(), LINGER_MS).unref();
  }

  /** Sends what waits; never rejects. */
  forceFlush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    return (this.sending ??= this.send().finally(() => (this.sending = undefined)));
  }

  async shutdown(): Promise<void> {
    this.closed = true;
    await this.forceFlush();
    await this.exporter.shutdown();
  }

  private async send(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, MAX_BATCH_SPANS);
      const taken = await new Promise<boolean>((done) =>
        this.exporter.export(batch, ({ code }) => done(code === SUCCESS)),
      );
      this.count(taken ? 'exported' : 'failed', batch.length);
    }
  }
}
