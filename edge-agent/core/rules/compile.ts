/** Rule sections of a profile to rules, or to everything that is wrong with them. */
import { argOf } from '../compile/check-command';
import { type DevicePlan } from '../compile/plan';
import { type Placed, type ResolvedDevice } from '../compile/resolve';
import { closest } from '../profile/closest';
import { type Issue, type Path } from '../profile/problem';
import { type ActionSection, type RuleSection } from '../profile/types';
import { toField } from '../reading';
import { compileExpression, type Expression } from './expression';
import { Fault } from './fault';
import { type PointRef, type Scope } from './language';
import { type AlarmAction, type RulePlan, type WriteAction } from './plan';
import { MAX_WINDOW_SAMPLES } from './window';

export const MAX_RULES = 10_000;
/** Samples in the windows of all rules together. */
export const MAX_SAMPLES = 5_000_000;
export const DEFAULT_WITHIN_MS = 2_000;
export const DEFAULT_WRITES_PER_MINUTE = 60;
const DEFAULT_PRIORITY = 3;

export interface CompiledRules {
  readonly rules: readonly RulePlan[];
  readonly issues: readonly Issue[];
}

type Devices = ReadonlyMap<string, DevicePlan>;

export function compileRules(
  resolved: readonly ResolvedDevice[],
  devices: Devices,
  fences: ReadonlySet<string>,
): CompiledRules {
  const issues: Issue[] = [];
  const ids = new Set(resolved.flatMap((r) => r.rules.map((rule) => `${r.section.id}/${rule.section.name}`)));
  if (ids.size > MAX_RULES)
    issues.push({ path: ['devices'], value: undefined, expected: `at most ${MAX_RULES} rules, not ${ids.size}` });
  const rules = resolved.flatMap((r) => {
    const device = devices.get(r.section.id);
    return device ? r.rules.map((rule) => new RuleCompiler(device, devices, fences, ids, rule, issues).compile()) : [];
  });
  const samples = samplesOf(rules, devices);
  if (samples > MAX_SAMPLES)
    issues.push({ path: ['devices'], value: undefined, expected: `windows of at most ${MAX_SAMPLES} samples in all` });
  return { rules, issues };
}

function samplesOf(rules: readonly RulePlan[], devices: Devices): number {
  const windows = new Map<string, number>();
  for (const { when, clear } of rules)
    for (const e of [when, clear])
      for (const { point, span_ms } of e?.windows ?? []) {
        const ref = e?.points[point];
        const scan_ms = ref && devices.get(ref.device)?.byMetric.get(ref.metric)?.scan_ms;
        windows.set(`${ref?.device}/${ref?.metric} ${span_ms}`, span_ms / (scan_ms ?? span_ms));
      }
  return [...windows.values()].reduce((sum, n) => sum + n, 0);
}

const NOTHING: Expression = {
  ...{ text: '', type: 'bool', points: [], windows: [], held: [], timed: false },
  run: () => undefined,
};

class RuleCompiler {
  private readonly section: RuleSection;

  constructor(
    private readonly device: DevicePlan,
    private readonly devices: Devices,
    private readonly fences: ReadonlySet<string>,
    private readonly ids: ReadonlySet<string>,
    private readonly placed: Placed<RuleSection>,
    private readonly issues: Issue[],
  ) {
    this.section = placed.section;
  }

  compile(): RulePlan {
    const { section, device } = this;
    const { name } = section;
    const actions = (section.then ?? []).map((action, i) => ({ action, path: ['then', i] }));
    actions.forEach(({ action, path }) => this.checkAction(action, path, ['write', 'alarm', 'report']));
    (section.otherwise ?? []).forEach((action, i) => this.checkAction(action, ['otherwise', i], ['write']));
    const clear = section.clear === undefined ? undefined : this.expression(section.clear, ['clear'], ['bool']);
    return {
      id: `${device.id}/${name}`,
      ...{ device: device.id, name, description: section.description ?? '' },
      when: this.expression(section.when, ['when'], ['bool']),
      ...(clear && { clear }),
      delay_on_ms: section.delay_on_ms ?? 0,
      delay_off_ms: section.delay_off_ms ?? 0,
      latch: section.latch ?? false,
      unknown: section.unknown ?? 'hold',
      blocks: this.blocks(),
      writes: {
        on: actions.flatMap(({ action, path }) => this.write(action, path)),
        off: (section.otherwise ?? []).flatMap((action, i) => this.write(action, ['otherwise', i])),
      },
      alarms: actions.flatMap(({ action }) => this.alarm(action)),
      report: [...new Set(actions.flatMap(({ action, path }) => this.report(action, [...path, 'report'])))],
    };
  }

  private checkAction(action: ActionSection, path: Path, kinds: readonly (keyof ActionSection)[]): void {
    if (kinds.filter((k) => action[k] !== undefined).length !== 1)
      this.issue(path, undefined, `exactly one of ${kinds.join(', ')}`);
  }

  private expression(text: string, path: Path, types: readonly string[]): Expression {
    try {
      const expression = compileExpression(text, this.scope(), types);
      for (const { point, span_ms } of expression.windows) this.checkWindow(expression, point, span_ms, path);
      return expression;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { at, expected, suggestion } = error;
      this.issue(path, text, `in rule ${this.section.name}, at character ${at + 1}, ${expected}`, suggestion);
      return NOTHING;
    }
  }

  private checkWindow({ points, text }: Expression, point: number, span_ms: number, path: Path): void {
    const ref = points[point];
    const scan_ms = ref && this.devices.get(ref.device)?.byMetric.get(ref.metric)?.scan_ms;
    if (ref === undefined || scan_ms === undefined || span_ms / scan_ms <= MAX_WINDOW_SAMPLES) return;
    const longest = Math.floor((MAX_WINDOW_SAMPLES * scan_ms) / 1_000);
    this.issue(path, text, `a window of at most ${longest} s on ${ref.metric}, which is read every ${scan_ms} ms`);
  }

  private write(action: ActionSection, path: Path): WriteAction[] {
    if (action.write === undefined) return [];
    const found = this.find(action.write);
    const point = found && this.devices.get(found.device)?.byMetric.get(found.metric);
    if (!point) return this.unknownMetric([...path, 'write'], action.write);
    const value = this.value(action, path, point.kind === 'number' ? ['double'] : [CEL_TYPES[point.kind]]);
    const fits = typeof value === 'object' ? undefined : toField(point, value);
    if (fits && !fits.ok) this.issue([...path, 'value'], action.value, `a value for it: ${fits.reason}`);
    if (typeof value === 'object' && !point.writable)
      this.issue([...path, 'write'], action.write, 'a point with writable: true');
    return [
      {
        ...{ device: found.device, metric: found.metric, value },
        verify: action.verify !== 'none',
        ...(action.tolerance !== undefined && { tolerance: action.tolerance }),
        within_ms: action.within_ms ?? DEFAULT_WITHIN_MS,
        per_minute: action.per_minute ?? DEFAULT_WRITES_PER_MINUTE,
      },
    ];
  }

  private value({ value, value_of }: ActionSection, path: Path, types: readonly string[]): WriteAction['value'] {
    if ((value === undefined) === (value_of === undefined)) this.issue(path, undefined, 'either value or value_of');
    if (value_of !== undefined) return this.expression(value_of, [...path, 'value_of'], types);
    const literal = value ?? 0;
    if (argOf(literal) !== undefined) this.issue([...path, 'value'], literal, 'a value: a rule has no arguments');
    return literal;
  }

  private alarm({ alarm, priority, message }: ActionSection): AlarmAction[] {
    if (alarm === undefined) return [];
    return [{ alarm, priority: priority ?? DEFAULT_PRIORITY, message: message ?? this.section.description ?? '' }];
  }

  private report({ report }: ActionSection, path: Path): string[] {
    if (report === undefined) return [];
    if (report === 'all') return this.device.points.map((p) => p.metric);
    for (const [i, metric] of report.entries())
      if (!this.device.byMetric.has(metric)) this.unknownMetric([...path, i], metric);
    return [...report];
  }

  private blocks(): RulePlan['blocks'] {
    const { commands = [], rules = [] } = this.section.interlock ?? {};
    const full = (name: string): string => (name.includes('/') ? name : `${this.device.id}/${name}`);
    for (const [i, name] of rules.entries()) {
      if (this.ids.has(full(name)) && full(name) !== `${this.device.id}/${this.section.name}`) continue;
      const known = [...this.ids].map((id) => (id.startsWith(`${this.device.id}/`) ? id.split('/')[1] : id) ?? id);
      this.issue(['interlock', 'rules', i], name, 'another rule', closest(name, known));
    }
    for (const [i, name] of commands.entries()) {
      const [device = '', command = ''] = full(name).split('/');
      const known = [...(this.devices.get(device)?.commands.keys() ?? []), 'write'];
      if (!this.devices.has(device) || !known.includes(command))
        this.issue(['interlock', 'commands', i], name, `a command: ${known.join(', ')}`, closest(name, known));
    }
    return { commands: commands.map(full), rules: rules.map(full) };
  }

  private find(name: string): PointRef | undefined {
    const [device = '', metric = ''] = name.includes('/') ? name.split('/') : [this.device.id, name];
    const point = this.devices.get(device)?.byMetric.get(metric);
    return point && { device, metric, kind: point.kind };
  }

  private scope(): Scope {
    return {
      point: (name) => this.find(name),
      fence: (name) => this.fences.has(name) && this.device.position !== undefined,
      names: () => this.device.byMetric.keys(),
      fences: () => this.fences,
    };
  }

  private unknownMetric(path: Path, name: string): [] {
    const names = [...this.device.byMetric.keys()];
    this.issue(path, name, `a metric of the device: ${names.slice(0, 12).join(', ')}`, closest(name, names));
    return [];
  }

  private issue(path: Path, value: unknown, expected: string, suggestion?: string): void {
    this.issues.push({
      path: [...this.placed.path, ...path],
      value,
      expected,
      ...(suggestion !== undefined && { suggestion }),
    });
  }
}

const CEL_TYPES = { number: 'double', int64: 'int', boolean: 'bool', text: 'string' } as const;
