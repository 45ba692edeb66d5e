import { type Chunk, type Feed } from '../ports';

/** What one partition may hold here and in its worker. Two full batches: one being inserted, one being collected. */
export const MAX_FEED_BYTES = 48 * 1024 * 1024;

/** Chunks of one partition that have arrived and were not taken yet. */
export class PartitionFeed implements Feed {
  /** Bytes not released yet. */
  held = 0;
  closed = false;
  private readonly chunks: Chunk[] = [];
  private wake: (() => void) | undefined;
  private failure: Error | undefined;

  constructor(
    readonly topic: string,
    readonly partition: number,
    /** Next offset to ask for. */
    public position: number,
    private readonly changed: (bytes: number) => void,
  ) {}

  get ready(): boolean {
    return this.chunks.length > 0;
  }

  wants(crowded: boolean): boolean {
    return !this.closed && !this.failure && this.held < MAX_FEED_BYTES && (!crowded || this.held === 0);
  }

  deliver(chunk: Chunk): void {
    if (this.closed) return;
    this.position = chunk.position;
    const last = this.chunks.at(-1);
    if (last && chunk.messages.length === 0)
      this.chunks.splice(-1, 1, { ...last, position: chunk.position, high: chunk.high });
    else this.chunks.push(chunk);
    this.hold(chunk.bytes);
    this.wake?.();
  }

  async next(wait_ms: number, signal: AbortSignal): Promise<Chunk | undefined> {
    if (this.chunks.length === 0 && !this.failure && !signal.aborted) await this.arrival(wait_ms, signal);
    if (this.failure && this.chunks.length === 0) throw this.failure;
    return this.chunks.shift();
  }

  /** What has arrived is still given; then `next` throws. */
  fail(failure: Error): void {
    this.failure = failure;
    this.wake?.();
  }

  private arrival(wait_ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, wait_ms);
      signal.addEventListener('abort', done, { once: true });
      this.wake = done;
    });
  }

  release(bytes: number): void {
    this.hold(-bytes);
  }

  close(): void {
    this.closed = true;
    this.hold(-this.held);
    this.chunks.length = 0;
    this.wake?.();
  }

  private hold(bytes: number): void {
    const before = this.held;
    this.held = Math.max(0, before + bytes);
    this.changed(this.held - before);
  }
}
