/** Acknowledges a batch when all frames that hold its readings are durable. */
import { type Receipts, type SampleBatch } from './adapter';

export class BatchToken {
  private open = 1;
  /** Frames that hold readings of it and did not go to the outbox yet. */
  private frames = 0;
  private more = true;

  constructor(private readonly batch: SampleBatch) {}

  hold(): void {
    this.open++;
    this.frames++;
  }

  release(): void {
    if (--this.open === 0) this.batch.ack();
  }

  /** Its last sample is being looked at. */
  last(): void {
    this.more = false;
  }

  /** A frame of it goes to the outbox, behind those before. The last one carries what is to be durable with all of them. */
  submitted(): Receipts | undefined {
    return --this.frames === 0 && !this.more ? this.batch.receipts : undefined;
  }
}

/** What the frame of these batches is to carry; undefined: nothing. */
export function receiptsOf(tokens: readonly BatchToken[]): Receipts | undefined {
  const all = tokens.flatMap((token) => [...(token.submitted() ?? [])]);
  return all.length > 0 ? new Map(all) : undefined;
}
