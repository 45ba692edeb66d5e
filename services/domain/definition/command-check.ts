/** Whether a model knows a command and takes its arguments. Pure. */
import { type Model, type ModelArgument } from './model';

export interface CommandProblem {
  /** `name` or `args.<argument>`. */
  readonly path: string;
  readonly message: string;
}

/** What is wrong with a command for a device of this model; `allowed` names what there is in place of what was asked for. */
export interface CommandVerdict {
  readonly problems: readonly CommandProblem[];
  readonly allowed: readonly string[];
}

/** What every agent understands of every device unless it means something else there: about alarms and rules. */
const AGENT_ORDERS: ReadonlySet<string> = new Set([
  'alarm-acknowledge',
  'alarm-shelve',
  'alarm-unshelve',
  'rule-reset',
]);

export function checkCommand(model: Model, name: string, args: Readonly<Record<string, unknown>>): CommandVerdict {
  const commands = model.commands ?? [];
  const command = commands.find((c) => c.name === name);
  if (!command && AGENT_ORDERS.has(name)) return { problems: [], allowed: [] };
  if (!command) {
    const allowed = commands.map((c) => c.name);
    const message = `the model has no command ${name}; it has: ${allowed.join(', ') || 'none'}`;
    return { problems: [{ path: 'name', message }], allowed };
  }
  const known = command.args ?? [];
  const unknown = Object.keys(args).filter((a) => !known.some((k) => k.name === a));
  const problems = [
    ...unknown.map((a) => ({
      path: `args.${a}`,
      message: `${name} has no argument ${a}; it has: ${known.map((k) => k.name).join(', ') || 'none'}`,
    })),
    ...known.flatMap((argument) => checkArgument(argument, args[argument.name])),
  ];
  return { problems, allowed: known.map(describeArgument) };
}

/** `value: number in Cel, 20 to 95`. */
export function describeArgument({ name, type, unit, min, max, values, required }: ModelArgument): string {
  const range = min === undefined && max === undefined ? '' : `, ${min ?? 'any'} to ${max ?? 'any'}`;
  const list = values === undefined ? '' : `, one of ${values.join(', ')}`;
  return `${name}: ${type}${unit ? ` in ${unit}` : ''}${range}${list}${required === false ? ', optional' : ''}`;
}

function checkArgument(argument: ModelArgument, value: unknown): readonly CommandProblem[] {
  const path = `args.${argument.name}`;
  if (value === undefined)
    return argument.required === false ? [] : [{ path, message: `is missing; expected ${describeArgument(argument)}` }];
  const wrong = (what: string): CommandProblem[] => [
    { path, message: `${what}; expected ${describeArgument(argument)}` },
  ];
  if (!isOfType(argument, value)) return wrong(`${JSON.stringify(value).slice(0, 100)} is no ${argument.type}`);
  if (argument.values && !argument.values.some((v) => v === value)) return wrong(`${String(value)} is not allowed`);
  if (typeof value !== 'number') return [];
  if (argument.min !== undefined && value < argument.min) return wrong(`${value} is below ${argument.min}`);
  if (argument.max !== undefined && value > argument.max) return wrong(`${value} is above ${argument.max}`);
  return [];
}

function isOfType({ type }: ModelArgument, value: unknown): boolean {
  switch (type) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    case 'integer':
      return Number.isSafeInteger(value);
    case 'text':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    default:
      return type satisfies never;
  }
}
