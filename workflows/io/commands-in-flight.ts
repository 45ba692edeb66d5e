/** The commands of a device that still run, found and cancelled through Temporal; one look finds no more than it lists, the next the rest. */
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import {
  cancelSignal,
  FORGOTTEN_WORKFLOW,
  MAX_COMMANDS_LISTED,
  runningCommandsOf,
  wakingSignal,
} from '../command/messages';
import { type DecommissionDependencies } from '../decommission/activities';

export function commandsInFlight(client: Pick<Client, 'workflow'>): DecommissionDependencies['commands'] {
  return {
    async running(tenant, deviceId) {
      const ids: string[] = [];
      for await (const { workflowId } of client.workflow.list({ query: runningCommandsOf(tenant, deviceId) }))
        if (ids.push(workflowId) >= MAX_COMMANDS_LISTED) break;
      return ids;
    },
    async cancel(workflowId, actor, reason) {
      try {
        const request = wakingSignal(workflowId, cancelSignal, [{ actor, reason }]);
        await client.workflow.signalWithStart(FORGOTTEN_WORKFLOW, request);
      } catch (error) {
        // It ended between the look and the signal.
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
    },
  };
}
