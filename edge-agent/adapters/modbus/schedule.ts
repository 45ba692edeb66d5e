/**
 * Whose turn it is on one line. Pure: monotonic time and chance come in as data.
 * Reads fall due at start + k * scan, whatever the last one took, so that nothing drifts; slots that could not be kept are
 * counted and left out. Units take turns. A unit that does not answer is asked by one request per backoff step, and for
 * a while only when nobody who answers wants the line: its timeout must not cost its neighbours their scan.
 */
import { type Backoff, backoff_ms } from '../../core/backoff';
import { type PlannedRead } from './plan';

/** Longest wait of a silent unit for a moment in which nobody else is due, ms. */
export const COURTESY_MS = 5_000;

/** Weight of the newest interval in the achieved scan time. */
const SMOOTHING = 0.2;

export interface ScheduledRead {
  readonly plan: PlannedRead;
  start: number;
  due: number;
  under_way: boolean;
  /** Slots in which it was not read. */
  missed: number;
  /** Smoothed time between successful reads, ms; 0 until there were two. */
  achieved_ms: number;
  /** The plan it belongs to was replaced while it was under way. */
  retired: boolean;
  taken_at: number;
  read_at: number | undefined;
  epoch: number;
}

interface Unit {
  readonly id: number;
  reads: ScheduledRead[];
  under_way: number;
  /** Requests in a row that were not answered. */
  failures: number;
  retry_at: number;
  /** Counts up with each failure: tells a new failure from the late end of an older request. */
  epoch: number;
}

export interface Failure {
  /** Unanswered in a row, this one included. */
  readonly failures: number;
  /** The reads that this failure says something about. */
  readonly reads: readonly PlannedRead[];
}

export class Schedule {
  private units: Unit[] = [];
  private turn = 0;

  /** `phase_ms` moves the slots of this line against those of others. */
  constructor(
    private readonly backoff: Backoff,
    private readonly random: () => number,
    private readonly phase_ms = 0,
  ) {}

  /**
   * Takes over a plan; reads that were there before keep their slots, units their health. A read that is new among others
   * is due at once: what it holds may have been part of another one.
   */
  adopt(plans: readonly PlannedRead[], now: number): void {
    const known = new Map(this.reads().map((r) => [keyOf(r.plan), r]));
    const before = new Map(this.units.map((u) => [u.id, u]));
    const units = new Map<number, Unit>();
    const phase_ms = known.size > 0 ? 0 : this.phase_ms;
    for (const r of known.values()) r.retired = true;
    for (const plan of plans) {
      let unit = units.get(plan.unit);
      if (!unit) {
        unit = before.get(plan.unit) ?? newUnit(plan.unit);
        unit.reads = [];
        units.set(plan.unit, unit);
      }
      const read = known.get(keyOf(plan)) ?? newRead(plan, now + (phase_ms % plan.scan_ms));
      read.retired = false;
      unit.reads.push(read);
    }
    this.units = [...units.values()];
    this.turn = 0;
  }

  /** Forgets failures: the line is new. Requests under way are over. */
  reset(): void {
    for (const unit of this.units) {
      Object.assign(unit, { failures: 0, retry_at: 0, under_way: 0, epoch: unit.epoch + 1 });
      for (const r of unit.reads) r.under_way = false;
    }
  }

  /** The read whose turn it is, now under way; undefined when none is due. */
  take(now: number): ScheduledRead | undefined {
    const waits = (u: Unit): boolean => u.failures > 0 && now - u.retry_at < COURTESY_MS;
    return this.takeOf(now, (u) => !waits(u)) ?? this.takeOf(now, waits);
  }

  private takeOf(now: number, wanted: (unit: Unit) => boolean): ScheduledRead | undefined {
    for (let i = 0; i < this.units.length; i++) {
      const unit = this.units[(this.turn + i) % this.units.length];
      const read = unit && wanted(unit) ? dueRead(unit, now) : undefined;
      if (!unit || !read) continue;
      this.turn = (this.turn + i + 1) % this.units.length;
      advance(read, now);
      read.under_way = true;
      read.epoch = unit.epoch;
      unit.under_way++;
      return read;
    }
    return undefined;
  }

  /** Earliest time at which `take` gives something; Infinity when that hangs on a request under way. */
  wakeAt(): number {
    let earliest = Infinity;
    for (const unit of this.units) {
      if (unit.failures > 0 && unit.under_way > 0) continue;
      let due = Infinity;
      for (const r of unit.reads) if (!r.under_way && r.due < due) due = r.due;
      earliest = Math.min(earliest, Math.max(due, unit.retry_at));
    }
    return earliest;
  }

  /** The unit answered, be it with an exception. */
  answered(read: ScheduledRead): void {
    const unit = this.end(read);
    if (!unit) return;
    unit.failures = 0;
    unit.retry_at = 0;
    if (read.read_at !== undefined) {
      const interval_ms = read.taken_at - read.read_at;
      read.achieved_ms += (read.achieved_ms === 0 ? 1 : SMOOTHING) * (interval_ms - read.achieved_ms);
    }
    read.read_at = read.taken_at;
  }

  /** The unit did not answer: it rests for a backoff step. */
  unanswered(read: ScheduledRead, now: number): Failure {
    const unit = this.end(read);
    if (!unit || read.epoch !== unit.epoch) return { failures: unit?.failures ?? 0, reads: [read.plan] };
    unit.epoch++;
    unit.failures++;
    unit.retry_at = now + backoff_ms(unit.failures, this.backoff, this.random());
    const resting = unit.reads.filter((r) => !r.under_way && r !== read).map((r) => r.plan);
    return { failures: unit.failures, reads: [read.plan, ...resting] };
  }

  /** Puts parts in the place of a read, due at once. */
  replace(read: ScheduledRead, parts: readonly PlannedRead[], now: number): void {
    const unit = this.units.find((u) => u.id === read.plan.unit);
    const at = unit?.reads.indexOf(read) ?? -1;
    if (unit && at >= 0) unit.reads.splice(at, 1, ...parts.map((p) => newRead(p, now)));
  }

  reads(): ScheduledRead[] {
    return this.units.flatMap((u) => u.reads);
  }

  /** True when there are units and none of them answers. */
  allFailing(): boolean {
    return this.units.length > 0 && this.units.every((u) => u.failures > 0);
  }

  private end(read: ScheduledRead): Unit | undefined {
    const unit = this.units.find((u) => u.id === read.plan.unit);
    if (read.under_way && unit && unit.under_way > 0) unit.under_way--;
    read.under_way = false;
    return unit;
  }
}

function dueRead(unit: Unit, now: number): ScheduledRead | undefined {
  if (unit.failures > 0 && (unit.under_way > 0 || unit.retry_at > now)) return undefined;
  let earliest: ScheduledRead | undefined;
  for (const r of unit.reads) if (!r.under_way && r.due <= now && (!earliest || r.due < earliest.due)) earliest = r;
  return earliest;
}

function advance(read: ScheduledRead, now: number): void {
  const { scan_ms } = read.plan;
  const next = read.start + (Math.floor((now - read.start) / scan_ms) + 1) * scan_ms;
  read.missed += Math.max(0, Math.round((next - read.due) / scan_ms) - 1);
  read.due = next;
  read.taken_at = now;
}

function newUnit(id: number): Unit {
  return { id, reads: [], under_way: 0, failures: 0, retry_at: 0, epoch: 0 };
}

function newRead(plan: PlannedRead, start: number): ScheduledRead {
  return {
    plan,
    start,
    due: start,
    under_way: false,
    missed: 0,
    achieved_ms: 0,
    retired: false,
    taken_at: start,
    read_at: undefined,
    epoch: 0,
  };
}

const keyOf = (p: PlannedRead): string => {
  const points = p.points.map((x) => `${x.device}/${x.metric}`).join(' ');
  return `${p.unit} ${p.fn} ${p.address} ${p.count} ${p.scan_ms} ${points}`;
};
