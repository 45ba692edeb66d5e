/** The commands of a device that still run, found and cancelled through Temporal. */
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { deviceKey } from '../../schemas/topics';
import { cancelSignal, COMMAND_WORKFLOW, FORGOTTEN_WORKFLOW, wakingSignal } from '../command/messages';
import { type DecommissionDependencies } from '../decommission/activities';
import { DEVICE_ATTRIBUTE } from '../shared/messages';

/** Per look; the next look finds the rest. */
export const MAX_COMMANDS_PER_LOOK = 1_000;

export function commandsInFlight(client: Pick<Client, 'workflow'>): DecommissionDependencies['commands'] {
  return {
    async running(tenant, deviceId) {
      const ids: string[] = [];
      for await (const { workflowId } of client.workflow.list({ query: queryOf(tenant, deviceId) }))
        if (ids.push(workflowId) >= MAX_COMMANDS_PER_LOOK) break;
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

function queryOf(tenant: string, deviceId: string): string {
  const device = deviceKey(tenant, deviceId).replace(/[\\']/g, '\\$&');
  return `WorkflowType='${COMMAND_WORKFLOW}' AND ExecutionStatus='Running' AND ${DEVICE_ATTRIBUTE.name}='${device}'`;
}
