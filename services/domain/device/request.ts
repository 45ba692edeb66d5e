/** A wish to move a device, its arguments checked. Limits are part of the contract: the API documents them. */
import { type DeviceRequest as RequestRecord } from '../../../schemas/generated';
import { type Config, type Description } from './device';
import { REQUEST_TYPES, type RequestType } from './moves';

export const LIMITS = {
  request_id_chars: 128,
  name_chars: 128,
  model_chars: 128,
  credential_chars: 256,
  actor_chars: 256,
  reason_chars: 1_000,
  path_levels: 5,
  path_level_chars: 64,
  serial_chars: 128,
  config_chars: 16_384,
  labels: 32,
  label_key_chars: 63,
  label_value_chars: 256,
  /** Problems told of one request: garbage must not make the answer larger than itself. */
  problems: 20,
} as const;

export const TENANT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
/** No slash: keys are tenant/device_id. */
export const DEVICE_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
/** No dot: the id is one level of a topic's name, and Kafka confuses dots with underscores. */
export const AGENT_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;
export const LABEL_KEY = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/;

export interface RequestArguments {
  register: Description;
  provision: { readonly credential?: string };
  activate: object;
  suspend: object;
  resume: object;
  'begin-decommission': object;
  'complete-decommission': object;
  'abandon-decommission': object;
  update: Partial<Description>;
  quarantine: object;
  release: object;
  replace: { readonly serial: string; readonly credential?: string };
  configure: { readonly config: Config; readonly expected_config_version?: number };
  'report-config': { readonly config: Config; readonly config_version: number };
}

type Envelope = Omit<RequestRecord, 'type' | 'data'>;

export type DeviceRequest = {
  [T in RequestType]: Envelope & { readonly type: T; readonly data: RequestArguments[T] };
}[RequestType];

export type ProblemCode = 'missing' | 'wrong-type' | 'malformed' | 'too-long' | 'too-many' | 'unknown-field';

/** One thing wrong with a request: where, of which kind, and what was expected. */
export interface Problem {
  readonly field: string;
  readonly code: ProblemCode;
  readonly expected: string;
}

export type Checked = { kind: 'valid'; request: DeviceRequest } | { kind: 'invalid'; problems: readonly Problem[] };

type Check = (value: unknown, field: string) => readonly Problem[];

/** Checks a request as it came off the wire; every problem is listed, not only the first. */
export function checkRequest(record: RequestRecord): Checked {
  const problems: Problem[] = [];
  for (const [check, field] of ENVELOPE) add(problems, check(record[field], field));
  if (record.reason !== null) add(problems, REASON(record.reason, 'reason'));
  const type = REQUEST_TYPES.find((t) => t === record.type);
  if (!type)
    return { kind: 'invalid', problems: [...problems, problem('type', 'malformed', REQUEST_TYPES.join(' | '))] };
  const data = objectOf(record.data);
  if (!data) return { kind: 'invalid', problems: [...problems, problem('data', 'malformed', 'a JSON object')] };
  add(problems, missing(type, data, record.reason));
  add(problems, checkArguments(type, data));
  if (problems.length > 0) return { kind: 'invalid', problems: problems.slice(0, LIMITS.problems) };
  const complete = type === 'register' ? { ...EMPTY_DESCRIPTION, ...data } : data;
  return { kind: 'valid', request: { ...record, type, data: complete } as DeviceRequest };
}

/** Checks the arguments of one type of request; fields are reported as `data.<name>`. */
export function checkArguments(type: RequestType, data: Readonly<Record<string, unknown>>): readonly Problem[] {
  const checks = ARGUMENTS[type];
  const problems: Problem[] = [];
  for (const name of Object.keys(data)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    add(problems, check ? check(data[name], `data.${name}`) : unknownField(name, checks));
  }
  return problems;
}

function unknownField(name: string, checks: Readonly<Record<string, Check>>): readonly Problem[] {
  const expected = Object.keys(checks).join(', ') || 'no arguments';
  return [problem(`data.${name.slice(0, LIMITS.label_key_chars)}`, 'unknown-field', expected)];
}

/** Nearly every check of a fleet's registration finds nothing: that makes no list. */
const NONE: readonly Problem[] = [];

function add(problems: Problem[], found: readonly Problem[]): void {
  for (const one of found) problems.push(one);
}

/** Problems in one line, for a rejection's detail. */
export function describeProblems(problems: readonly Problem[]): string {
  return problems.map((p) => `${p.field} is ${p.code}: expected ${p.expected}`).join('; ');
}

const REASON = textOf(0, LIMITS.reason_chars);
const ENVELOPE: readonly (readonly [Check, 'tenant' | 'device_id' | 'request_id' | 'actor'])[] = [
  [matching(TENANT), 'tenant'],
  [matching(DEVICE_ID), 'device_id'],
  [textOf(1, LIMITS.request_id_chars), 'request_id'],
  [textOf(1, LIMITS.actor_chars), 'actor'],
];

const LABEL_VALUE = textOf(0, LIMITS.label_value_chars);

const EMPTY_DESCRIPTION: Description = { name: '', model: '', agent_id: null, path: '', labels: {}, parent_id: null };

const DESCRIPTION: Readonly<Record<keyof Description, Check>> = {
  name: textOf(0, LIMITS.name_chars),
  model: textOf(0, LIMITS.model_chars),
  agent_id: orNull(matching(AGENT_ID)),
  path: checkPath,
  labels: checkLabels,
  parent_id: orNull(matching(DEVICE_ID)),
};

const ARGUMENTS: Readonly<Record<RequestType, Readonly<Record<string, Check>>>> = {
  register: DESCRIPTION,
  provision: { credential: textOf(1, LIMITS.credential_chars) },
  activate: {},
  suspend: {},
  resume: {},
  'begin-decommission': {},
  'complete-decommission': {},
  'abandon-decommission': {},
  update: DESCRIPTION,
  quarantine: {},
  release: {},
  replace: { serial: textOf(1, LIMITS.serial_chars), credential: textOf(1, LIMITS.credential_chars) },
  configure: { config: checkConfig, expected_config_version: checkCount },
  'report-config': { config: checkConfig, config_version: checkCount },
};

const REQUIRED: Partial<Record<RequestType, readonly string[]>> = {
  replace: ['serial'],
  configure: ['config'],
  'report-config': ['config', 'config_version'],
};

const NO_FIELDS: readonly string[] = [];

/** Why a device is shut away must be said: who finds it there asks. */
function missing(type: RequestType, data: Readonly<Record<string, unknown>>, reason: string | null): Problem[] {
  const fields = (REQUIRED[type] ?? NO_FIELDS).filter((name) => data[name] === undefined).map((name) => `data.${name}`);
  if (type === 'quarantine' && (reason ?? '').trim() === '') fields.push('reason');
  return fields.map((field) => problem(field, 'missing', 'to be given'));
}

/** Undefined when it is no JSON, or no object. */
export function objectOf(json: string): Record<string, unknown> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  return isObject(value) ? value : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function problem(field: string, code: ProblemCode, expected: string): Problem {
  return { field, code, expected };
}

function orNull(check: Check): Check {
  return (value, field) => (value === null ? NONE : check(value, field));
}

function matching(pattern: RegExp): Check {
  return (value, field) => {
    if (typeof value !== 'string') return [problem(field, 'wrong-type', 'text')];
    return pattern.test(value) ? NONE : [problem(field, 'malformed', pattern.source)];
  };
}

function textOf(min_chars: number, max_chars: number): Check {
  return (value, field) => {
    if (typeof value !== 'string') return [problem(field, 'wrong-type', 'text')];
    if (value.length < min_chars) return [problem(field, 'missing', `at least ${min_chars} characters`)];
    return value.length > max_chars ? [problem(field, 'too-long', `at most ${max_chars} characters`)] : NONE;
  };
}

function checkConfig(value: unknown, field: string): readonly Problem[] {
  if (!isObject(value)) return [problem(field, 'wrong-type', 'a JSON object')];
  const fits = JSON.stringify(value).length <= LIMITS.config_chars;
  return fits ? NONE : [problem(field, 'too-long', `at most ${LIMITS.config_chars} characters`)];
}

function checkCount(value: unknown, field: string): readonly Problem[] {
  return Number.isSafeInteger(value) && Number(value) >= 0
    ? NONE
    : [problem(field, 'wrong-type', 'a count, 0 or more')];
}

function checkPath(value: unknown, field: string): readonly Problem[] {
  if (typeof value !== 'string') return [problem(field, 'wrong-type', 'text')];
  if (value === '') return NONE;
  const levels = value.split('/');
  if (levels.length > LIMITS.path_levels)
    return [problem(field, 'too-many', `at most ${LIMITS.path_levels} levels: enterprise/site/area/line/cell`)];
  const bad = levels.some((l) => l.trim() !== l || l === '' || l.length > LIMITS.path_level_chars);
  return bad
    ? [problem(field, 'malformed', `levels of 1 to ${LIMITS.path_level_chars} characters, no blank ends`)]
    : NONE;
}

function checkLabels(value: unknown, field: string): readonly Problem[] {
  if (!isObject(value)) return [problem(field, 'wrong-type', 'an object of text by key')];
  const keys = Object.keys(value);
  if (keys.length > LIMITS.labels) return [problem(field, 'too-many', `at most ${LIMITS.labels} labels`)];
  const problems: Problem[] = [];
  for (const key of keys) {
    if (!LABEL_KEY.test(key)) problems.push(problem(`${field} key`, 'malformed', LABEL_KEY.source));
    add(problems, LABEL_VALUE(value[key], `${field}.${key.slice(0, LIMITS.label_key_chars)}`));
  }
  return problems;
}
