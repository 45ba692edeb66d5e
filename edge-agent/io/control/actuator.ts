/**
 * Brings points to the values that rules want: written, read back, tried again until the field shows them or nobody wants
 * them any more. A point's writes are bounded in number; of what comes too fast only the last value is written.
 */
import { type FieldValue } from '../../adapter';
import { type PointPlan } from '../../core/compile/plan';
import { toField } from '../../core/reading';
import { type WriteAction } from '../../core/rules/plan';
import { type Clock } from '../clock';
import { Execution, type Field, FIELD_TIMEOUT_MS } from '../commands/execution';

const RETRY_FIRST_MS = 250;
const RETRY_LONGEST_MS = 10_000;
const MINUTE_MS = 60_000;
/** A wish that does not come true within this time is told, ms: at a start the line is not there at once. */
const GRACE_MS = 1_000;

export interface Wanted {
  /** Id of the rule. */
  readonly rule: string;
  readonly write: WriteAction;
  readonly value: FieldValue;
}

export interface Outcome {
  readonly wanted: Wanted;
  readonly ok: boolean;
  /** What was read back, or why it was not written. */
  readonly detail: string;
  /** From the wish to the outcome. */
  readonly took_ms: number;
}

export interface ActuatorOptions {
  readonly clock: Clock;
  /** Undefined when there is no such device or point. */
  find(device: string, metric: string): { readonly point: PointPlan; readonly field: Field } | undefined;
  /** Told once for each wish that came true, and once for each that did not in time. */
  onOutcome(outcome: Outcome): void;
}

export class Actuator {
  private readonly points = new Map<string, Loop>();

  constructor(private readonly options: ActuatorOptions) {}

  want(wanted: Wanted): void {
    const { device, metric } = wanted.write;
    const key = `${device}/${metric}`;
    const loop = this.points.get(key) ?? new Loop(this.options);
    this.points.set(key, loop);
    loop.want(wanted);
  }

  /** What the rule wanted and did not get is not wanted any more. */
  release(rule: string): void {
    for (const loop of this.points.values()) loop.release(rule);
  }

  /** Whether the rule wants something that did not come true yet. */
  wants(rule: string): boolean {
    return [...this.points.values()].some((loop) => loop.wants(rule));
  }

  /** Nothing new is begun; resolves when nothing is under way. */
  async close(): Promise<void> {
    await Promise.all([...this.points.values()].map((loop) => loop.close()));
  }
}

/** One point: at most one write under way. */
class Loop {
  private wanted: (Wanted & { readonly since: number }) | undefined;
  private running: Promise<void> | undefined;
  private interrupt = new AbortController();
  private closed = false;
  /** Writes left at `counted`, monotonic. */
  private left = Infinity;
  private counted = 0;

  constructor(private readonly options: ActuatorOptions) {}

  want(wanted: Wanted): void {
    this.wanted = { ...wanted, since: this.options.clock.monotonic() };
    this.interrupt.abort();
    this.running ??= this.run().finally(() => (this.running = undefined));
  }

  release(rule: string): void {
    if (this.wanted?.rule === rule) this.wanted = undefined;
    this.interrupt.abort();
  }

  wants(rule: string): boolean {
    return this.wanted?.rule === rule;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.interrupt.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    let tried: Wanted | undefined;
    let told = false;
    let pause_ms = RETRY_FIRST_MS;
    for (let wanted = this.wanted; wanted && !this.closed; wanted = this.wanted) {
      this.interrupt = new AbortController();
      const wait_ms = this.take(wanted.write.per_minute);
      if (wait_ms > 0) {
        await this.options.clock.sleep(wait_ms, this.interrupt.signal);
        continue;
      }
      if (tried !== wanted) [tried, told, pause_ms] = [wanted, false, RETRY_FIRST_MS];
      const result = await this.carryOut(wanted);
      const replaced = this.wanted !== wanted;
      if (result.ok && !replaced) this.wanted = undefined;
      const late = this.options.clock.monotonic() - wanted.since >= GRACE_MS;
      if (result.ok || (late && !told)) this.tell(wanted, result);
      told ||= late;
      if (result.ok || replaced) continue;
      await this.options.clock.sleep(pause_ms, this.interrupt.signal);
      pause_ms = Math.min(RETRY_LONGEST_MS, 2 * pause_ms);
    }
  }

  /** Takes leave for one write; otherwise how long to wait for it. */
  private take(per_minute: number): number {
    const now = this.options.clock.monotonic();
    this.left = Math.min(per_minute, this.left + ((now - this.counted) * per_minute) / MINUTE_MS);
    this.counted = now;
    if (this.left < 1) return Math.ceil(((1 - this.left) * MINUTE_MS) / per_minute);
    this.left--;
    return 0;
  }

  private tell({ since, ...wanted }: Wanted & { readonly since: number }, result: Result): void {
    this.options.onOutcome({ wanted, ...result, took_ms: this.options.clock.monotonic() - since });
  }

  private async carryOut({ write, value }: Wanted): Promise<Result> {
    const { clock, find } = this.options;
    const { device, metric, within_ms, tolerance, verify } = write;
    const found = find(device, metric);
    if (!found) return { ok: false, detail: `there is no point ${device}/${metric}` };
    const { point, field } = found;
    const raw = toField(point, value);
    if (!raw.ok) return { ok: false, detail: raw.reason };
    const execution = new Execution(field, device, clock, clock.monotonic() + FIELD_TIMEOUT_MS);
    const written = await execution.write({ point, value, raw: raw.raw }, false);
    if (written.kind !== 'written' && !verify) return { ok: false, detail: written.detail };
    if (written.kind === 'failed') return { ok: false, detail: written.detail };
    if (!verify) return { ok: true, detail: 'acknowledged' };
    const seen = await execution.verify([{ point, value, within_ms, ...(tolerance !== undefined && { tolerance }) }]);
    if (seen.kind === 'verified') return { ok: true, detail: 'read back' };
    return { ok: false, detail: written.kind === 'written' ? seen.detail : written.detail };
  }
}

interface Result {
  readonly ok: boolean;
  readonly detail: string;
}
