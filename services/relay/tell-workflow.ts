/** What there is for one workflow, in one call to Temporal. */
import { type WorkflowClient } from '@temporalio/client';
import {
  COMMAND_WORKFLOW,
  commandEventsSignal,
  FORGOTTEN_WORKFLOW,
  sentByCallerOptions,
  toldAtStartOptions,
  wakingSignal,
} from '../../workflows/command/messages';
import { type Item } from './item';

/**
 * With the `issued` of a command its workflow is started, at once if the agent has said something already. Rejects with
 * WorkflowExecutionAlreadyStartedError when the workflow has ended.
 */
export async function tellWorkflow(
  workflow: Pick<WorkflowClient, 'start' | 'signalWithStart'>,
  id: string,
  items: readonly Item[],
): Promise<void> {
  const start = items.find((i) => i.start)?.start;
  const events = items.filter((i) => !i.start).map((i) => i.event);
  if (!start) await workflow.signalWithStart(FORGOTTEN_WORKFLOW, wakingSignal(id, commandEventsSignal, [events]));
  else if (events.length > 0) await workflow.signalWithStart(COMMAND_WORKFLOW, toldAtStartOptions(start, events));
  else await workflow.start(COMMAND_WORKFLOW, sentByCallerOptions(start));
}
