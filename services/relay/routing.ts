/** Which workflow an event concerns. Pure. */
import { type CommandEvent } from '../../schemas/generated';
import { type CommandInput, fold, inputOf, isSettled } from '../domain/command';
import { commandWorkflowId } from '../../workflows/command/messages';

const AGENT_ACTOR_PREFIX = 'agent:';

export interface Concern {
  readonly workflowId: string;
  /** The event is the `issued` of a command whose workflow starts from it. */
  readonly start?: CommandInput;
}

/**
 * The workflow that wants to know, or is to be started; undefined for other events that the platform wrote itself. Whether it still
 * waits is not told apart here: Temporal does, and those that came too late are counted.
 */
export function concernOf(event: CommandEvent, traceparent?: string): Concern | undefined {
  const workflowId = commandWorkflowId(event.tenant, event.command_id);
  if (event.actor.startsWith(AGENT_ACTOR_PREFIX)) return { workflowId };
  const start = inputOf(event, traceparent);
  return start && { workflowId, start };
}

/** True for an event that by itself ends the waiting. */
export const isUrgent = (event: CommandEvent): boolean => isSettled(fold([event]));
