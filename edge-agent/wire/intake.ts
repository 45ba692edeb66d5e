/** What came by itself and waits for the agent to have room. Bounded: the source is held back while much is waiting. */
import { type AdapterSink, type SampleBatch } from '../adapter';

/** From here on the source is held back, and let go again at half of it. */
export const MAX_WAITING_BATCHES = 2_000;

export class Intake {
  private waiting: SampleBatch[] = [];
  private asking = false;
  private held = false;
  private closed = false;

  /** `hold` stops and starts the source. */
  constructor(
    private readonly sink: AdapterSink,
    private readonly hold: (held: boolean) => void,
  ) {}

  get size(): number {
    return this.waiting.length;
  }

  push(batch: SampleBatch): void {
    if (this.closed) return;
    this.waiting.push(batch);
    if (!this.held && this.waiting.length >= MAX_WAITING_BATCHES) this.hold((this.held = true));
    if (!this.asking) void this.hand();
  }

  /** What was not handed over by then is dropped unacknowledged: the source has it still. */
  close(): void {
    this.closed = true;
    this.waiting = [];
  }

  private async hand(): Promise<void> {
    this.asking = true;
    while (this.waiting.length > 0) {
      try {
        await this.sink.ready();
      } catch {
        // Refused only when the agent is stopping.
        return this.close();
      }
      for (const batch of this.waiting.splice(0)) if (!this.closed) this.sink.samples(batch);
      if (this.held) this.hold((this.held = false));
    }
    this.asking = false;
  }
}
