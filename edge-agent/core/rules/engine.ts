/** All rules of an agent: samples in, what is to be done out. Pure: time is data, what must outlive a restart is `records`. */
import { type FieldValue } from '../../adapter';
import { Quality } from '../../../schemas/quality';
import { type Reading } from '../reading';
import { Board, Bound, type Whereabouts } from './bound';
import { type Expression } from './expression';
import { type AlarmAction, type RulePlan, type WriteAction } from './plan';
import { OFF, reset, type RuleState, step } from './rule';
import { type Signal } from './signal';

/** How often a rule is looked at whose result may change without a sample, ms. */
export const TICK_MS = 100;

/** What of a rule outlives a restart. */
export interface RuleRecord {
  readonly on: boolean;
  /** Whose writes were begun last: those of `then` or those of `otherwise`. */
  readonly applied: boolean;
  /** These writes are known to have reached the field. */
  readonly settled: boolean;
}

/** Undefined: the expression's value is not known. */
type Value = FieldValue | undefined;

export type Effect =
  | { readonly kind: 'changed'; readonly rule: RulePlan; readonly on: boolean }
  | { readonly kind: 'write'; readonly rule: RulePlan; readonly write: WriteAction; readonly value: Value }
  /** Writes of the rule that did not come through yet are not wanted any more. */
  | { readonly kind: 'release'; readonly rule: RulePlan }
  | {
      readonly kind: 'alarm';
      readonly rule: RulePlan;
      readonly alarm: AlarmAction;
      readonly active: boolean;
      readonly value: number | undefined;
    }
  | { readonly kind: 'report'; readonly rule: RulePlan; readonly on: boolean };

class RuleRuntime {
  state: RuleState = OFF;
  applied = false;
  settled = true;
  readonly when: Bound;
  readonly clear: Bound | undefined;
  private readonly values: ReadonlyMap<Expression, Bound>;

  constructor(
    readonly plan: RulePlan,
    board: Board,
    whereabouts: Whereabouts,
  ) {
    const bind = (e: Expression): Bound => new Bound(e, plan.device, board, whereabouts);
    this.when = bind(plan.when);
    this.clear = plan.clear && bind(plan.clear);
    const values = [...plan.writes.on, ...plan.writes.off].map((w) => w.value).filter((v) => typeof v === 'object');
    this.values = new Map(values.map((e) => [e, bind(e)]));
  }

  get timed(): boolean {
    return this.plan.when.timed || (this.plan.clear?.timed ?? false);
  }

  get signals(): readonly Signal[] {
    return [...this.when.signals, ...(this.clear?.signals ?? [])];
  }

  get record(): RuleRecord {
    return { on: this.state.on, applied: this.applied, settled: this.settled };
  }

  /** What its conditions ask for. Both are looked at each time, so that what they remember is up to date. */
  wanted(now: number): boolean | undefined {
    const when = this.when.run(now) as boolean | undefined;
    const clear = this.clear?.run(now) as boolean | undefined;
    if (!this.state.on || !this.clear) return when;
    return clear === undefined ? undefined : !clear;
  }

  valueOf({ value }: WriteAction, now: number): Value {
    return typeof value === 'object' ? this.values.get(value)?.run(now) : value;
  }
}

export class RuleEngine {
  private readonly rules: ReadonlyMap<string, RuleRuntime>;
  private readonly board = new Board();
  private readonly readers = new Map<Signal, RuleRuntime[]>();
  private readonly byDevice = new Map<string, RuleRuntime[]>();
  private readonly timed: readonly RuleRuntime[];
  private readonly dirty = new Set<RuleRuntime>();
  /** Rules with a change under way. */
  private readonly pending = new Set<RuleRuntime>();
  private blocked: { commands: ReadonlyMap<string, string>; rules: ReadonlyMap<string, string> };
  private ticked = -Infinity;
  private resuming: RuleRuntime[];

  constructor(plans: readonly RulePlan[], records: Readonly<Record<string, RuleRecord>>, whereabouts: Whereabouts) {
    this.rules = new Map(plans.map((p) => [p.id, new RuleRuntime(p, this.board, whereabouts)]));
    for (const rule of this.rules.values()) {
      const { device } = rule.plan;
      this.byDevice.set(device, [...(this.byDevice.get(device) ?? []), rule]);
      for (const signal of rule.signals) this.readers.set(signal, [...(this.readers.get(signal) ?? []), rule]);
      const record = records[rule.plan.id];
      if (record) Object.assign(rule, { state: { on: record.on }, applied: record.applied, settled: record.settled });
    }
    this.timed = [...this.rules.values()].filter((r) => r.timed);
    this.resuming = [...this.rules.values()].filter((r) => r.state.on || !r.settled);
    this.blocked = this.findBlocked();
  }

  /** `now` is monotonic. */
  sample(device: string, metric: string, reading: Reading, now: number): void {
    const signal = this.board.find(device, metric);
    if (!signal) return;
    signal.take(reading, now);
    for (const rule of this.readers.get(signal) ?? []) this.dirty.add(rule);
  }

  /** The device is out of service: nothing is known of it until it is read again. */
  lose(device: string, now: number): void {
    for (const signal of this.board.all(device)) {
      signal.take({ at: 0, value: NaN, quality: Quality.notConnected }, now);
      for (const rule of this.readers.get(signal) ?? []) this.dirty.add(rule);
    }
  }

  /** Rules that speak of where the device is are to be looked at. */
  moved(device: string): void {
    for (const rule of this.byDevice.get(device) ?? []) this.dirty.add(rule);
  }

  evaluate(now: number): Effect[] {
    const effects = this.resume(now);
    const changed = this.due(now).filter((rule) => this.advance(rule, now, effects));
    if (changed.length === 0) return effects;
    const affected = new Set(changed);
    const before = this.blocked.rules;
    this.blocked = this.findBlocked();
    for (const id of [...before.keys(), ...this.blocked.rules.keys()]) {
      const rule = this.rules.get(id);
      if (rule && before.has(id) !== this.blocked.rules.has(id)) affected.add(rule);
    }
    for (const rule of affected) effects.push(...this.apply(rule, now));
    return effects;
  }

  /** When `evaluate` is next to be called without a sample, monotonic; undefined when there is no need. */
  wakeAt(): number | undefined {
    let at = this.timed.length > 0 ? this.ticked + TICK_MS : Infinity;
    for (const { state } of this.pending) at = Math.min(at, state.due ?? Infinity);
    return at === Infinity ? undefined : at;
  }

  /** Why a command of a device is refused at present; undefined when it is not. */
  refusal(device: string, command: string): string | undefined {
    const by = this.blocked.commands.get(`${device}/${command}`);
    return by === undefined ? undefined : `blocked by the interlock of rule ${by}`;
  }

  /** Ends a latched rule; a reason in words when it cannot be. */
  reset(id: string, now: number): Effect[] | string {
    const rule = this.rules.get(id);
    if (!rule) return `there is no rule ${id}`;
    const state = reset(rule.state, rule.when.run(now) as boolean | undefined);
    if (typeof state === 'string') return `${id} cannot be reset: ${state}`;
    rule.state = state;
    this.dirty.add(rule);
    this.blocked = this.findBlocked();
    const waiting = [...this.rules.values()].filter((r) => r !== rule && r.applied !== r.state.on);
    return [...this.told(rule), ...[rule, ...waiting].flatMap((r) => this.apply(r, now))];
  }

  /** The writes of the rule reached the field. */
  settle(id: string): void {
    const rule = this.rules.get(id);
    if (rule) rule.settled = true;
  }

  isOn(id: string): boolean {
    return this.rules.get(id)?.state.on ?? false;
  }

  /** Rules that are not as they are at first. */
  records(): Record<string, RuleRecord> {
    const kept = [...this.rules.values()].filter((r) => r.state.on || r.applied || !r.settled);
    return Object.fromEntries(kept.map((r) => [r.plan.id, r.record]));
  }

  private resume(now: number): Effect[] {
    return this.resuming
      .splice(0)
      .flatMap((rule): Effect[] => [
        ...(rule.state.on && rule.plan.report.length > 0
          ? [{ kind: 'report', rule: rule.plan, on: true } as const]
          : []),
        ...(this.blocked.rules.has(rule.plan.id) ? [] : this.writes(rule, now)),
      ]);
  }

  private due(now: number): RuleRuntime[] {
    if (now - this.ticked >= TICK_MS) {
      for (const rule of this.timed) this.dirty.add(rule);
      this.ticked = now;
    }
    for (const rule of this.pending) if ((rule.state.due ?? Infinity) <= now) this.dirty.add(rule);
    const due = [...this.dirty];
    this.dirty.clear();
    return due;
  }

  /** True when the rule went on or off. */
  private advance(rule: RuleRuntime, now: number, effects: Effect[]): boolean {
    const before = rule.state;
    rule.state = step(rule.plan, before, rule.wanted(now), now);
    if (rule.state.due === undefined) this.pending.delete(rule);
    else this.pending.add(rule);
    if (before.on === rule.state.on) return false;
    effects.push(...this.told(rule));
    return true;
  }

  /** Alarms and reporting follow the rule at once, interlocked or not: only writes wait. */
  private told({ plan, state: { on }, when }: RuleRuntime): Effect[] {
    const value = when.signals.map((s) => s.number()).find((n) => n !== undefined);
    return [
      { kind: 'changed', rule: plan, on },
      ...plan.alarms.map((alarm) => ({ kind: 'alarm', rule: plan, alarm, active: on, value }) as const),
      ...(plan.report.length > 0 ? [{ kind: 'report', rule: plan, on } as const] : []),
    ];
  }

  private apply(rule: RuleRuntime, now: number): Effect[] {
    if (rule.plan.writes.on.length + rule.plan.writes.off.length === 0) return [];
    if (this.blocked.rules.has(rule.plan.id)) return [{ kind: 'release', rule: rule.plan }];
    if (rule.applied === rule.state.on) return [];
    rule.applied = rule.state.on;
    return this.writes(rule, now);
  }

  private writes(rule: RuleRuntime, now: number): Effect[] {
    const { plan, applied } = rule;
    const writes = (applied ? plan.writes.on : plan.writes.off).map(
      (write) => ({ kind: 'write', rule: plan, write, value: rule.valueOf(write, now) }) as const,
    );
    rule.settled = writes.length === 0;
    return [{ kind: 'release', rule: plan }, ...writes];
  }

  private findBlocked(): { commands: Map<string, string>; rules: Map<string, string> } {
    const on = [...this.rules.values()].filter((r) => r.state.on);
    const by = (pick: (p: RulePlan) => readonly string[]): Map<string, string> =>
      new Map(on.flatMap(({ plan }) => pick(plan).map((name) => [name, plan.id] as const)));
    return { commands: by((p) => p.blocks.commands), rules: by((p) => p.blocks.rules) };
  }
}
