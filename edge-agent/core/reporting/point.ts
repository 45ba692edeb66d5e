/** What is told of one point: all of it, exceptions, summaries, or everything while a rule asks for it. Pure. */
import { type PointPlan } from '../compile/plan';
import { type Reading } from '../reading';
import { type Reported, worthTelling } from './exception';
import { History } from './history';
import { Summary, type Tell } from './summary';

export type TellMetric = (metric: string, reading: Reading) => void;

export class PointReporter {
  private told: Reported | undefined;
  private readonly history: History | undefined;
  private readonly summary: Summary | undefined;
  /** Rules that ask for every reading. */
  private readonly askers = new Set<string>();
  /** Every reading is told until then, by the readings' own time. */
  private raw_until = -Infinity;
  private last_at = -Infinity;
  private readonly tellStatistic: Tell;

  constructor(
    readonly plan: PointPlan,
    private readonly tell: TellMetric,
  ) {
    const { reporting, scan_ms, metric } = plan;
    if (reporting && reporting.before_ms > 0) this.history = new History(reporting.before_ms);
    if (reporting && reporting.summary_ms > 0 && plan.kind !== 'text')
      this.summary = new Summary(reporting.summary_ms, 2 * scan_ms);
    this.tellStatistic = (statistic, reading) => tell(`${metric}.${statistic}`, reading);
  }

  take(reading: Reading): void {
    this.last_at = reading.at;
    this.summary?.add(reading, this.tellStatistic);
    if (this.wanted(reading)) {
      this.told = reading;
      this.tell(this.plan.metric, reading);
    } else this.history?.add(reading);
  }

  /** A rule asks for every reading, or does so no longer. What was kept back is told first. */
  ask(rule: string, on: boolean): void {
    if (!on) {
      if (!this.askers.delete(rule) || this.askers.size > 0) return;
      this.raw_until = this.last_at + (this.plan.reporting?.after_ms ?? 0);
      return;
    }
    this.askers.add(rule);
    for (const reading of this.history?.drain() ?? []) {
      this.told = reading;
      this.tell(this.plan.metric, reading);
    }
  }

  get summarizes(): boolean {
    return this.summary !== undefined;
  }

  tick(now: number): void {
    this.summary?.tick(now, this.tellStatistic);
  }

  close(): void {
    this.summary?.close(this.tellStatistic);
  }

  private wanted(reading: Reading): boolean {
    if (this.askers.size > 0 || reading.at <= this.raw_until) return true;
    const { report, reporting } = this.plan;
    // A device that fails is news in every mode: bad reads are never silence.
    if (reporting && !reporting.raw) return (this.told?.quality ?? 0) !== reading.quality;
    return !report || worthTelling(report, this.told, reading);
  }
}
