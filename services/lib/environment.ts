import { readFileSync } from 'node:fs';
import { type Connection, plaintextProblem } from '../../schemas/plaintext';

export type Env = Readonly<Record<string, string | undefined>>;

export class ConfigurationError extends Error {
  readonly code = 'configuration';
  constructor(
    readonly variable: string,
    message: string,
    readonly hint: string,
  ) {
    super(`${variable}: ${message}`);
    this.name = 'ConfigurationError';
  }
}

/** The variable's value, or the fallback; without either a ConfigurationError that says what it is for. */
export function text(env: Env, variable: string, what: string, fallback?: string): string {
  const value = env[variable] ?? fallback;
  if (value === undefined || value === '')
    throw new ConfigurationError(variable, 'is not set', `set it to the ${what}`);
  return value;
}

/** An integer in [min, max]. */
export function integer(env: Env, variable: string, fallback: number, min: number, max: number): number {
  const raw = env[variable];
  if (raw === undefined || raw === '') return fallback;
  const n = Number(raw);
  if (!Number.isInteger(n) || n < min || n > max)
    throw new ConfigurationError(variable, `is ${raw}`, `set it to an integer from ${min} to ${max}`);
  return n;
}

/** A secret from VARIABLE_FILE (preferred) or VARIABLE. Undefined when neither is set. */
export function secret(env: Env, variable: string): string | undefined {
  const file = env[`${variable}_FILE`];
  if (!file) return env[variable] || undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new ConfigurationError(`${variable}_FILE`, (cause as Error).message, 'is the secret mounted and readable?');
  }
}

/** Throws ConfigurationError for a connection to another machine that would not be encrypted, unless that was said. */
export function encryptedAbroad(env: Env, variable: string, connection: Connection): void {
  const problem = plaintextProblem(env, connection);
  if (problem) throw new ConfigurationError(variable, problem.message, problem.hint);
}
