/** What to do about a command when it arrives, when its turn comes, and when the agent finds it after a restart. Pure. */
import { type Command } from '../../../schemas/generated';
import { type Entry, isOver, lastReport, type Ledger, type Report, type Reported } from './ledger';

export const PLATFORM_PREFIX = 'millrace.';
export const CANCEL = 'millrace.cancel';
export const FLUSH = 'millrace.flush';
/** Says what another command would do now, and writes nothing. */
export const DRY_RUN = 'millrace.dry-run';

/**
 * The agent's clock and how far it is known to be behind the platform's: a command that was issued in our future shows
 * it. A clock that is ahead cannot be told from a command that took long, and only makes commands expire early: safe.
 */
export interface AgentTime {
  readonly now: number;
  readonly behind_ms: number;
}

/** Until the deadline, by the later of the two clocks, ms; negative when it has passed. */
export const timeLeft = (command: Command, { now, behind_ms }: AgentTime): number => command.deadline - now - behind_ms;

export const isExpired = (command: Command, time: AgentTime): boolean => timeLeft(command, time) < 0;

export type Arrival =
  /** Make it durable, tell `delivered`, carry it out in its turn. */
  | { readonly kind: 'accept' }
  /** Known: tell its last reports again, do nothing. */
  | { readonly kind: 'repeat'; readonly entry: Entry }
  /** Make it durable and over at once. */
  | { readonly kind: 'refuse'; readonly state: Reported; readonly detail: string };

export function onArrival(ledger: Ledger, command: Command, time: AgentTime): Arrival {
  const entry = ledger.entries.get(command.command_id);
  if (entry) return { kind: 'repeat', entry };
  if (isExpired(command, time)) return { kind: 'refuse', state: 'expired', detail: 'arrived after its deadline' };
  if (command.qos !== 1 && command.issued_at <= ledger.distrustUntil)
    return {
      kind: 'refuse',
      state: 'outcome-unknown',
      detail: 'the agent’s ledger was damaged: whether the command was carried out before cannot be told',
    };
  return { kind: 'accept' };
}

export type Start =
  | { readonly kind: 'execute' }
  /** Must not be begun any more, and may have been begun before: only the field can tell. */
  | { readonly kind: 'look'; readonly detail: string }
  | { readonly kind: 'settle'; readonly state: Reported; readonly detail: string };

/**
 * Its turn has come. `refused` is why its device takes no commands, if it does not. Platform orders pass. `restarted`: it
 * was received by an earlier run of the agent.
 */
export function onTurn(entry: Entry, time: AgentTime, refused: string | undefined, restarted = false): Start {
  const { command } = entry;
  const late = tooLate(entry, time, restarted);
  if (late !== undefined) {
    const begun = restarted && command.qos === 1 && !command.name.startsWith(PLATFORM_PREFIX);
    return begun ? { kind: 'look', detail: late } : { kind: 'settle', state: 'expired', detail: late };
  }
  if (refused !== undefined && !command.name.startsWith(PLATFORM_PREFIX))
    return { kind: 'settle', state: 'failed', detail: refused };
  return { kind: 'execute' };
}

function tooLate({ command, receivedAt }: Entry, time: AgentTime, restarted: boolean): string | undefined {
  if (isExpired(command, time)) return 'its deadline passed before its turn';
  if (restarted && time.now + time.behind_ms < receivedAt)
    return 'the agent was restarted and its clock went back: whether the deadline has passed cannot be told';
  return undefined;
}

export type Recovery =
  | { readonly kind: 'nothing' }
  /** As if its turn had come: nothing of it reached the field, or it may be repeated. */
  | { readonly kind: 'start' }
  /** Write `step` may have been carried out: only the field can tell. */
  | { readonly kind: 'look'; readonly step: number }
  | { readonly kind: 'verify' }
  | { readonly kind: 'settle'; readonly state: Reported; readonly detail: string };

/** The agent was restarted and finds this entry. */
export function onRecovery(entry: Entry): Recovery {
  const { command, intent } = entry;
  if (isOver(entry)) return { kind: 'nothing' };
  if (lastReport(entry)?.state === 'executed') return { kind: 'verify' };
  if (command.name.startsWith(PLATFORM_PREFIX)) return { kind: 'start' };
  // At QoS 1 an intent is on record only where the write may undo the condition it was made under.
  if (command.qos === 1 && intent === undefined) return { kind: 'start' };
  if (command.qos === 0)
    return { kind: 'settle', state: 'outcome-unknown', detail: 'the agent was restarted; QoS 0 is never repeated' };
  return intent === undefined ? { kind: 'start' } : { kind: 'look', step: intent };
}

/** The platform asks to leave a command alone. */
export type Cancellation =
  /** Never came: it must not be carried out when it does. */
  | { readonly kind: 'bar' }
  | { readonly kind: 'cancel' }
  /** Too late: what is known of it is told again. */
  | { readonly kind: 'too-late'; readonly entry: Entry };

export function onCancel(ledger: Ledger, id: string, begun: boolean): Cancellation {
  const entry = ledger.entries.get(id);
  if (!entry) return { kind: 'bar' };
  return begun || entry.intent !== undefined || entry.reports.length > 0
    ? { kind: 'too-late', entry }
    : { kind: 'cancel' };
}

/** Entries kept; beyond it the agent takes no more commands. */
export const MAX_ENTRIES = 20_000;
/** Time a finished command is remembered past its deadline: longer than clocks differ and messages linger, ms. */
export const REMEMBER_MS = 24 * 3_600_000;

/** Finished commands that can be forgotten: past their deadline none of them could be carried out anyway. */
export function forgettable(ledger: Ledger, now: number): string[] {
  const ids: string[] = [];
  for (const [id, entry] of ledger.entries)
    if (isOver(entry) && now > entry.command.deadline + REMEMBER_MS) ids.push(id);
  return ids;
}

export const report = (state: Reported, at: number, detail = '', result: object = {}): Report => ({
  state,
  at,
  detail,
  result: JSON.stringify(result, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)),
});

/** The command that a cancellation is about; undefined when it does not say. */
export function targetOf(order: Command): string | undefined {
  try {
    const { command_id } = JSON.parse(order.args) as { command_id?: unknown };
    return typeof command_id === 'string' ? command_id : undefined;
  } catch {
    return undefined;
  }
}
