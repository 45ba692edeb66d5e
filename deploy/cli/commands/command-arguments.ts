/** What is typed after `command send`, as the API takes it. */
import { CliError } from '../errors';

/** `speed=42 on=true mode=auto`: numbers, booleans and null as such, everything else as text; "42" in quotes is text, too. */
export function argumentsOf(pairs: readonly string[]): Record<string, unknown> {
  const entries = pairs.map((pair) => {
    const split = pair.indexOf('=');
    if (split < 1) throw new CliError('usage', 'command send', `${pair} has no value`, 'write arguments as key=value');
    return [pair.slice(0, split), valueOf(pair.slice(split + 1))] as const;
  });
  return Object.fromEntries(entries);
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function whole(text: string, option: string, min: number, max: number): number {
  const n = Number(text);
  if (Number.isInteger(n) && n >= min && n <= max) return n;
  throw new CliError(
    'usage',
    'command send',
    `${option} ${text} is not possible`,
    `give a whole number from ${min} to ${max}`,
  );
}

const CONDITION = /^([\w.-]+)(!=|<=|>=|=|<|>)(.+)$/;

/** `valve=closed`, `pressure<3`, `mode!=auto`: a point of the device and what it must be. */
export function conditionOf(text: string): object {
  const [, metric, is, value = ''] = CONDITION.exec(text) ?? [];
  if (metric === undefined)
    throw new CliError(
      'usage',
      'command send',
      `--only-if ${text} is no condition`,
      'write valve=closed or pressure<3',
    );
  return { metric, is, value: valueOf(value) };
}

/** A time with its zone, as ISO 8601 in UTC. */
export function instant(text: string): string {
  const at = /T.*(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(at))
    throw new CliError('usage', 'command send', `--deadline ${text} is no time`, 'write 2026-01-31T18:00:00Z');
  return new Date(at).toISOString();
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `30s`, `5m`, `2h`, `1d`, or plain milliseconds. */
export function milliseconds(text: string): number {
  const [, n, unit = ''] = /^(\d+(?:\.\d+)?)([a-z]*)$/.exec(text) ?? [];
  const factor = UNITS[unit];
  if (n !== undefined && factor !== undefined) return Math.round(Number(n) * factor);
  throw new CliError('usage', 'command send', `--timeout ${text} is no duration`, 'write 500ms, 30s, 5m, 2h or 1d');
}
