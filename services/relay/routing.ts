/** Which workflow an event concerns. Pure. */
import { type CommandEvent } from '../../schemas/generated';
import { fold, isSettled } from '../domain/command';
import { commandWorkflowId } from '../../workflows/command/messages';

const AGENT_ACTOR_PREFIX = 'agent:';

/**
 * The id of the workflow that wants to know, or undefined for events that the platform wrote itself. Whether it still waits is
 * not told apart here: Temporal does, and those that came too late are counted.
 */
export function workflowOf(event: CommandEvent): string | undefined {
  if (!event.actor.startsWith(AGENT_ACTOR_PREFIX)) return undefined;
  return commandWorkflowId(event.tenant, event.command_id);
}

/** True for an event that by itself ends the waiting. */
export const isUrgent = (event: CommandEvent): boolean => isSettled(fold([event]));
