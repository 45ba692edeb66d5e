import { closest } from '../profile/closest';
import { type Issue, type Path } from '../profile/problem';
import { type ArgSection, type CommandSection, type Literal, type PointSection } from '../profile/types';
import { type PointKind } from './plan';
import { type ProtocolRules } from './protocol';
import { type ResolvedDevice } from './resolve';

const ARG_KINDS: Readonly<Record<NonNullable<ArgSection['type']>, readonly PointKind[]>> = {
  number: ['number', 'int64'],
  integer: ['number', 'int64'],
  boolean: ['boolean'],
  text: ['text'],
};

/** Name of the argument a value refers to; undefined for a literal. `$$` at the start stands for a literal `$`. */
export function argOf(value: Literal): string | undefined {
  return typeof value === 'string' && value.startsWith('$') && !value.startsWith('$$') ? value.slice(1) : undefined;
}

export const isList = (value: Literal | readonly Literal[]): value is readonly Literal[] => Array.isArray(value);

/** Issues with paths inside the command. */
export function checkCommand(command: CommandSection, device: ResolvedDevice, rules: ProtocolRules): Issue[] {
  const args = new Map((command.args ?? []).map((a) => [a.name, a]));
  const points = new Map(device.points.map((p) => [p.section.metric, p.section]));
  const issues = (command.args ?? []).flatMap((arg, i) => checkArg(arg, ['args', i]));
  const used = new Set<string>();
  const verify = Array.isArray(command.verify) ? (command.verify as CommandSection['writes']) : [];
  const check = (part: CommandSection['writes'][number], path: Path, write: boolean): void => {
    const point = points.get(part.metric);
    const values = isList(part.value) ? part.value : [part.value];
    const named = values.flatMap((v) => argOf(v) ?? []);
    named.forEach((n) => used.add(n));
    if (!point) issues.push(notThere([...path, 'metric'], part.metric, 'a metric of the device', points.keys()));
    else if (write && !point.writable)
      issues.push({ path: [...path, 'metric'], value: part.metric, expected: 'a point with writable: true' });
    const strangers = named.filter((n) => !args.has(n));
    for (const stranger of strangers)
      issues.push(
        notThere(
          [...path, 'value'],
          `$${stranger}`,
          'an argument of the command',
          [...args.keys()].map((a) => `$${a}`),
        ),
      );
    if (!point || strangers.length > 0) return;
    const isMethod = rules.isMethod?.(point) ?? false;
    if (isMethod !== isList(part.value) || (isMethod && !write))
      issues.push({ path: [...path, 'value'], value: part.value, expected: methodValue(part.metric, isMethod, write) });
    else if (!isList(part.value))
      issues.push(...checkValue(part.value, args.get(named[0] ?? ''), point, rules.kind(point), path));
  };
  command.writes.forEach((w, i) => check(w, ['writes', i], true));
  verify.forEach((v, i) => check(v, ['verify', i], false));
  for (const [i, arg] of (command.args ?? []).entries())
    if (!used.has(arg.name))
      issues.push({ path: ['args', i, 'name'], value: arg.name, expected: `$${arg.name} in writes or verify` });
  return issues;
}

function methodValue(metric: string, isMethod: boolean, write: boolean): string {
  if (isMethod && !write) return `no method to be read back: ${metric} has no value`;
  return isMethod ? `a list: ${metric} is a method` : `one value: ${metric} is no method`;
}

function checkArg(arg: ArgSection, path: Path): Issue[] {
  const issues: Issue[] = [];
  const numeric = arg.type === undefined || arg.type === 'number' || arg.type === 'integer';
  if (!numeric && (arg.min ?? arg.max) !== undefined)
    issues.push({ path, value: arg.name, expected: `no min or max on a ${arg.type}` });
  if (arg.min !== undefined && arg.max !== undefined && arg.min > arg.max)
    issues.push({ path: [...path, 'max'], value: arg.max, expected: `at least min (${arg.min})` });
  const wanted = numeric ? 'number' : arg.type === 'text' ? 'string' : 'boolean';
  if (arg.default !== undefined && typeof arg.default !== wanted)
    issues.push({ path: [...path, 'default'], value: arg.default, expected: `a ${wanted}` });
  return issues;
}

function checkValue(
  value: Literal,
  arg: ArgSection | undefined,
  point: PointSection,
  kind: PointKind,
  path: Path,
): Issue[] {
  if (arg) {
    const kinds = ARG_KINDS[arg.type ?? 'number'];
    if (kinds.includes(kind)) return [];
    return [{ path: [...path, 'value'], value, expected: `an argument for ${point.metric}, which is ${kind}` }];
  }
  const wanted = kind === 'text' ? 'string' : kind === 'boolean' ? 'boolean' : 'number';
  if (typeof value !== wanted)
    return [{ path: [...path, 'value'], value, expected: `a ${wanted} for ${point.metric}` }];
  const n = Number(value);
  if (wanted === 'number' && (n < (point.low ?? -Infinity) || n > (point.high ?? Infinity)))
    return [{ path: [...path, 'value'], value, expected: `${point.low ?? '…'} to ${point.high ?? '…'}` }];
  return [];
}

function notThere(path: Path, value: string, what: string, known: Iterable<string>): Issue {
  const names = [...known];
  const suggestion = closest(value, names);
  return { path, value, expected: `${what}: ${names.slice(0, 12).join(', ')}`, ...(suggestion && { suggestion }) };
}
