/** The commands of a device that still run, found and cancelled through Temporal; one look finds no more than it lists, the next the rest. */
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { cancelSignal, FORGOTTEN_WORKFLOW, runningCommands, wakingSignal } from '../command/messages';
import { type DecommissionDependencies } from '../decommission/activities';

export function commandsInFlight(client: Pick<Client, 'workflow'>): DecommissionDependencies['commands'] {
  return {
    running: (tenant, deviceId) => runningCommands(client.workflow, tenant, deviceId),
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
