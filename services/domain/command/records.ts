/** What the platform itself writes about a command: its events, and the orders to the agent. Pure. */
import { type Command, type CommandEvent } from '../../../schemas/generated';
import { jsonObject } from './command';
import { type CommandInput } from './input';
import { type CommandOptions, optionsText } from './options';
import { type CommandState } from './states';

/** Actor of events the platform writes on its own account. */
export const WORKFLOW_ACTOR = 'workflow';
export const CANCEL_ORDER = 'millrace.cancel';

export interface CommandRecords {
  readonly events: readonly CommandEvent[];
  readonly commands: readonly Command[];
  /** The trace they belong to (W3C). */
  readonly traceparent?: string;
}

/** What one step writes, with the trace of the command. */
export function recordsOf(
  { traceparent }: CommandInput,
  events: readonly CommandEvent[],
  commands: readonly Command[] = [],
): CommandRecords {
  return { events, commands, ...(traceparent !== undefined && { traceparent }) };
}

/** Of a command whose order the caller sends it says all that its workflow is started from (`inputOf`). */
export function issuedEvent(input: CommandInput): CommandEvent {
  const event = eventOf(input, 'issued', { at: input.issued_at, actor: input.actor });
  const { options, needs_approval, sent_by_caller, deadline } = input;
  const said = {
    ...options,
    ...(needs_approval && { needs_approval }),
    ...(sent_by_caller && { sent_by_caller, deadline }),
  };
  if (Object.keys(said).length === 0) return event;
  const detail = needs_approval ? 'waits for the approval of a second person' : '';
  return { ...event, detail, result: JSON.stringify(said) };
}

/** What the workflow of a command starts with, by its `issued`; undefined of an event that starts none. */
export function inputOf(event: CommandEvent, traceparent?: string): CommandInput | undefined {
  const { sent_by_caller, deadline, ...options } = jsonObject(event.result);
  if (event.state !== 'issued' || sent_by_caller !== true || typeof deadline !== 'number') return undefined;
  const { command_id, tenant, device_id, agent_id, name, args, at, actor } = event;
  return {
    ...{ command_id, tenant, device_id, agent_id, name, args, qos: event.qos === 2 ? 2 : 1 },
    ...{ issued_at: at, deadline, actor, sent_by_caller, recorded: true },
    ...(Object.keys(options).length > 0 && { options: options as CommandOptions }),
    ...(traceparent !== undefined && { traceparent }),
  };
}

export function eventOf(
  input: CommandInput,
  state: CommandState,
  fact: { at: number; actor: string; detail?: string; attempt?: number },
): CommandEvent {
  return {
    command_id: input.command_id,
    tenant: input.tenant,
    device_id: input.device_id,
    agent_id: input.agent_id,
    state,
    at: fact.at,
    actor: fact.actor,
    name: input.name,
    args: input.args,
    qos: input.qos,
    attempt: fact.attempt ?? 1,
    detail: fact.detail ?? '',
    result: '{}',
    seq: null,
  };
}

/** The order to the agent. A higher attempt is a re-send of the same command. */
export function orderOf(input: CommandInput, attempt: number): Command {
  return {
    command_id: input.command_id,
    tenant: input.tenant,
    device_id: input.device_id,
    agent_id: input.agent_id,
    name: input.name,
    args: input.args,
    qos: input.qos,
    attempt,
    issued_at: input.issued_at,
    deadline: input.deadline,
    actor: input.actor,
    options: optionsText(input.options),
  };
}

/**
 * Asks the agent to leave the command alone. It answers with an event of the *cancelled* command: `cancelled` when it had
 * not begun, its last event otherwise.
 */
export function cancelOrder(
  input: CommandInput,
  cancel: { readonly actor: string },
  at: number,
  attempt: number,
): Command {
  return {
    ...orderOf(input, attempt),
    command_id: `${input.command_id}.cancel`,
    name: CANCEL_ORDER,
    args: JSON.stringify({ command_id: input.command_id }),
    qos: 1,
    issued_at: at,
    actor: cancel.actor,
    options: '',
  };
}
