/** What may be asked of a command beyond name and arguments. The agent judges it (edge-agent/core/commands/options.ts). */

export interface CommandCondition {
  readonly metric: string;
  readonly is: '=' | '!=' | '<' | '<=' | '>' | '>=';
  /** Engineering units. */
  readonly value: number | string | boolean;
}

export interface CommandOptions {
  /** -9..9; higher goes first among those that wait for the same device. */
  readonly priority?: number;
  /** All must hold right before the first write. */
  readonly only_if?: readonly CommandCondition[];
  /** Waits at the agent for a device that sleeps, until the deadline. */
  readonly when_awake?: boolean;
  readonly tolerance?: number;
  readonly settle_ms?: number;
}

/** Rehearses another command at the agent and writes nothing. */
export const DRY_RUN_ORDER = 'millrace.dry-run';

/** As it travels to the agent: empty when there is nothing to say. */
export const optionsText = (options: CommandOptions | undefined): string =>
  options && Object.keys(options).length > 0 ? JSON.stringify(options) : '';
