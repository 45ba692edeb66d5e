/** Requests under way with one server: each ends once, with its answer, with its time, or with the link. */
import { LinkError } from './link';
import { type Callback } from './services';

/** Rejects with LinkError `timeout`; what comes later is of no interest. */
export function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new LinkError('timeout', `${what}: no answer within ${Math.round(ms)} ms`)),
      ms,
    );
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

export class Requests {
  open = true;
  /** Resolves with the reason when the session is of no more use. */
  readonly lost: Promise<Error>;
  private reason: Error | undefined;
  /** What is told of the end: `lost`, and the requests under way. */
  private readonly ends = new Set<(reason: Error) => void>();

  constructor(private readonly timeout_ms: number) {
    this.lost = new Promise((resolve) => this.ends.add(resolve));
  }

  gone(reason: Error): void {
    if (!this.open) return;
    this.open = false;
    this.reason = reason;
    for (const end of this.ends) end(reason);
  }

  call<T>(what: string, start: (cb: Callback<T>) => void, timeout_ms = this.timeout_ms): Promise<T> {
    const work = new Promise<T>((resolve, reject) =>
      start((error, response) => {
        if (error) reject(error);
        else if (response === undefined) reject(new Error('an empty answer'));
        else resolve(response);
      }),
    );
    return this.ask(what, timeout_ms, work);
  }

  /** Ends with the answer, with its time, or with the link: whichever comes first. */
  async ask<T>(what: string, timeout_ms: number, work: Promise<T>): Promise<T> {
    let end: (reason: Error) => void = () => undefined;
    // No race with a promise that lives as long as the session: it would keep every answer there ever was.
    const ended = new Promise<T>((resolve, reject) => {
      work.then(resolve, reject);
      this.ends.add((end = (reason) => reject(endedBy(what, reason))));
      if (this.reason) end(this.reason);
    });
    try {
      return await within(timeout_ms, what, ended);
    } catch (error) {
      if (error instanceof LinkError) throw error;
      if (this.reason) throw endedBy(what, this.reason);
      const { message } = error as Error;
      const isLost =
        !this.open || /Invalid Channel|connection|BadSession|BadSecureChannel|has been closed/i.test(message);
      const kind = isLost ? 'closed' : /timed? ?out|BadRequestTimeout/i.test(message) ? 'timeout' : 'service';
      throw new LinkError(kind, `${what}: ${message.trim()}`, { cause: error });
    } finally {
      this.ends.delete(end);
    }
  }
}

/** A session given up for its silence leaves requests unanswered, not refused. */
function endedBy(what: string, reason: Error): LinkError {
  const kind = reason instanceof LinkError ? reason.kind : 'closed';
  return new LinkError(kind, `${what}: ${reason.message}`, { cause: reason });
}
