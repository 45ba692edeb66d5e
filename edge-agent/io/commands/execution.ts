/** One command at the field: write, and read back. Decides nothing about repetition, that is the ledger's. */
import { AdapterError, type CallAnswer, type FieldAdapter, type FieldValue } from '../../adapter';
import { type BoundCommand, type BoundCondition, type BoundVerify, type BoundWrite } from '../../core/commands/bind';
import { unmet } from '../../core/commands/options';
import { type PointPlan } from '../../core/compile/plan';
import { confirms, type Reading, toReading } from '../../core/reading';
import { type Clock } from '../clock';

/** Longest wait for the field's answer to one request, ms. */
export const FIELD_TIMEOUT_MS = 5_000;
/** Pauses between read-backs, ms: the first read follows the write at once, for fast loops. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 500;
/** A point that was possibly written is asked about this long, ms. */
const LOOK_WITHIN_MS = 2_000;
/** Writes of one QoS 1 step that may have been carried out; then nobody knows. */
export const MAX_WRITES = 3;

export type Field = Pick<FieldAdapter, 'read' | 'write' | 'call'>;

export type WriteOutcome =
  /** `answer`: what a method gave back. */
  | { readonly kind: 'written'; readonly answer?: CallAnswer }
  /** Certainly not carried out. */
  | { readonly kind: 'failed'; readonly detail: string }
  | { readonly kind: 'unknown'; readonly detail: string };

export type VerifyOutcome =
  | { readonly kind: 'verified'; readonly readBack: Readonly<Record<string, unknown>> }
  | { readonly kind: 'mismatch'; readonly detail: string; readonly readBack: Readonly<Record<string, unknown>> }
  /** The field could not be read: no proof either way. */
  | { readonly kind: 'unreadable'; readonly detail: string };

export class Execution {
  constructor(
    private readonly field: Field,
    private readonly device: string,
    private readonly clock: Clock,
    /** Monotonic time after which nothing new is begun. */
    private readonly until: number,
    /** Pause before the first read-back, ms. */
    private readonly settle_ms = 0,
  ) {}

  /** Writes once; a second time only when `repeatable` and the read-back does not show the value. */
  async write(write: BoundWrite, repeatable: boolean): Promise<WriteOutcome> {
    let outcome: WriteOutcome = { kind: 'failed', detail: 'not tried' };
    for (let tries = 0; tries < (repeatable ? MAX_WRITES : 1); tries++) {
      if (tries > 0 && this.clock.monotonic() >= this.until) break;
      outcome = await this.writeOnce(write);
      if (outcome.kind !== 'unknown') return outcome;
      if (await this.shows(write)) return { kind: 'written' };
    }
    return outcome;
  }

  /** Whether the point holds what should have been written; false when that cannot be told. */
  async shows(write: BoundWrite): Promise<boolean> {
    const { point, value, args } = write;
    // A method leaves nothing that could be read back.
    if (args) return false;
    return (await this.verify([{ point, value, within_ms: LOOK_WITHIN_MS + this.settle_ms }])).kind === 'verified';
  }

  /** Reads until every point shows its value, at most as long as each allows. */
  async verify(wanted: readonly BoundVerify[]): Promise<VerifyOutcome> {
    const start = this.clock.monotonic();
    if (this.settle_ms > 0) await this.clock.sleep(this.settle_ms);
    const readBack: Record<string, unknown> = {};
    for (const one of wanted) {
      const seen = await this.await(one, start + one.within_ms);
      if (typeof seen === 'string') return { kind: 'unreadable', detail: `${one.point.metric}: ${seen}` };
      readBack[one.point.metric] = typeof seen.value === 'bigint' ? seen.value.toString() : seen.value;
      if (confirms(one.point, one.value, seen, one.tolerance)) continue;
      const detail = `${one.point.metric} reads ${String(seen.value)}, not ${String(one.value)}`;
      return { kind: 'mismatch', detail, readBack };
    }
    return { kind: 'verified', readBack };
  }

  /** The first condition that does not hold now, in words; undefined when all do. */
  async unmet(conditions: readonly BoundCondition[]): Promise<string | undefined> {
    for (const { point, condition } of conditions) {
      const seen = await this.readOnce(point, this.clock.monotonic() + FIELD_TIMEOUT_MS);
      const reason = typeof seen === 'string' ? `${point.metric} cannot be read: ${seen}` : unmet(condition, seen);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  /** Values the points have now, as far as they can be read. */
  async look(points: readonly PointPlan[]): Promise<Readonly<Record<string, unknown>>> {
    const values: Record<string, unknown> = {};
    for (const point of points) {
      const seen = await this.readOnce(point, this.clock.monotonic() + FIELD_TIMEOUT_MS);
      if (typeof seen !== 'string') values[point.metric] = seen.value;
    }
    return values;
  }

  private async writeOnce({ point, raw, args }: BoundWrite): Promise<WriteOutcome> {
    const { device, field } = this;
    const order = { device, metric: point.metric, timeout_ms: this.timeout_ms() };
    try {
      if (args && !field.call) return { kind: 'failed', detail: `${point.metric}: the protocol has no methods` };
      if (args && field.call) return { kind: 'written', answer: await field.call({ ...order, args }) };
      await field.write({ ...order, value: raw });
      return { kind: 'written' };
    } catch (error) {
      const detail = `${point.metric}: ${(error as Error).message}`;
      const certain = error instanceof AdapterError && error.certain;
      return { kind: certain ? 'failed' : 'unknown', detail };
    }
  }

  /** The first reading that confirms, otherwise the last one before `end`; an error in words when there was none. */
  private async await(wanted: BoundVerify, end: number): Promise<Reading | string> {
    let last: Reading | string = 'not read';
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
      const seen = await this.readOnce(wanted.point, end);
      if (typeof seen !== 'string' || typeof last === 'string') last = seen;
      if (typeof seen !== 'string' && confirms(wanted.point, wanted.value, seen, wanted.tolerance)) return seen;
      if (this.clock.monotonic() + pause >= end) return last;
      await this.clock.sleep(pause);
    }
  }

  private async readOnce(point: PointPlan, end: number): Promise<Reading | string> {
    const left = Math.ceil(end - this.clock.monotonic());
    try {
      const timeout_ms = Math.max(1, Math.min(FIELD_TIMEOUT_MS, left));
      const reading = toReading(point, await this.field.read(this.device, point.metric, timeout_ms));
      return reading.quality >= 64 ? `bad quality (${reading.quality})` : reading;
    } catch (error) {
      return (error as Error).message;
    }
  }

  private timeout_ms(): number {
    return Math.max(1, Math.min(FIELD_TIMEOUT_MS, Math.ceil(this.until - this.clock.monotonic())));
  }
}

export const engineering = (command: BoundCommand): Record<string, FieldValue> =>
  Object.fromEntries(command.writes.map((w) => [w.point.metric, w.value]));
