/** A command of the profile with its arguments filled in and every write checked before the first one goes out. Pure. */
import { type Command } from '../../../schemas/generated';
import { type FieldValue } from '../../adapter';
import {
  type ArgPlan,
  type CommandPlan,
  type DevicePlan,
  type Operand,
  type PointPlan,
  type VerifyPlan,
} from '../compile/plan';
import { toField } from '../reading';
import { type CommandOptions, type Condition, parseOptions } from './options';

export interface BoundWrite {
  readonly point: PointPlan;
  /** Engineering units. */
  readonly value: FieldValue;
  /** For the adapter. */
  readonly raw: FieldValue;
  /** The point is a method, called with these; `value` and `raw` are their JSON text. */
  readonly args?: readonly FieldValue[];
}

export interface BoundVerify {
  readonly point: PointPlan;
  readonly value: FieldValue;
  readonly tolerance?: number;
  readonly within_ms: number;
}

export interface BoundCondition {
  readonly point: PointPlan;
  readonly condition: Condition;
}

export interface BoundCommand {
  readonly writes: readonly BoundWrite[];
  readonly verify: readonly BoundVerify[];
  readonly only_if: readonly BoundCondition[];
  readonly options: CommandOptions;
}

export type Binding = { readonly ok: true; readonly command: BoundCommand } | { readonly ok: false; reason: string };

/** Built in for every device: `write {metric, value}`, read back. */
export const WRITE = 'write';
const WRITE_WITHIN_MS = 2_000;

/** Of a command what binding looks at; `args` and `options` are JSON texts. */
type Bindable = Pick<Command, 'name' | 'args' | 'options'>;
type Args = ReadonlyMap<string, FieldValue>;

class Refusal extends Error {}

/** A refusal says in words what does not fit. */
export function bind(device: DevicePlan, { name, args, options: text }: Bindable): Binding {
  try {
    const parsed = parseOptions(text);
    if (!parsed.ok) throw new Refusal(parsed.reason);
    const { options } = parsed;
    const given = parseArgs(args);
    const plan = device.commands.get(name) ?? (name === WRITE ? writePlan(given) : undefined);
    if (!plan) throw new Refusal(`${device.id} has no command ${name}; it has ${commandNames(device)}`);
    const values = plan.name === WRITE && !device.commands.has(WRITE) ? new Map() : checkArgs(plan, given);
    const writes = plan.writes.map(({ metric, value }) =>
      'list' in value
        ? bindCall(
            device,
            metric,
            value.list.map((v) => valueOf(v, values)),
          )
        : bindWrite(device, metric, valueOf(value, values)),
    );
    const verify = plan.verify.map((v) => bindVerify(device, v, values, options));
    const only_if = options.only_if.map((condition) => ({ condition, point: pointOf(device, condition.metric) }));
    return { ok: true, command: { writes, verify, only_if, options } };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, reason: error.message };
    throw error;
  }
}

function parseArgs(text: string): ReadonlyMap<string, unknown> {
  let value: unknown;
  try {
    value = text === '' ? {} : JSON.parse(text);
  } catch (error) {
    throw new Refusal(`the arguments are no JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Refusal('the arguments are no JSON object');
  return new Map(Object.entries(value));
}

function writePlan(given: ReadonlyMap<string, unknown>): CommandPlan {
  const metric = given.get('metric');
  const value = given.get('value');
  if (typeof metric !== 'string') throw new Refusal('write takes metric, the name of a writable point');
  if (typeof value !== 'number' && typeof value !== 'boolean' && typeof value !== 'string')
    throw new Refusal('write takes value, a number, a text, true or false');
  const write = { metric, value: { literal: value } } as const;
  return {
    name: WRITE,
    description: '',
    args: [],
    writes: [write],
    verify: [{ ...write, within_ms: WRITE_WITHIN_MS }],
  };
}

const commandNames = (device: DevicePlan): string => [...device.commands.keys(), WRITE].join(', ');

function checkArgs(plan: CommandPlan, given: ReadonlyMap<string, unknown>): Args {
  const known = new Set(plan.args.map((a) => a.name));
  for (const name of given.keys())
    if (!known.has(name)) throw new Refusal(`${plan.name} has no argument ${name}; it has ${[...known].join(', ')}`);
  return new Map(plan.args.map((arg) => [arg.name, checkArg(arg, given.get(arg.name) ?? arg.default)]));
}

function checkArg(arg: ArgPlan, value: unknown): FieldValue {
  const wrong = (expected: string): Refusal => new Refusal(`${arg.name} is ${JSON.stringify(value)}, not ${expected}`);
  if (value === undefined || value === null) throw new Refusal(`argument ${arg.name} is missing`);
  switch (arg.type) {
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong('true or false');
      return value;
    case 'text':
      if (typeof value !== 'string') throw wrong('a text');
      return value;
    case 'number':
    case 'integer':
      return checkNumber(arg, value, wrong);
  }
}

function checkNumber(arg: ArgPlan, value: unknown, wrong: (expected: string) => Refusal): FieldValue {
  const exact = arg.type === 'integer' && typeof value === 'string' && /^-?\d{1,20}$/.test(value);
  if (exact) return checkRange(arg, BigInt(value), wrong);
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong('a number');
  if (arg.type === 'integer' && !Number.isInteger(value)) throw wrong('a whole number');
  return checkRange(arg, value, wrong);
}

function checkRange<N extends number | bigint>(arg: ArgPlan, n: N, wrong: (expected: string) => Refusal): N {
  if (n < (arg.min ?? -Infinity) || n > (arg.max ?? Infinity))
    throw wrong(`from ${arg.min ?? '…'} to ${arg.max ?? '…'} ${arg.unit}`.trimEnd());
  return n;
}

function valueOf(operand: Operand, args: Args): FieldValue {
  if ('literal' in operand) return operand.literal;
  const value = args.get(operand.arg);
  if (value === undefined) throw new Refusal(`argument ${operand.arg} is missing`);
  return value;
}

function bindWrite(device: DevicePlan, metric: string, value: FieldValue): BoundWrite {
  const point = pointOf(device, metric);
  const field = toField(point, value);
  if (!field.ok) throw new Refusal(field.reason);
  return { point, value, raw: field.raw };
}

function bindCall(device: DevicePlan, metric: string, args: readonly FieldValue[]): BoundWrite {
  const value = JSON.stringify(args, (_, v: unknown) => (typeof v === 'bigint' ? v.toString() : v));
  return { ...bindWrite(device, metric, value), args };
}

/** Time given to settle is no time of reading back. */
function bindVerify(device: DevicePlan, plan: VerifyPlan, args: Args, options: CommandOptions): BoundVerify {
  const tolerance = options.tolerance ?? plan.tolerance;
  const within_ms = plan.within_ms + options.settle_ms;
  const point = pointOf(device, plan.metric);
  return { point, value: valueOf(plan.value, args), ...(tolerance !== undefined && { tolerance }), within_ms };
}

function pointOf(device: DevicePlan, metric: string): PointPlan {
  const point = device.byMetric.get(metric);
  if (!point) throw new Refusal(`${device.id} has no point ${metric}`);
  return point;
}
