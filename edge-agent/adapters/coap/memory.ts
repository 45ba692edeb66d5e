/**
 * Messages that came before (RFC 7252, 4.5). Pure. A confirmable message comes again when its acknowledgement got lost, or
 * while its readings are still on their way to the disk: it is not handed on twice.
 */

/** After this long a message id stands for another message, ms (EXCHANGE_LIFETIME). */
export const LIFETIME_MS = 247_000;
/** Messages remembered; the oldest give way. A message is sent again for 93 s at most. */
export const MAX_REMEMBERED = 32_768;

interface Exchange {
  readonly at: number;
  /** What was sent back; undefined: nothing yet. */
  answer: Buffer | undefined;
}

export type Verdict = { readonly kind: 'new' } | { readonly kind: 'again'; readonly answer: Buffer | undefined };

export class Memory {
  private readonly exchanges = new Map<string, Exchange>();

  get size(): number {
    return this.exchanges.size;
  }

  judge(key: string, now: number): Verdict {
    const before = this.exchanges.get(key);
    if (!before || now - before.at > LIFETIME_MS) return { kind: 'new' };
    return { kind: 'again', answer: before.answer };
  }

  begin(key: string, now: number): void {
    this.exchanges.delete(key);
    for (const [old, { at }] of this.exchanges)
      if (now - at > LIFETIME_MS || this.exchanges.size >= MAX_REMEMBERED) this.exchanges.delete(old);
      else break;
    this.exchanges.set(key, { at: now, answer: undefined });
  }

  /** What goes out if the message comes again. */
  answered(key: string, answer: Buffer): void {
    const exchange = this.exchanges.get(key);
    if (exchange) exchange.answer = answer;
  }
}
