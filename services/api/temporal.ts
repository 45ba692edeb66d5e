/** Starts workflows. The connection is made when it is first needed and is made again after the server was away. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  Connection,
  isGrpcServiceError,
  type WorkflowExecutionInfo,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import {
  type ApproveRequest,
  approveUpdate,
  type CancelAnswer,
  type CancelRequest,
  cancelUpdate,
  COMMAND_WORKFLOW,
  type CommandInput,
  commandStartOptions,
  commandWorkflowId,
  sentByCallerOptions,
} from '../../workflows/command/messages';
import {
  BATCH_WORKFLOW,
  type BatchInput,
  type BatchMemo,
  batchIdOf,
  batchQuery,
  batchesOf,
  batchStartOptions,
  type BatchSummary,
  batchWorkflowId,
  stopBatchSignal,
} from '../../workflows/batch/messages';
import { type BatchReport } from '../domain/batch';
import {
  CAMPAIGN_WORKFLOW,
  type CampaignInput,
  campaignQuery,
  campaignStartOptions,
  campaignWorkflowId,
  type OrderRequest,
  orderUpdate,
} from '../../workflows/campaign/messages';
import { type CampaignState } from '../domain/campaign';
import { DECOMMISSION_WORKFLOW, decommissionStartOptions } from '../../workflows/decommission/messages';
import { Decommissions, noSuchWorkflow } from './temporal-decommissions';
import { ensureSearchAttributes } from '../../workflows/shared/messages';
import { isForgetful, madeAnew, type TemporalConfig } from '../lib/temporal';
import { commandStarter, type CommandStarterDependencies } from './command-starter';
import { type Workflows } from './dependencies';
import { ApiError, type ApiErrorCode } from './problem';

const CONNECT_TIMEOUT_MS = 5_000;
/** Longest that an answer waits for `issued` to be on the log. */
export const ISSUED_WAIT_MS = 2_000;
/** Longest wait for the word whether a cancellation came in time: an agent that is away may take days. */
export const CANCEL_WAIT_MS = 5_000;

export class TemporalWorkflows implements Workflows {
  private client: Promise<Client> | undefined;
  readonly startCommand: Workflows['startCommand'];
  private readonly ends = new Decommissions((question) => this.ask(question));
  readonly decommissions = this.ends.running;
  readonly commandsInFlight = this.ends.commandsInFlight;
  readonly decommission = this.ends.of;
  readonly decideDecommission = this.ends.decide;

  constructor(
    private readonly config: TemporalConfig,
    sending: Pick<CommandStarterDependencies, 'publish' | 'left'>,
  ) {
    this.startCommand = commandStarter({
      ...sending,
      waitedEnough: () => sleep(ISSUED_WAIT_MS, undefined, { ref: false }),
      start: (input) => this.call((client) => client.workflow.start(COMMAND_WORKFLOW, commandStartOptions(input))),
      startSentByCaller: (input) => this.startSentByCaller(input),
    });
  }

  async cancelCommand(
    tenant: string,
    id: string,
    request: CancelRequest,
    input?: CommandInput,
  ): Promise<CancelAnswer | undefined> {
    const cancelled = (): Promise<CancelAnswer> =>
      this.ask((client) =>
        client.workflow.getHandle(commandWorkflowId(tenant, id)).executeUpdate(cancelUpdate, { args: [request] }),
      );
    const answered = cancelled().catch(async (error: unknown) => {
      if (!input || !(error instanceof ApiError) || error.code !== 'over') throw error;
      // The relay has not come to its `issued` yet.
      await this.startSentByCaller(input);
      return cancelled();
    });
    // What it comes to after the wait is in the log.
    answered.catch(() => undefined);
    return Promise.race([
      answered,
      new Promise<undefined>((r) => setTimeout(() => r(undefined), CANCEL_WAIT_MS).unref()),
    ]);
  }

  private async startSentByCaller(input: CommandInput): Promise<void> {
    await this.call((client) => client.workflow.start(COMMAND_WORKFLOW, sentByCallerOptions(input)));
  }

  async approveCommand(tenant: string, id: string, request: ApproveRequest): Promise<void> {
    await this.ask(
      (client) =>
        client.workflow.getHandle(commandWorkflowId(tenant, id)).executeUpdate(approveUpdate, { args: [request] }),
      'not-approved',
    );
  }

  batches(tenant: string, limit: number): Promise<readonly BatchSummary[]> {
    return this.ask(async (client) => {
      const found: BatchSummary[] = [];
      for await (const run of client.workflow.list({ query: batchesOf(tenant), pageSize: limit })) {
        if (found.length === limit) break;
        found.push(summaryOf(run));
      }
      return found;
    });
  }

  async startBatch(batchId: string, input: BatchInput): Promise<void> {
    await this.call((client) => client.workflow.start(BATCH_WORKFLOW, batchStartOptions(batchId, input)));
  }

  batch(tenant: string, batchId: string): Promise<BatchReport | undefined> {
    return this.ask((client) =>
      client.workflow.getHandle(batchWorkflowId(tenant, batchId)).query(batchQuery).catch(noSuchWorkflow),
    );
  }

  stopBatch(tenant: string, batchId: string, request: CancelRequest): Promise<boolean> {
    const told = (client: Client): Promise<true> =>
      client.workflow
        .getHandle(batchWorkflowId(tenant, batchId))
        .signal(stopBatchSignal, request)
        .then(() => true as const);
    return this.ask(async (client) => (await told(client).catch(noSuchWorkflow)) ?? false);
  }

  async startCampaign(input: CampaignInput): Promise<void> {
    await this.call((client) => client.workflow.start(CAMPAIGN_WORKFLOW, campaignStartOptions(input)));
  }

  campaign(tenant: string, id: string): Promise<CampaignState | undefined> {
    const handle = (client: Client) => client.workflow.getHandle(campaignWorkflowId(tenant, id));
    return this.ask((client) => handle(client).query(campaignQuery).catch(noSuchWorkflow));
  }

  orderCampaign(tenant: string, id: string, request: OrderRequest): Promise<CampaignState> {
    const handle = (client: Client) => client.workflow.getHandle(campaignWorkflowId(tenant, id));
    return this.ask((client) => handle(client).executeUpdate(orderUpdate, { args: [request] }));
  }

  async startDecommission(input: Parameters<typeof decommissionStartOptions>[0]): Promise<void> {
    await this.call((client) => client.workflow.start(DECOMMISSION_WORKFLOW, decommissionStartOptions(input)));
  }

  async close(): Promise<void> {
    const client = await this.client?.catch(() => undefined);
    await client?.connection.close();
  }

  /** Asks the server, or a workflow that runs. Throws ApiError for what a caller can help. */
  async ask<T>(question: (client: Client) => Promise<T>, refused: ApiErrorCode = 'refused'): Promise<T> {
    try {
      return await this.withAttributes(question);
    } catch (cause) {
      const { name, message } = cause as Error;
      if (name === 'WorkflowNotFoundError') throw new ApiError('over', 'it is over, or never was', {}, { cause });
      if (cause instanceof WorkflowUpdateFailedError)
        throw new ApiError(refused, cause.cause?.message ?? message, {}, { cause });
      if (!isConnectionTrouble(cause)) throw cause;
      throw new ApiError('unavailable', `Temporal did not answer: ${message}`, {}, { cause });
    }
  }

  /** One that was started before, or has ended, is not started again: the same Idempotency-Key finds the old one. */
  private async call(start: (client: Client) => Promise<unknown>): Promise<void> {
    try {
      await this.withAttributes(start);
    } catch (cause) {
      if ((cause as Error).name === 'WorkflowExecutionAlreadyStartedError') return;
      if (!isConnectionTrouble(cause)) throw cause;
      throw new ApiError('unavailable', `Temporal did not answer: ${(cause as Error).message}`, {}, { cause });
    }
  }

  private async withAttributes<T>(question: (client: Client) => Promise<T>): Promise<T> {
    const client = await (this.client ??= this.connect());
    const make = (): Promise<void> => ensureSearchAttributes(client.connection, this.config.namespace);
    return madeAnew(() => question(client), make);
  }

  private async connect(): Promise<Client> {
    try {
      const connection = await Connection.connect({
        ...this.config.connection,
        connectTimeout: CONNECT_TIMEOUT_MS,
      });
      await ensureSearchAttributes(connection, this.config.namespace);
      return new Client({ connection, namespace: this.config.namespace });
    } catch (error) {
      this.client = undefined;
      throw error;
    }
  }
}

function summaryOf({ workflowId, status, startTime, closeTime, memo }: WorkflowExecutionInfo): BatchSummary {
  const { name = '', args = '{}', actor = '' } = (memo ?? {}) as Partial<BatchMemo>;
  const state = status.name === 'RUNNING' ? 'running' : status.name === 'COMPLETED' ? 'ended' : 'failed';
  return {
    ...{ batch_id: batchIdOf(workflowId), state, name, args, actor, begun_at: startTime.getTime() },
    ...(closeTime && { ended_at: closeTime.getTime() }),
  };
}

/** What was made a moment ago may not be known everywhere yet. */
function isConnectionTrouble(error: unknown): boolean {
  if (isForgetful(error)) return true;
  return isGrpcServiceError(error) || /connect|unavailable|deadline/i.test((error as Error).message);
}
