/** Records on their way into the outbox: in order, bounded, tried again while the outbox refuses them. */
import { type Outbox, type OutboxRecord } from './io/outbox-api';

export type Appender = Pick<Outbox, 'append' | 'ready'>;

/** Above this many readings not yet durable the adapters are held back. */
export const MAX_UNSYNCED_READINGS = 200_000;
/** Events count like readings against the bound. */
const MIN_WEIGHT = 1;
const RETRY_MS = 1_000;

interface Parcel {
  readonly number: number;
  readonly records: readonly OutboxRecord[];
  readonly weight: number;
  readonly done: (() => void) | undefined;
}

export class Durable {
  /** Readings and events handed over and not yet durable. */
  unsynced = 0;
  failures = 0;
  /** The outbox's last refusal; undefined while it takes what it is given. */
  refusal: unknown;
  private readonly refused: Parcel[] = [];
  private underWay = 0;
  private issued = 0;
  /** Numbers of parcels not yet durable, ascending. */
  private readonly outstanding = new Set<number>();
  private retry: NodeJS.Timeout | undefined;
  private retrying: Promise<void> | undefined;
  private waiters: (() => void)[] = [];

  constructor(
    private readonly outbox: Appender,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** `done` runs once the records are durable. */
  submit(records: readonly OutboxRecord[], done?: () => void): void {
    const weight = records.reduce((sum, r) => sum + Math.max(MIN_WEIGHT, r.readings), 0);
    this.unsynced += weight;
    const parcel = { number: ++this.issued, records, weight, done };
    this.outstanding.add(parcel.number);
    // Behind one that was refused, so that the order is kept.
    if (this.refused.length > 0) this.refused.push(parcel);
    else void this.append(parcel);
  }

  /** Resolves when the adapters may hand over more. */
  async ready(): Promise<void> {
    while (this.unsynced >= MAX_UNSYNCED_READINGS || this.refused.length > 0) await this.change();
    return this.outbox.ready();
  }

  /** Resolves when everything handed over so far is durable. */
  async settled(): Promise<void> {
    const last = this.issued;
    for (let [oldest] = this.outstanding; oldest !== undefined && oldest <= last; [oldest] = this.outstanding)
      await this.change();
  }

  /** Resolves when everything is durable; tries what was refused once more and rejects when that fails. */
  async drained(): Promise<void> {
    while (this.underWay > 0) await this.change();
    clearTimeout(this.retry);
    if (this.refused.length > 0) await this.retryRefused();
    clearTimeout(this.retry);
    if (this.refused.length > 0) throw this.refusal;
  }

  private async append(parcel: Parcel): Promise<void> {
    this.underWay++;
    try {
      if (!(await this.tryAppend(parcel))) this.refused.push(parcel);
    } finally {
      this.underWay--;
      this.changed();
    }
  }

  private async tryAppend({ number, records, weight, done }: Parcel): Promise<boolean> {
    try {
      await this.outbox.append(records);
    } catch (error) {
      this.failures++;
      if (this.refusal === undefined) this.onFailure(error);
      this.refusal = error;
      this.retry ??= setTimeout(() => void this.retryRefused(), RETRY_MS);
      return false;
    }
    this.unsynced -= weight;
    this.outstanding.delete(number);
    this.refusal = undefined;
    done?.();
    return true;
  }

  private retryRefused(): Promise<void> {
    clearTimeout(this.retry);
    this.retry = undefined;
    return (this.retrying ??= this.retryInOrder().finally(() => (this.retrying = undefined)));
  }

  /** Oldest first; stops at the first that is refused again. */
  private async retryInOrder(): Promise<void> {
    for (let oldest = this.refused[0]; oldest; oldest = this.refused[0]) {
      if (!(await this.tryAppend(oldest))) break;
      this.refused.shift();
    }
    this.changed();
  }

  private change(): Promise<void> {
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  private changed(): void {
    const waiters = this.waiters;
    this.waiters = [];
    for (const w of waiters) w();
  }
}
