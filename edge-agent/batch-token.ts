/** Acknowledges a batch when all frames that hold its readings are durable. `F`: what an open frame is known by. */
import { type Receipts, type SampleBatch } from './adapter';

export class BatchToken<F> {
  private pending = 1;
  /** Frames with readings of it that did not go to the outbox yet; those of a batch with receipts that are open. */
  private frames = 0;
  private readonly open = new Set<F>();

  constructor(private readonly batch: SampleBatch) {}

  /** The frame has got a reading of it. */
  hold(frame: F): void {
    this.pending++;
    this.frames++;
    if (this.batch.receipts) this.open.add(frame);
  }

  closed(frame: F): void {
    this.open.delete(frame);
  }

  /** Open frames that are to be durable with those of it that are closed, or not at all. */
  together(): readonly F[] {
    return [...this.open];
  }

  release(): void {
    if (--this.pending === 0) this.batch.ack();
  }

  /** A frame of it goes to the outbox, behind those before. The last one carries what is to be durable with all of them. */
  submitted(): Receipts | undefined {
    return --this.frames === 0 ? this.batch.receipts : undefined;
  }
}

/** What the frames of these batches are to carry; undefined: nothing. */
export function receiptsOf(tokens: readonly Pick<BatchToken<unknown>, 'submitted'>[]): Receipts | undefined {
  const all = tokens.flatMap((token) => [...(token.submitted() ?? [])]);
  return all.length > 0 ? new Map(all) : undefined;
}
