/** Checks of bodies of definitions: small functions from a value and its place to problems. */
import { isObject, objectOf, type Problem, problem } from '../device';

export { isObject, objectOf, problem };

export type Fields = Readonly<Record<string, unknown>>;
export type Check = (value: unknown, field: string) => readonly Problem[];

/** Each field by its check; what has none is unknown, what is required must be there. */
export function checkFields(
  value: unknown,
  field: string,
  checks: Readonly<Record<string, Check>>,
  required: readonly string[] = [],
): readonly Problem[] {
  if (!isObject(value)) return [problem(field || 'body', 'wrong-type', 'an object')];
  const at = (name: string): string => (field ? `${field}.${name}` : name);
  const missing = required.filter((name) => value[name] === undefined);
  return [
    ...missing.map((name) => problem(at(name), 'missing', `one of ${Object.keys(checks).join(', ')}`)),
    ...Object.entries(value).flatMap(([name, v]) => {
      const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
      if (check) return check(v, at(name));
      return [problem(at(name.slice(0, 64)), 'unknown-field', Object.keys(checks).join(', '))];
    }),
  ];
}

/** An array of at most `max` items whose `id` is unique. */
export function listOf(max: number, id: string, check: Check): Check {
  return (value, field) => {
    if (!Array.isArray(value)) return [problem(field, 'wrong-type', 'an array')];
    if (value.length > max) return [problem(field, 'too-many', `at most ${max}`)];
    const ids = value.map((v) => (isObject(v) ? v[id] : undefined));
    return value.flatMap((v, i) => [
      ...check(v, `${field}[${i}]`),
      ...(ids.indexOf(ids[i]) < i ? [problem(`${field}[${i}].${id}`, 'malformed', 'a name not used before')] : []),
    ]);
  };
}

export function text(max_chars: number, pattern?: RegExp): Check {
  return (value, field) => {
    if (typeof value !== 'string') return [problem(field, 'wrong-type', 'text')];
    if (value.length > max_chars) return [problem(field, 'too-long', `at most ${max_chars} characters`)];
    return pattern && !pattern.test(value) ? [problem(field, 'malformed', pattern.source)] : [];
  };
}

export function oneOf(values: readonly string[]): Check {
  return (value, field) => (values.some((v) => v === value) ? [] : [problem(field, 'malformed', values.join(' | '))]);
}

export const finite: Check = (value, field) =>
  typeof value === 'number' && Number.isFinite(value) ? [] : [problem(field, 'wrong-type', 'a number')];

export const flag: Check = (value, field) =>
  typeof value === 'boolean' ? [] : [problem(field, 'wrong-type', 'true or false')];
