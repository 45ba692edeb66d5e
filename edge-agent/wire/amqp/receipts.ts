/**
 * Messages taken from a broker, so that one that it sends again over another link is not handed on twice. Pure.
 * A message can come again only after the link was lost over which it came first: what is alike on one link is two messages.
 */
import { createHash } from 'node:crypto';
import { type Receipts as Durables } from '../../adapter';
import { type Memory } from './memory';

/** Tells the broker that it is done with; `refusal`: that it was not understood. */
export type Settle = (refusal?: string) => void;

interface Receipt {
  readonly link: number;
  settle: Settle;
  /** Durable, or refused for a reason. */
  outcome: { readonly refusal: string | undefined } | undefined;
}

/** What to do with a message: hand it on and call `durable` in time, or nothing because it was handed on before. */
export type Arrival =
  { readonly kind: 'new'; readonly receipts?: Durables; readonly durable: Settle } | { readonly kind: 'again' };

export class Receipts {
  /** The newest by what they are; those that are alike in the order in which they came. */
  private readonly known = new Map<string, Receipt[]>();
  private count = 0;
  private link = 0;

  /** `bound`: receipts remembered; those that are not durable yet in any case. */
  constructor(
    private readonly bound: number,
    private readonly memory?: Memory,
  ) {}

  get size(): number {
    return this.count;
  }

  /** A new link. */
  opened(): void {
    this.link++;
  }

  /**
   * `again`: the broker says that it may have sent the message before. `returned`: that it has. One that was refused and is
   * sent again is accepted: a broker without a place for what is refused would send it for ever.
   */
  arrive(print: string, again: boolean, settle: Settle, returned = false): Arrival {
    if (returned && this.known.get(print)?.some(({ outcome }) => outcome?.refusal !== undefined)) {
      settle();
      return { kind: 'again' };
    }
    const before = again ? this.earlier(print) : undefined;
    if (!before && returned && this.memory?.took(print)) {
      settle();
      return { kind: 'again' };
    }
    const receipt = before ?? { link: this.link, settle, outcome: undefined };
    const now: Receipt = Object.assign(receipt, { link: this.link, settle });
    this.remember(print, now);
    if (before) {
      if (before.outcome) settle(before.outcome.refusal);
      return { kind: 'again' };
    }
    const durable = (refusal?: string): void => {
      now.outcome = { refusal };
      now.settle(refusal);
    };
    return { kind: 'new', durable, ...(this.memory && { receipts: this.memory.receiptsOf(print) }) };
  }

  /** The oldest of those alike that came over an earlier link; it is forgotten. */
  private earlier(print: string): Receipt | undefined {
    const alike = this.known.get(print);
    if (!alike?.[0] || alike[0].link === this.link) return undefined;
    const [first, ...rest] = alike;
    this.keep(print, rest);
    this.count--;
    return first;
  }

  private remember(print: string, receipt: Receipt): void {
    this.keep(print, [...(this.known.get(print) ?? []), receipt]);
    if (++this.count <= this.bound) return;
    for (const [old, alike] of this.known) {
      if (!alike[0]?.outcome) continue;
      this.keep(old, alike.slice(1));
      this.count--;
      return;
    }
  }

  private keep(print: string, receipts: Receipt[]): void {
    if (receipts.length === 0) this.known.delete(print);
    else this.known.set(print, receipts);
  }
}

/** What a message is told by. */
export function fingerprint(parts: readonly (string | Buffer | undefined)[]): string {
  const hash = createHash('sha1');
  for (const part of parts) {
    const bytes = Buffer.isBuffer(part) ? part : Buffer.from(part ?? '');
    hash.update(`${part === undefined ? 'none' : bytes.length} `).update(bytes);
  }
  return hash.digest('base64');
}
