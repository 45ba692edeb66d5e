/** Contract of the command workflow: how to start it, signal it, ask it. */
import { type QueryDefinition, type SignalDefinition, type UpdateDefinition } from '@temporalio/common';
import { type CommandEvent } from '../../schemas/generated';
import { type CommandOptions, type CommandState, type CommandView } from '../../services/domain/command';
import { DEVICE_ATTRIBUTE, TASK_QUEUE } from '../shared/messages';

export const COMMAND_WORKFLOW = 'command';

export interface CommandInput {
  readonly command_id: string;
  readonly tenant: string;
  readonly device_id: string;
  readonly agent_id: string;
  /** A command of the device's profile, or a platform order starting with `millrace.` */
  readonly name: string;
  /** JSON object of arguments by name, in engineering units. */
  readonly args: string;
  readonly qos: 0 | 1 | 2;
  /** ms since 1970-01-01 UTC. */
  readonly issued_at: number;
  /** ms since 1970-01-01 UTC: issued_at + timeout, from MIN_TIMEOUT_MS to MAX_TIMEOUT_MS later. */
  readonly deadline: number;
  readonly actor: string;
  readonly options?: CommandOptions;
  /** A second person must approve it before it is sent. */
  readonly needs_approval?: boolean;
  /** The trace it belongs to (W3C); absent when it is not told of. */
  readonly traceparent?: string;
}

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
