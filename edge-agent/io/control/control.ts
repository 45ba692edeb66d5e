/** Local control at work: readings in, writes, alarms and reporting out, with or without a network. */
import { type Logger } from 'pino';
import { type Command } from '../../../schemas/generated';
import { AlarmBook } from '../../core/alarms/book';
import { type AgentPlan } from '../../core/compile/plan';
import { type FenceEvent } from '../../core/geofence/tracker';
import { type Reading } from '../../core/reading';
import { type Effect, RuleEngine } from '../../core/rules/engine';
import { type AlarmAction, type RulePlan } from '../../core/rules/plan';
import { type Clock } from '../clock';
import { type Field } from '../commands/execution';
import { Actuator, type Outcome } from './actuator';
import { type Order, orderOf } from './orders';
import { Keeper, type KeeperOptions } from './keeper';
import { type ControlState } from './state-file';
import { FenceWatch } from './whereabouts';

/** How often shelves and stays in geofences are looked at, ms. */
const SLOW_TICK_MS = 1_000;
/** The alarm of a rule whose writes do not come through. */
const notCarriedOut = (rule: RulePlan, message: string): AlarmAction => ({
  alarm: `${rule.name}.not-carried-out`,
  priority: 2,
  message,
});

export interface ControlOptions extends KeeperOptions {
  readonly plan: AgentPlan;
  readonly boot: string;
  readonly clock: Clock;
  readonly state: ControlState;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  field(connection: string): Field | undefined;
  /** Adds a reading to the device's next frame. */
  report(device: string, metric: string, reading: Reading): void;
  /** Raw readings of these metrics are reported from now on, or not for this rule any more. */
  reporting(rule: RulePlan, on: boolean): void;
}

export interface ControlStats {
  evaluations: number;
  /** Rules that went on. */
  firings: number;
  /** Writes that came through, and wishes that did not in time. */
  writes: number;
  write_failures: number;
}

export class LocalControl {
  readonly stats: ControlStats = { evaluations: 0, firings: 0, writes: 0, write_failures: 0 };
  private readonly engine: RuleEngine;
  private plan: AgentPlan;
  private readonly fences: FenceWatch;
  private readonly alarms: AlarmBook;
  private readonly actuator: Actuator;
  private readonly keeper: Keeper;
  private readonly rules: ReadonlyMap<string, RulePlan>;
  private wake: NodeJS.Timeout | undefined;
  private wakes_at = Infinity;
  private slowTimer: NodeJS.Timeout | undefined;
  private excluded: ReadonlySet<string> = new Set();
  private closed = false;

  constructor(private readonly options: ControlOptions) {
    const { plan, state, boot, clock } = options;
    this.plan = plan;
    this.fences = new FenceWatch(plan, state.inside, { now: clock.now(), monotonic: clock.monotonic() });
    this.engine = new RuleEngine(plan.rules, state.rules, (d, fence, now) => this.fences.seconds(d, fence, now));
    this.alarms = new AlarmBook({ tenant: plan.tenant, agent_id: plan.agent_id, boot }, state.alarms);
    this.keeper = new Keeper(options, () => this.state(), state.untold);
    this.rules = new Map(plan.rules.map((r) => [r.id, r]));
    this.actuator = new Actuator({
      clock,
      find: (device, metric) => this.point(device, metric),
      onOutcome: (outcome) => this.outcome(outcome),
    });
  }

  /** Takes over a plan with the same rules and fences, and other devices or points. */
  adopt(plan: AgentPlan): void {
    this.plan = plan;
  }

  /** Goes on with what an earlier run left. Rules that are not in the profile any more raise nothing. */
  start(): void {
    this.keeper.tell(this.alarms.prune((rule) => this.rules.has(rule), this.options.clock.now()));
    this.slowTimer = setInterval(() => this.slowTick(), SLOW_TICK_MS);
    void this.keeper.save();
    this.settled();
  }

  sample(device: string, metric: string, reading: Reading): void {
    this.engine.sample(device, metric, reading, this.options.clock.monotonic());
    this.fences.sample(device, metric, reading);
  }

  /** A batch of samples is over: rules are looked at. */
  settled(): void {
    if (this.closed) return;
    const now = this.options.clock.monotonic();
    this.stats.evaluations++;
    for (const { device, events } of this.fences.settle(now)) {
      this.engine.moved(device);
      this.crossed(events);
    }
    this.carryOut(this.engine.evaluate(now));
    this.arm(now);
  }

  /** Devices out of service: their rules want nothing any more, and know nothing of them. */
  exclude(devices: ReadonlySet<string>): void {
    for (const device of devices) {
      if (this.excluded.has(device)) continue;
      this.engine.lose(device, this.options.clock.monotonic());
      for (const rule of this.rules.values()) if (rule.device === device) this.actuator.release(rule.id);
    }
    this.excluded = devices;
    this.settled();
  }

  /** Why a command is not carried out at present; undefined when it may be. */
  refusal(device: string, command: string): string | undefined {
    return this.engine.refusal(device, command);
  }

  /** Carries out a command that is meant for local control; undefined when it is not. A reason when it cannot be done. */
  order(command: Command): Promise<string | undefined> | undefined {
    const device = this.plan.devices.get(command.device_id);
    const order = device && !device.commands.has(command.name) ? orderOf(command, this.options.clock.now()) : undefined;
    if (order === undefined) return undefined;
    return this.obey(command, order);
  }

  status(): object {
    const alarms = this.alarms.states().map(({ device, alarm, priority, raisers, acknowledged, shelved_until }) => {
      return { device, alarm, priority, active: raisers.length > 0, acknowledged, shelved_until };
    });
    return {
      ...this.stats,
      save_failures: this.keeper.failures,
      on: Object.keys(this.engine.records()).filter((id) => this.engine.isOn(id)),
      alarms,
    };
  }

  /** All that a restart, or a new profile, must find again. */
  state(): ControlState {
    const { clock } = this.options;
    const inside = this.fences.inside({ now: clock.now(), monotonic: clock.monotonic() });
    return { rules: this.engine.records(), alarms: this.alarms.states(), untold: this.keeper.untold, inside };
  }

  /** Begins nothing any more; what is known is on disk when it resolves. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.wake);
    clearInterval(this.slowTimer);
    await this.actuator.close();
    await this.keeper.close();
  }

  private async obey(command: Command, order: Order | string): Promise<string | undefined> {
    if (typeof order === 'string') return order;
    const { device_id, actor } = command;
    const { clock } = this.options;
    if (order.kind === 'reset') {
      const effects = this.engine.reset(`${device_id}/${order.rule}`, clock.monotonic());
      if (typeof effects === 'string') return effects;
      this.carryOut(effects);
    } else {
      const event = this.alarms.apply(device_id, order.alarm, order.order, actor, clock.now());
      if (typeof event === 'string') return event;
      this.keeper.tell(event ? [event] : []);
    }
    await this.keeper.save();
    return undefined;
  }

  private slowTick(): void {
    this.keeper.tell(this.alarms.expire(this.options.clock.now()));
    this.crossed(this.fences.tick(this.options.clock.monotonic()));
  }

  private crossed(events: readonly FenceEvent[]): void {
    const at = this.options.clock.now();
    for (const { kind, device, fence, stayed_ms } of events) {
      const tell = (metric: string, value: number): void =>
        this.options.report(device, metric, { at, value, quality: 0 });
      this.options.log.info({ device, fence, stayed_ms }, `geofence ${kind}`);
      if (kind !== 'dwell') tell(`geofence.${fence}`, kind === 'enter' ? 1 : 0);
      if (kind !== 'enter') tell(`geofence.${fence}.dwell`, stayed_ms / 1_000);
      this.keeper.note();
    }
  }

  private carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) this.carryOutOne(effect);
    if (effects.some((e) => e.rule.latch)) void this.keeper.save();
    else if (effects.length > 0) this.keeper.note();
  }

  private carryOutOne(effect: Effect): void {
    const { rule } = effect;
    switch (effect.kind) {
      case 'changed':
        if (effect.on) this.stats.firings++;
        this.options.log.info({ rule: rule.id, on: effect.on }, 'rule');
        return this.reportOf(rule, '', effect.on ? 1 : 0);
      case 'write': {
        const { value, write } = effect;
        if (value !== undefined) return this.actuator.want({ rule: rule.id, write, value });
        return this.failed(rule, `${write.metric}: a value it is calculated from is not known`);
      }
      case 'release':
        return this.actuator.release(rule.id);
      case 'alarm':
        return this.raise(rule, effect.alarm, effect.active, effect.value ?? null);
      case 'report':
        return this.options.reporting(rule, effect.on);
    }
  }

  private raise(
    rule: RulePlan,
    { alarm, priority, message }: AlarmAction,
    active: boolean,
    value: number | null,
  ): void {
    const order = active
      ? ({ type: 'raise', by: rule.id, priority, value, message } as const)
      : ({ type: 'clear', by: rule.id, value } as const);
    const event = this.alarms.apply(rule.device, alarm, order, this.alarms.actor, this.options.clock.now());
    if (typeof event === 'string') this.options.log.error({ rule: rule.id, alarm }, event);
    else if (event) this.keeper.tell([event]);
  }

  private outcome({ wanted, ok, detail, took_ms }: Outcome): void {
    const rule = this.rules.get(wanted.rule);
    if (!rule) return;
    const { device, metric } = wanted.write;
    const value = typeof wanted.value === 'bigint' ? String(wanted.value) : wanted.value;
    const written = { rule: rule.id, point: `${device}/${metric}`, value, detail, took_ms };
    if (!ok) return this.failed(rule, `${metric}=${String(wanted.value)}: ${detail}`);
    this.stats.writes++;
    this.options.log.info(written, 'rule has written');
    this.reportOf(rule, '.action', `${metric}=${String(wanted.value)}: ${detail}`);
    if (this.actuator.wants(rule.id)) return;
    this.engine.settle(rule.id);
    this.raise(rule, notCarriedOut(rule, ''), false, null);
    this.keeper.note();
  }

  private failed(rule: RulePlan, detail: string): void {
    this.stats.write_failures++;
    this.options.log.warn({ rule: rule.id, detail }, 'rule could not write');
    this.reportOf(rule, '.action', detail);
    this.raise(rule, notCarriedOut(rule, detail), true, null);
  }

  private reportOf(rule: RulePlan, what: string, value: number | string): void {
    this.options.report(rule.device, `rule.${rule.name}${what}`, { at: this.options.clock.now(), value, quality: 0 });
  }

  private point(device: string, metric: string): ReturnType<ConstructorParameters<typeof Actuator>[0]['find']> {
    const plan = this.plan.devices.get(device);
    const point = plan?.byMetric.get(metric);
    const field = plan && this.options.field(plan.connection);
    return point && field && { point, field };
  }

  private arm(now: number): void {
    const at = this.engine.wakeAt() ?? Infinity;
    if (at === this.wakes_at) return;
    clearTimeout(this.wake);
    this.wakes_at = at;
    if (at === Infinity) return;
    this.wake = setTimeout(
      () => {
        this.wakes_at = Infinity;
        this.settled();
      },
      Math.max(1, Math.ceil(at - now)),
    );
  }
}
