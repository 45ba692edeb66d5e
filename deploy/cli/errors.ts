/** Exit codes, as the tools our users know have them: 0 done, 1 it failed, 2 asked for wrongly (or: there are changes). */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

export type CliErrorCode = 'usage' | 'not-running' | 'refused' | 'unreachable' | 'failed';

/** Something that the user is told in one sentence, with what to do about it. */
export class CliError extends Error {
  constructor(
    readonly code: CliErrorCode,
    readonly operation: string,
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'CliError';
  }

  get exitCode(): number {
    return this.code === 'usage' ? EXIT.usage : EXIT.failed;
  }
}

interface Explained {
  readonly message: string;
  readonly hint?: string;
}

/** `millrace: what went wrong` and, indented beneath, what to do. A bug shows its stack: there is nothing else to say. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return `millrace: ${String(error)}\n`;
  const { message, hint } = error as Explained;
  if (hint === undefined) return `millrace: ${error.stack ?? message}\n`;
  const indented = hint
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `  ${line}\n`);
  return `millrace: ${message}\n${indented.join('')}`;
}
