/** Tries until it works, says meanwhile what it waits for, and gives up only when the partition is no longer ours. */
import { retryDelay } from '../domain/ingest/pace';
import { isFenced, ProjectorError } from './errors';
import { type Clock } from './ports';

/** An attempt that has not been answered for so long is spoken of, though it may still succeed. */
export const SLOW_MS = 2_000;

export interface WaitReport {
  waiting(reason: string): void;
  working(): void;
}

export class Patience {
  constructor(
    private readonly clock: Clock,
    private readonly signal: AbortSignal,
    private readonly report: WaitReport,
  ) {}

  /** The first result of `f` that is no error. Throws ProjectorError `fenced` once the generation is over. */
  async until<T>(operation: string, f: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      this.check();
      try {
        const result = await this.watched(operation, f);
        this.report.working();
        return result;
      } catch (e) {
        if (isFenced(e)) throw e;
        this.report.waiting(`${operation}: ${(e as Error).message}`);
      }
      await this.clock.sleep(retryDelay(attempt), this.signal);
    }
  }

  private async watched<T>(operation: string, f: () => Promise<T>): Promise<T> {
    const answered = new AbortController();
    void this.clock.sleep(SLOW_MS, answered.signal).then(() => {
      if (!answered.signal.aborted) this.report.waiting(`${operation}: no answer for ${SLOW_MS / 1000} s`);
    });
    try {
      return await f();
    } finally {
      answered.abort();
    }
  }

  async pause(ms: number): Promise<void> {
    await this.clock.sleep(ms, this.signal);
    this.check();
  }

  check(): void {
    if (!this.signal.aborted) return;
    const hint = 'nothing to do: the partition’s next owner repeats what was intended';
    throw new ProjectorError('fenced', 'project', 'the group has a newer generation', hint);
  }
}
