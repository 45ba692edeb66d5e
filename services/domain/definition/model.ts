/** A device model: which points a device has, which commands it takes, with which arguments, and which point verifies them. */
import { type Problem } from '../device';
import { type Check, checkFields, type Fields, finite, flag, isObject, listOf, oneOf, problem, text } from './check';

export const VALUE_TYPES = ['number', 'integer', 'text', 'boolean'] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

export interface ModelPoint {
  readonly metric: string;
  readonly type: ValueType;
  /** As readings carry it, UCUM-like: Cel, kPa, 1/min. */
  readonly unit?: string;
  readonly description?: string;
}

export interface ModelArgument {
  readonly name: string;
  readonly type: ValueType;
  readonly unit?: string;
  /** Inclusive, of numbers and integers. */
  readonly min?: number;
  readonly max?: number;
  /** The only values allowed. */
  readonly values?: readonly (string | number)[];
  /** Default true. */
  readonly required?: boolean;
  readonly description?: string;
}

export interface ModelCommand {
  readonly name: string;
  readonly args?: readonly ModelArgument[];
  /** Metric of the point that shows whether it was done. */
  readonly verified_by?: string;
  readonly description?: string;
}

export interface Model {
  readonly description?: string;
  readonly points?: readonly ModelPoint[];
  readonly commands?: readonly ModelCommand[];
}

export const MODEL_LIMITS = { points: 2_000, commands: 200, args: 32, values: 200, description_chars: 1_000 } as const;

const METRIC = /^[A-Za-z_][A-Za-z0-9_.:/-]{0,127}$/;
const COMMAND = /^[a-z][a-z0-9-]{0,63}$/;
const ARGUMENT = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;
const UNIT_CHARS = 32;

const description = text(MODEL_LIMITS.description_chars);
const unit = text(UNIT_CHARS);

const point: Check = (value, field) =>
  checkFields(value, field, { metric: text(128, METRIC), type: oneOf(VALUE_TYPES), unit, description }, [
    'metric',
    'type',
  ]);

const argument: Check = (value, field) => {
  const checks = {
    ...{ name: text(64, ARGUMENT), type: oneOf(VALUE_TYPES), unit, description },
    ...{ min: finite, max: finite, required: flag, values: allowedValues },
  };
  return [...checkFields(value, field, checks, ['name', 'type']), ...(isObject(value) ? checkRange(value, field) : [])];
};

const command: Check = (value, field) =>
  checkFields(
    value,
    field,
    {
      name: text(64, COMMAND),
      args: listOf(MODEL_LIMITS.args, 'name', argument),
      verified_by: text(128, METRIC),
      description,
    },
    ['name'],
  );

export function checkModel(body: Fields): readonly Problem[] {
  const problems = checkFields(body, '', {
    description,
    points: listOf(MODEL_LIMITS.points, 'metric', point),
    commands: listOf(MODEL_LIMITS.commands, 'name', command),
  });
  return problems.length > 0 ? problems : checkVerifiers(body as Model);
}

function allowedValues(value: unknown, field: string): readonly Problem[] {
  if (!Array.isArray(value) || value.length === 0) return [problem(field, 'wrong-type', 'an array of values')];
  if (value.length > MODEL_LIMITS.values) return [problem(field, 'too-many', `at most ${MODEL_LIMITS.values}`)];
  const fits = value.every((v) => typeof v === 'string' || (typeof v === 'number' && Number.isFinite(v)));
  return fits ? [] : [problem(field, 'wrong-type', 'texts or numbers')];
}

function checkRange({ type, min, max }: Fields, field: string): readonly Problem[] {
  const bounded = min !== undefined || max !== undefined;
  if (bounded && type !== 'number' && type !== 'integer')
    return [problem(`${field}.${min === undefined ? 'max' : 'min'}`, 'unknown-field', 'a range of numbers only')];
  const inverted = typeof min === 'number' && typeof max === 'number' && min > max;
  return inverted ? [problem(`${field}.max`, 'malformed', `at least min, ${String(min)}`)] : [];
}

function checkVerifiers({ points = [], commands = [] }: Model): readonly Problem[] {
  const metrics = new Set(points.map((p) => p.metric));
  return commands.flatMap(({ verified_by }, i) =>
    verified_by === undefined || metrics.has(verified_by)
      ? []
      : [problem(`commands[${i}].verified_by`, 'malformed', 'the metric of a point of this model')],
  );
}
