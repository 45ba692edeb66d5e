/**
 * The states of a command, in order of what they prove. A command's state is the strongest one anybody reported, so
 * the order in which reports arrive, and how often, cannot matter (decision 0500):
 *
 *   issued < approved < delivered < outcome-unknown < expired < cancelled < executed < failed < verified
 *
 * `outcome-unknown` is below every proof, so that a late truth resolves it. `expired` and `cancelled` mean "certainly not
 * carried out": only the agent can say so, or the platform about a command it never sent. `executed` is above both: a
 * report of the deed beats a belief that it was not done. `failed` is above `executed` because a read-back that
 * disagrees comes after the write; `verified` rests on what the field itself answered. `approved` is the word of a second
 * person, where one is asked for.
 */
export const COMMAND_STATES = [
  'issued',
  'approved',
  'delivered',
  'outcome-unknown',
  'expired',
  'cancelled',
  'executed',
  'failed',
  'verified',
] as const;

export type CommandState = (typeof COMMAND_STATES)[number];

const RANKS: ReadonlyMap<string, number> = new Map(COMMAND_STATES.map((state, rank) => [state, rank]));

/** Platform orders (flush, cancel…) are not written to a field point, so there is nothing to read back. */
export const PLATFORM_ORDER_PREFIX = 'millrace.';

export function isCommandState(state: string): state is CommandState {
  return RANKS.has(state);
}

/** Place in the order above, 0..8. */
export function rankOf(state: CommandState): number {
  return RANKS.get(state) ?? 0;
}

export function isPlatformOrder(name: string): boolean {
  return name.startsWith(PLATFORM_ORDER_PREFIX);
}

/** True when nothing a truthful agent reports later can change it. `outcome-unknown` and `executed` are not final. */
export function isFinal(state: CommandState): boolean {
  switch (state) {
    case 'expired':
    case 'cancelled':
    case 'failed':
    case 'verified':
      return true;
    case 'issued':
    case 'approved':
    case 'delivered':
    case 'outcome-unknown':
    case 'executed':
      return false;
  }
}
