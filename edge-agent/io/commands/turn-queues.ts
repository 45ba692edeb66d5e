/** Work for each device, one piece after the other: the most urgent first, then in the order it came. Bounded by the ledger. */

/** Goes before everything else: what an earlier run of the agent had begun. */
export const BEGUN_BEFORE = Number.POSITIVE_INFINITY;

interface Work {
  readonly priority: number;
  readonly run: () => Promise<void>;
}

interface Queue {
  readonly waiting: Work[];
  running: Promise<void>;
}

export class TurnQueues {
  private readonly queues = new Map<string, Queue>();

  constructor(
    private readonly stopped: () => boolean,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Devices with work under way or waiting. */
  get size(): number {
    return this.queues.size;
  }

  add(device: string, priority: number, run: () => Promise<void>): void {
    const known = this.queues.get(device);
    if (known) return void known.waiting.push({ priority, run });
    const queue: Queue = { waiting: [{ priority, run }], running: Promise.resolve() };
    this.queues.set(device, queue);
    queue.running = this.work(device, queue.waiting);
  }

  /** Resolves when nothing is under way; what waits is left alone once stopped. */
  async idle(): Promise<void> {
    await Promise.all([...this.queues.values()].map((q) => q.running));
  }

  private async work(device: string, waiting: Work[]): Promise<void> {
    await Promise.resolve();
    while (waiting.length > 0 && !this.stopped()) {
      const [next] = waiting.splice(mostUrgent(waiting), 1);
      await next?.run().catch(this.onError);
    }
    this.queues.delete(device);
  }
}

function mostUrgent(waiting: readonly Work[]): number {
  let first = 0;
  for (const [i, { priority }] of waiting.entries()) if (priority > (waiting[first]?.priority ?? 0)) first = i;
  return first;
}
