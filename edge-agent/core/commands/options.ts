/** How a command is to be carried out, beyond its name and arguments: the `options` of schemas/events/command.avsc. Pure. */
import { type Command } from '../../../schemas/generated';
import { type FieldValue } from '../../adapter';
import { type Reading } from '../reading';

export const COMPARISONS = ['=', '!=', '<', '<=', '>', '>='] as const;
export type Comparison = (typeof COMPARISONS)[number];

/** A point of the same device must compare so, in engineering units, or nothing is written. */
export interface Condition {
  readonly metric: string;
  readonly is: Comparison;
  readonly value: FieldValue;
}

export interface CommandOptions {
  /** Higher goes first among those that wait for the same device. */
  readonly priority: number;
  /** All must hold right before the first write. */
  readonly only_if: readonly Condition[];
  /** Waits, until the deadline, for a device that sleeps: carried out when it is heard of. */
  readonly when_awake: boolean;
  /** In place of what the profile says, engineering units. */
  readonly tolerance: number | undefined;
  /** Pause between the last write and the first read-back, for what moves slowly. */
  readonly settle_ms: number;
}

export const NO_OPTIONS: CommandOptions = {
  priority: 0,
  only_if: [],
  when_awake: false,
  tolerance: undefined,
  settle_ms: 0,
};

export const MAX_CONDITIONS = 16;
export const MAX_SETTLE_MS = 3_600_000;

export type ParsedOptions =
  { readonly ok: true; readonly options: CommandOptions } | { readonly ok: false; readonly reason: string };

/** An option that is not known is a refusal: it may be the one that made the command safe. Journals of old have none. */
export function parseOptions(text: string | undefined): ParsedOptions {
  if (text === undefined || text === '') return { ok: true, options: NO_OPTIONS };
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return refusal('the options are no JSON');
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return refusal('the options are no object');
  const options = { ...NO_OPTIONS, ...(given as Partial<CommandOptions>) };
  const reason = Object.keys(given).map(unknownOption).find(Boolean) ?? wrongOption(options);
  return reason === undefined ? { ok: true, options } : refusal(reason);
}

/** 0 for a command whose options are not understood: it is refused in its turn. */
export function priorityOf({ options }: Command): number {
  const parsed = parseOptions(options);
  return parsed.ok ? parsed.options.priority : 0;
}

const refusal = (reason: string): ParsedOptions => ({ ok: false, reason });

const unknownOption = (name: string): string | undefined =>
  name in NO_OPTIONS ? undefined : `this agent does not know the option ${name}`;

function wrongOption({ priority, only_if, when_awake, tolerance, settle_ms }: CommandOptions): string | undefined {
  if (!Number.isInteger(priority)) return 'priority is no whole number';
  if (typeof when_awake !== 'boolean') return 'when_awake is neither true nor false';
  if (tolerance !== undefined && !(typeof tolerance === 'number' && tolerance >= 0)) return 'tolerance is no number';
  if (!Number.isInteger(settle_ms) || settle_ms < 0 || settle_ms > MAX_SETTLE_MS)
    return `settle_ms is not from 0 to ${MAX_SETTLE_MS}`;
  if (!Array.isArray(only_if) || only_if.length > MAX_CONDITIONS)
    return `only_if takes up to ${MAX_CONDITIONS} conditions`;
  return only_if.every(isCondition) ? undefined : 'only_if takes {metric, is, value}';
}

function isCondition(given: unknown): boolean {
  const { metric, is, value } = (given ?? {}) as Partial<Condition>;
  const comparable = typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean';
  return typeof metric === 'string' && COMPARISONS.includes(is as Comparison) && comparable;
}

/** Why a condition does not hold, in words; undefined when it does. A reading of bad quality proves nothing. */
export function unmet({ metric, is, value }: Condition, reading: Reading): string | undefined {
  if (reading.quality >= 64) return `${metric} cannot be read (quality ${reading.quality})`;
  const wanted = typeof value === 'boolean' ? Number(value) : value;
  if (holds(is, compare(reading.value, wanted))) return undefined;
  return `${metric} is ${String(reading.value)}, not ${is} ${String(value)}`;
}

/** Below zero, zero or above; undefined when the two cannot be compared. */
function compare(is: Reading['value'], wanted: Exclude<FieldValue, boolean>): number | undefined {
  if (typeof is === 'string' || typeof wanted === 'string') {
    const [a, b] = [String(is), String(wanted)];
    return a === b ? 0 : a < b ? -1 : 1;
  }
  const difference = Number(is) - Number(wanted);
  return Number.isNaN(difference) ? undefined : difference;
}

function holds(is: Comparison, difference: number | undefined): boolean {
  if (difference === undefined) return false;
  switch (is) {
    case '=':
      return difference === 0;
    case '!=':
      return difference !== 0;
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '>':
      return difference > 0;
    case '>=':
      return difference >= 0;
  }
}
