/** A command as its events have made it: a fold that does not care about order or repetition. */
import { type CommandEvent } from '../../../schemas/generated';
import { COMMAND_STATES, type CommandState, isCommandState, isFinal, isPlatformOrder, rankOf } from './states';

/** The earliest event of each state: all that is kept, so at most nine events however many arrive. */
export type CommandHistory = Readonly<Partial<Record<CommandState, CommandEvent>>>;

export const noHistory: CommandHistory = {};

/** Adds an event. Returns the same object when it brings nothing new: a repeat, or a state this version does not know. */
export function evolve(history: CommandHistory, event: CommandEvent): CommandHistory {
  if (!isCommandState(event.state)) return history;
  const known = history[event.state];
  if (known && compareEvents(known, event) <= 0) return history;
  return { ...history, [event.state]: event };
}

export function fold(events: Iterable<CommandEvent>): CommandHistory {
  let history = noHistory;
  for (const event of events) history = evolve(history, event);
  return history;
}

/** A total order over events of one state, so that "the earliest" is the same one whoever looks. */
function compareEvents(a: CommandEvent, b: CommandEvent): number {
  return (
    a.at - b.at ||
    a.attempt - b.attempt ||
    (a.seq ?? 0) - (b.seq ?? 0) ||
    compareText(a.actor, b.actor) ||
    compareText(a.result, b.result) ||
    compareText(a.detail, b.detail) ||
    compareText(canonical(a), canonical(b))
  );
}

const canonical = (e: CommandEvent): string =>
  JSON.stringify([e.name, e.args, e.qos, e.device_id, e.agent_id, e.tenant, e.command_id, e.seq]);

const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/** Undefined before the first event. */
export function stateOf(history: CommandHistory): CommandState | undefined {
  return strongest(history)?.state as CommandState | undefined;
}

function strongest(history: CommandHistory): CommandEvent | undefined {
  return COMMAND_STATES.map((state) => history[state]).findLast((event) => event !== undefined);
}

/**
 * True when nobody need wait longer: a final state, the admission that it cannot be told, or an execution that will not be
 * verified: a platform order, one with nothing to read back (the agent says `"verifiable": false` in the result), or one
 * that could not be read back (the agent adds `outcome-unknown`; that it was carried out remains true).
 */
export function isSettled(history: CommandHistory): boolean {
  const event = strongest(history);
  if (!event) return false;
  const state = event.state as CommandState;
  if (isFinal(state) || state === 'outcome-unknown') return true;
  if (state !== 'executed') return false;
  if (history['outcome-unknown']) return true;
  return isPlatformOrder(nameOf(history)) || jsonObject(event.result)['verifiable'] === false;
}

function nameOf(history: CommandHistory): string {
  return events(history).find((e) => e.name !== '')?.name ?? '';
}

/** Events in the order of what they prove, weakest first. */
function events(history: CommandHistory): CommandEvent[] {
  return COMMAND_STATES.flatMap((state) => history[state] ?? []);
}

export interface Transition {
  readonly state: CommandState;
  /** ms since 1970-01-01 UTC, the writer's clock. */
  readonly at: number;
  readonly actor: string;
  readonly attempt: number;
  /** Error or remark in words; empty when there is none. */
  readonly detail: string;
}

/** What anybody who asks about a command is shown. */
export interface CommandView {
  readonly command_id: string;
  readonly tenant: string;
  readonly device_id: string;
  readonly agent_id: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly qos: number;
  readonly state: CommandState;
  /** No later report can change the state. */
  readonly final: boolean;
  /** Nobody waits for it any longer; a late report may still resolve `outcome-unknown` or confirm `executed`. */
  readonly settled: boolean;
  /** Of the event that gave the state, such as the value read back. */
  readonly result: Readonly<Record<string, unknown>>;
  readonly detail: string;
  /** First occurrence of each state reported, by time. */
  readonly transitions: readonly Transition[];
}

/** Undefined before the first event. */
export function viewOf(history: CommandHistory): CommandView | undefined {
  const last = strongest(history);
  if (!last) return undefined;
  const all = events(history);
  // Only `issued` is sure to carry name and arguments; agents may leave them out.
  const told = all.find((e) => e.name !== '') ?? last;
  const state = last.state as CommandState;
  return {
    command_id: told.command_id,
    tenant: told.tenant,
    device_id: told.device_id,
    agent_id: told.agent_id,
    name: told.name,
    args: jsonObject(told.args),
    qos: told.qos,
    state,
    final: isFinal(state),
    settled: isSettled(history),
    result: jsonObject(last.result),
    detail: last.detail,
    transitions: all.map(transitionOf).sort((a, b) => a.at - b.at || rankOf(a.state) - rankOf(b.state)),
  };
}

function transitionOf(event: CommandEvent): Transition {
  const { at, actor, attempt, detail } = event;
  return { state: event.state as CommandState, at, actor, attempt, detail };
}

/** The object in a JSON text; text that is no object is kept under `raw`, so that nothing an agent said is hidden. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> {
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : { raw: text };
  } catch {
    return { raw: text };
  }
}
