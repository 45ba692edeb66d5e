/** What the platform does about a command over time. Pure: time comes in. */
import { type CommandHistory, isSettled } from './command';
import { type CommandInput } from './input';

/** Shortest and longest time a command may be given. */
export const MIN_TIMEOUT_MS = 100;
export const MAX_TIMEOUT_MS = 30 * 24 * 3_600_000;

/**
 * Time past the deadline in which an answer is still awaited: an agent may start right before the deadline, and its
 * clock may differ from ours by up to this much (agents report a larger offset as an alarm).
 */
export const ANSWER_GRACE_MS = 2_000;

const FIRST_RESEND_MS = 5_000;
const LONGEST_RESEND_MS = 6 * 3_600_000;
/** Attempts per command, first one included: enough for 30 days at the longest pause, and it bounds the history. */
export const MAX_ATTEMPTS = 140;

/** Pause before attempt + 1, ms: 5 s doubling to 6 h. Undefined when there shall be no further attempt. */
export function resendDelay_ms(attempt: number): number | undefined {
  if (attempt >= MAX_ATTEMPTS) return undefined;
  return Math.min(LONGEST_RESEND_MS, FIRST_RESEND_MS * 2 ** (attempt - 1));
}

/**
 * How long the workflow of a command leaves the first sending to whoever started it, ms: until a first re-send would be due, and so
 * that there is time left for it before the deadline.
 */
export function callerSendsFor_ms({ issued_at, deadline }: Pick<CommandInput, 'issued_at' | 'deadline'>): number {
  return Math.max(1, Math.min(FIRST_RESEND_MS, Math.floor((deadline - issued_at) / 2)));
}

/** Re-sending stops at the first sign that the agent has it: from then on its ledger answers for the command. */
export function wasReceived(history: CommandHistory): boolean {
  return Object.keys(history).some((state) => state !== 'issued' && state !== 'approved');
}

/** Why this person may not approve the command now, in words; undefined when they may. Saying so twice is once too often. */
export function approvalRefusal(history: CommandHistory, approver: string, cancelled: boolean): string | undefined {
  if (history.approved) return `it was approved by ${history.approved.actor} already`;
  if (cancelled || isSettled(history)) return 'it is cancelled or over';
  if (history.issued?.actor === approver) return 'whoever issued a command cannot approve it: ask a second person';
  return undefined;
}

export type Conclusion =
  /** Nothing to add: the agent's word stands. */
  | { readonly kind: 'stands' }
  /** The platform writes this state, with the reason in words. */
  | { readonly kind: 'write'; readonly state: 'cancelled' | 'expired' | 'outcome-unknown'; readonly detail: string };

export interface Circumstances {
  /** False only when the order certainly never went out. */
  readonly sent: boolean;
  /** Why cancellation was asked for, if it was. */
  readonly cancelReason: string | undefined;
}

/**
 * What to say when the waiting is over. `expired` and `cancelled` are the platform's to say only of a command that was
 * never sent; once it is in the agent's topic, silence proves nothing: the agent may have carried it out and be cut off
 * from us. Its own word (`executed`, `verified`, `failed`, or `expired` when it refused) resolves the unknown later.
 */
export function conclude(history: CommandHistory, { sent, cancelReason }: Circumstances): Conclusion {
  if (isSettled(history) || history.executed) return { kind: 'stands' };
  if (!sent && cancelReason !== undefined) return { kind: 'write', state: 'cancelled', detail: cancelReason };
  if (!sent)
    return { kind: 'write', state: 'expired', detail: 'the deadline passed before the command was sent to the agent' };
  const detail = history.delivered
    ? 'the agent received the command and gave no result before the deadline'
    : 'no word from the agent before the deadline; its own report will resolve this';
  return { kind: 'write', state: 'outcome-unknown', detail };
}
