/** Messages published and not yet confirmed by the broker, by message id. Never published twice. */
import { PublishError } from '../../wire/broker/publish-error';

interface Pending {
  readonly timer: NodeJS.Timeout;
  resolve(): void;
  reject(error: PublishError): void;
}

export const MAX_UNCONFIRMED = 256;
const NACKED = 'message nacked';

export class Confirms {
  private readonly pending = new Map<string, Pending>();
  private last = 0;

  /** Resolves when the broker has taken it. `send` is called once. */
  publish(
    address: string,
    timeout_ms: number,
    send: (messageId: string, confirmed: (refusal: unknown) => void) => void,
  ): Promise<void> {
    if (this.pending.size >= MAX_UNCONFIRMED)
      return Promise.reject(new PublishError('not-connected', 'too many commands wait for an answer already'));
    return new Promise((resolve, reject) => {
      const id = String(++this.last);
      const give_up = (): void => this.fail(id, new PublishError('timeout', `no answer within ${timeout_ms} ms`));
      this.pending.set(id, { timer: setTimeout(give_up, timeout_ms), resolve, reject });
      send(id, (refusal) => this.confirmed(id, address, refusal));
    });
  }

  /** The broker gave it back; it confirms it all the same, right after. */
  returned(id: string, address: string): void {
    this.fail(id, new PublishError('refused', `no queue takes what is sent to ${address}`));
  }

  closed(reason: Error): void {
    for (const id of [...this.pending.keys()]) this.fail(id, new PublishError('closed', reason.message));
  }

  private confirmed(id: string, address: string, refusal: unknown): void {
    const pending = this.pending.get(id);
    if (!pending) return;
    // The library tells a refusal from an end of the channel by its text alone.
    const nacked = refusal instanceof Error && refusal.message === NACKED;
    if (nacked) return this.fail(id, new PublishError('refused', `the broker refuses what is sent to ${address}`));
    if (refusal) return this.fail(id, new PublishError('closed', String(refusal)));
    this.end(id, pending);
    pending.resolve();
  }

  private fail(id: string, error: PublishError): void {
    const pending = this.pending.get(id);
    if (!pending) return;
    this.end(id, pending);
    pending.reject(error);
  }

  private end(id: string, pending: Pending): void {
    clearTimeout(pending.timer);
    this.pending.delete(id);
  }
}
