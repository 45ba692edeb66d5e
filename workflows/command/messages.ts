/** Contract of the command workflow: how to start it, signal it, ask it. */
import { type QueryDefinition, type SignalDefinition, type UpdateDefinition } from '@temporalio/common';
import { type CommandEvent } from '../../schemas/generated';
import { deviceKey } from '../../schemas/topics';
import {
  callerSendsFor_ms,
  type CommandInput,
  type CommandState,
  type CommandView,
} from '../../services/domain/command';
import { DEVICE_ATTRIBUTE, TASK_QUEUE } from '../shared/messages';

export type { CommandInput };

export const COMMAND_WORKFLOW = 'command';

/** Result of the workflow: the state when the waiting ended. A late report may still resolve `outcome-unknown`. */
export interface CommandOutcome {
  readonly state: CommandState;
  readonly final: boolean;
  readonly result: Readonly<Record<string, unknown>>;
  readonly detail: string;
}

export interface CancelRequest {
  readonly actor: string;
  readonly reason: string;
}

export interface CancelAnswer {
  /** True: certainly not carried out. False: too late, it was carried out or had ended. Null: nobody can tell. */
  readonly in_time: boolean | null;
  readonly state: CommandState;
}

export interface ApproveRequest {
  readonly actor: string;
  readonly remark: string;
}

/** Events of this command from m2m.command-events, as the relay found them; repeats are harmless. */
export const commandEventsSignal = { type: 'signal', name: 'command-events' } as SignalDefinition<
  [readonly CommandEvent[]]
>;
/** Asks for cancellation without waiting for the answer. */
export const cancelSignal = { type: 'signal', name: 'cancel' } as SignalDefinition<[CancelRequest]>;
/** Asks for cancellation and waits until it is known whether it came in time, at most until the command ends. */
export const cancelUpdate = { type: 'update', name: 'cancel-and-tell' } as UpdateDefinition<
  CancelAnswer,
  [CancelRequest]
>;
/** The word of a second person; refused when it comes from the one who issued the command, or is not (or no longer) asked for. */
export const approveUpdate = { type: 'update', name: 'approve' } as UpdateDefinition<CommandView, [ApproveRequest]>;
/** The command as it stands. */
export const commandQuery = { type: 'query', name: 'command' } as QueryDefinition<CommandView>;

export const commandWorkflowId = (tenant: string, commandId: string): string => `command-${tenant}/${commandId}`;

export const commandIdOf = (tenant: string, workflowId: string): string =>
  workflowId.slice(commandWorkflowId(tenant, '').length);

/** Of one device; at most so many are listed at once. */
const MAX_COMMANDS_LISTED = 1_000;

/** `client.workflow`, or what is needed of it. */
export interface WorkflowLists {
  list(options: { query: string }): AsyncIterable<{ readonly workflowId: string }>;
}

/** Workflow ids of the commands of a device that run. */
export async function runningCommands(workflows: WorkflowLists, tenant: string, deviceId: string): Promise<string[]> {
  const device = deviceKey(tenant, deviceId).replace(/[\\']/g, '\\$&');
  const query = `WorkflowType='${COMMAND_WORKFLOW}' AND ExecutionStatus='Running' AND ${DEVICE_ATTRIBUTE.name}='${device}'`;
  const ids: string[] = [];
  for await (const { workflowId } of workflows.list({ query })) if (ids.push(workflowId) >= MAX_COMMANDS_LISTED) break;
  return ids;
}

/** Options for `client.workflow.start(COMMAND_WORKFLOW, …)`. A second start of the same id is refused or joins the first. */
export function commandStartOptions(input: CommandInput) {
  return {
    taskQueue: TASK_QUEUE,
    workflowId: commandWorkflowId(input.tenant, input.command_id),
    workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    args: [input] as [CommandInput],
    typedSearchAttributes: [{ key: DEVICE_ATTRIBUTE, value: `${input.tenant}/${input.device_id}` }],
    staticSummary: `${input.name} on ${input.device_id} (QoS ${input.qos})`,
  };
}

/**
 * Of a command whose order the caller sends. Its first task waits for what the agent says of it, or until the caller must have
 * failed: so mostly one task is all it takes.
 */
export function sentByCallerOptions(input: CommandInput) {
  return {
    ...commandStartOptions({ ...input, sent_by_caller: true }),
    startDelay: callerSendsFor_ms(input),
  };
}

/** Options for `client.workflow.signalWithStart(COMMAND_WORKFLOW, …)`: what the agent said may be there before the workflow is. */
export const toldAtStartOptions = (input: CommandInput, events: readonly CommandEvent[]) => ({
  ...commandStartOptions(input),
  signal: commandEventsSignal,
  signalArgs: [events] as [readonly CommandEvent[]],
});

/** What takes the place of a command's workflow that the server has forgotten: it ends at once. */
export const FORGOTTEN_WORKFLOW = 'forgotten';

/**
 * Options for `client.workflow.signalWithStart(FORGOTTEN_WORKFLOW, …)`: a signal that does not wait until a start delay is over, as a
 * plain one does. WorkflowExecutionAlreadyStartedError: the workflow has ended.
 */
export function wakingSignal<Args extends unknown[]>(
  workflowId: string,
  signal: SignalDefinition<Args>,
  signalArgs: Args,
) {
  return {
    taskQueue: TASK_QUEUE,
    workflowId,
    workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    signal,
    signalArgs,
  };
}
