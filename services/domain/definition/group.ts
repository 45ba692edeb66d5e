/** A group: a filter with a name. Who is in it follows from what devices are at the moment. */
import { LIFECYCLE_STATES, type Problem } from '../device';
import { checkFields, type Fields, isObject, oneOf, problem, text } from './check';

export interface GroupFilter {
  readonly state?: string;
  readonly model?: string;
  readonly agent?: string;
  /** Prefix by whole levels. */
  readonly path?: string;
  readonly parent?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Part of the id or the name. */
  readonly q?: string;
}

export interface Group {
  readonly description?: string;
  readonly filter: GroupFilter;
}

const MAX_LABELS = 16;

export function checkGroup(body: Fields): readonly Problem[] {
  return checkFields(body, '', { description: text(1_000), filter: checkFilter }, ['filter']);
}

function checkFilter(value: unknown, field: string): readonly Problem[] {
  const checks = {
    ...{ state: oneOf(LIFECYCLE_STATES), model: text(128), agent: text(128), path: text(512), parent: text(128) },
    ...{ labels: checkLabels, q: text(128) },
  };
  const problems = checkFields(value, field, checks);
  if (problems.length > 0) return problems;
  const empty = Object.keys(value as object).length === 0;
  return empty ? [problem(field, 'missing', `at least one of ${Object.keys(checks).join(', ')}`)] : [];
}

function checkLabels(value: unknown, field: string): readonly Problem[] {
  if (!isObject(value)) return [problem(field, 'wrong-type', 'an object of text by key')];
  const entries = Object.entries(value);
  if (entries.length > MAX_LABELS) return [problem(field, 'too-many', `at most ${MAX_LABELS}`)];
  return entries.flatMap(([key, v]) => text(256)(v, `${field}.${key.slice(0, 64)}`));
}
