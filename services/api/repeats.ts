/**
 * POST requests that come again under their Idempotency-Key, while their answers are remembered: pure, time comes in. What is
 * carried out at most once also after that, and across instances, has its id from the key in the log (idempotency.ts).
 */

/** How long an answer is remembered. */
export const KEPT_MS = 3_600_000;
/** Past either the oldest answers go first. */
export const MAX_KEPT = 10_000;
export const MAX_KEPT_CHARS = 16 * 1_024 * 1_024;

export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly text: string;
}

interface Kept {
  /** Of what was asked. */
  readonly fingerprint: string;
  readonly at: number;
  /** Undefined where a repeated request is answered anew. */
  readonly answer: KeptAnswer | undefined;
}

/** To be carried out; ends with `keep` or `forget`, whichever comes first. */
export class Run {
  readonly over: Promise<void>;
  private end: () => void = () => undefined;

  constructor(
    readonly fingerprint: string,
    private readonly ended: (answer?: Omit<Kept, 'fingerprint'>) => void,
  ) {
    this.over = new Promise((resolve) => (this.end = resolve));
  }

  /** It was carried out. */
  keep(answer: KeptAnswer | undefined, now: number): void {
    this.ended({ answer, at: now });
    this.end();
  }

  /** It was refused or failed: the next one is judged by itself. */
  forget(): void {
    this.ended();
    this.end();
  }
}

export type Found =
  | { readonly kind: 'first'; readonly run: Run }
  | { readonly kind: 'again'; readonly answer: KeptAnswer }
  /** The key was used for something else. */
  | { readonly kind: 'other' }
  /** Ask again when that is over. */
  | { readonly kind: 'under-way'; readonly over: Promise<void> };

export class Repeats {
  /** In the order in which they were kept. */
  private readonly kept = new Map<string, Kept>();
  /** As many as requests are open. */
  private readonly underWay = new Map<string, Run>();
  private chars = 0;

  get size(): number {
    return this.kept.size;
  }

  begin(id: string, fingerprint: string, now: number): Found {
    this.dropOlder(now - KEPT_MS);
    const running = this.underWay.get(id);
    const known = running ?? this.kept.get(id);
    if (known && known.fingerprint !== fingerprint) return { kind: 'other' };
    if (running) return { kind: 'under-way', over: running.over };
    const answer = this.kept.get(id)?.answer;
    if (answer) return { kind: 'again', answer };
    const run: Run = new Run(fingerprint, (kept) => this.ended(id, run, kept));
    this.underWay.set(id, run);
    return { kind: 'first', run };
  }

  private ended(id: string, run: Run, kept?: Omit<Kept, 'fingerprint'>): void {
    if (this.underWay.get(id) !== run) return;
    this.underWay.delete(id);
    if (!kept) return;
    this.drop(id);
    this.kept.set(id, { fingerprint: run.fingerprint, ...kept });
    this.chars += charsOf(kept.answer);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= MAX_KEPT && this.chars <= MAX_KEPT_CHARS) return;
      this.drop(oldest);
    }
  }

  private dropOlder(than: number): void {
    for (const [id, { at }] of this.kept) {
      if (at > than) return;
      this.drop(id);
    }
  }

  private drop(id: string): void {
    this.chars -= charsOf(this.kept.get(id)?.answer);
    this.kept.delete(id);
  }
}

const charsOf = (answer: KeptAnswer | undefined): number => answer?.text.length ?? 0;
