/** ajv's errors in the words of a profile's author. */
import { type ErrorObject } from 'ajv';
import { closest } from './closest';
import { type Issue, type Path } from './problem';

/** Errors that only repeat another one. */
const ECHOES = new Set(['if', 'propertyNames']);

export function issuesOf(errors: readonly ErrorObject[], base: Path, root: unknown): Issue[] {
  return errors
    .filter((e) => !ECHOES.has(e.keyword))
    .map((e) => {
      const path = pathOf(e.instancePath, root);
      const issue = issueOf(e, path);
      return { ...issue, path: [...base, ...issue.path] };
    });
}

function issueOf(error: ErrorObject, path: Path): Issue {
  const params = error.params as Record<string, unknown>;
  const properties = Object.keys((error.parentSchema as { properties?: object } | undefined)?.properties ?? {});
  const value: unknown = error.data;
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(params['additionalProperty']);
      const suggestion = closest(key, properties);
      const expected = `one of ${properties.join(', ')}`;
      return { path: [...path, key], value: undefined, expected, atKey: true, ...(suggestion && { suggestion }) };
    }
    case 'required':
      return { path, value: undefined, expected: `a "${String(params['missingProperty'])}"` };
    case 'enum': {
      const allowed = (params['allowedValues'] as unknown[]).map(String);
      const suggestion = typeof value === 'string' ? closest(value, allowed) : undefined;
      return { path, value, expected: `one of ${allowed.join(', ')}`, ...(suggestion && { suggestion }) };
    }
    default:
      return { path, value: size(error.keyword) ? undefined : value, expected: expectation(error) };
  }
}

const size = (keyword: string): boolean => /^(min|max)(Items|Properties)$/.test(keyword);

function expectation(error: ErrorObject): string {
  const params = error.params as Record<string, string | number>;
  switch (error.keyword) {
    case 'type':
      return [params['type']].flat().join(' or ');
    case 'minimum':
    case 'maximum':
      return rangeText(error.parentSchema as { minimum?: number; maximum?: number });
    case 'pattern':
      return error.propertyName ? `a name like ${params['pattern']}` : `text like ${params['pattern']}`;
    case 'minItems':
    case 'minProperties':
      return `at least ${params['limit']} entries`;
    case 'maxItems':
    case 'maxProperties':
      return `at most ${params['limit']} entries`;
    case 'minLength':
      return 'text that is not empty';
    case 'maxLength':
      return `at most ${params['limit']} characters`;
    default:
      return error.message ?? error.keyword;
  }
}

function rangeText({ minimum, maximum }: { minimum?: number; maximum?: number }): string {
  if (maximum === undefined) return `at least ${minimum}`;
  return minimum === undefined ? `at most ${maximum}` : `${minimum} to ${maximum}`;
}

/** JSON pointer to path; a segment is a number where the parent is an array. */
function pathOf(pointer: string, root: unknown): Path {
  let parent = root;
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => {
      const key = segment.replaceAll('~1', '/').replaceAll('~0', '~');
      const step = Array.isArray(parent) ? Number(key) : key;
      parent = (parent as Record<string | number, unknown> | undefined)?.[step];
      return step;
    });
}
