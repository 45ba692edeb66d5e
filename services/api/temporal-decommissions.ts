/** The ends of devices' lives as Temporal knows them. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { commandIdOf, runningCommands } from '../../workflows/command/messages';
import {
  type AbandonRequest,
  abandonUpdate,
  type Decision,
  decideUpdate,
  type DecommissionProgress,
  decommissionsOf,
  type DecommissionSummary,
  decommissionWorkflowId,
  deviceOfDecommission,
  progressQuery,
} from '../../workflows/decommission/messages';

export function noSuchWorkflow(error: unknown): undefined {
  if (error instanceof WorkflowNotFoundError) return undefined;
  throw error;
}

type Ask = <T>(question: (client: Client) => Promise<T>) => Promise<T>;

/** Workflows asked at once how far they are. */
const ASKED_AT_ONCE = 10;

export class Decommissions {
  constructor(private readonly ask: Ask) {}

  readonly running = (tenant: string, limit: number): Promise<readonly DecommissionSummary[]> =>
    this.ask(async ({ workflow }) => {
      const ids: string[] = [];
      for await (const { workflowId } of workflow.list({ query: decommissionsOf(tenant), pageSize: limit }))
        if (ids.push(workflowId) >= limit) break;
      const found: DecommissionSummary[] = [];
      const next = async (): Promise<void> => {
        for (let id = ids.shift(); id !== undefined; id = ids.shift()) {
          const progress = await workflow.getHandle(id).query(progressQuery);
          found.push({ device_id: deviceOfDecommission(id), progress });
        }
      };
      await Promise.all(Array.from({ length: ASKED_AT_ONCE }, next));
      return found.sort((a, b) => (a.device_id < b.device_id ? -1 : 1));
    });

  readonly commandsInFlight = (tenant: string, deviceId: string): Promise<readonly string[]> =>
    this.ask(async ({ workflow }) =>
      (await runningCommands(workflow, tenant, deviceId)).map((id) => commandIdOf(tenant, id)),
    );

  readonly of = (tenant: string, deviceId: string): Promise<DecommissionProgress | undefined> =>
    this.ask(({ workflow }) =>
      workflow.getHandle(decommissionWorkflowId(tenant, deviceId)).query(progressQuery).catch(noSuchWorkflow),
    );

  readonly decide = (
    tenant: string,
    deviceId: string,
    { decision, ...by }: AbandonRequest & { readonly decision: Decision },
  ): Promise<DecommissionProgress> =>
    this.ask(({ workflow }) => {
      const handle = workflow.getHandle(decommissionWorkflowId(tenant, deviceId));
      if (decision === 'abandon') return handle.executeUpdate(abandonUpdate, { args: [by] });
      return handle.executeUpdate(decideUpdate, { args: [{ decision, ...by }] });
    });
}
