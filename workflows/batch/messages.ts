/** Contract of the batch workflow: one command to every device that a filter finds when it begins. */
import { type QueryDefinition, type SignalDefinition } from '@temporalio/common';
import {
  type BatchReport,
  type BatchState,
  type Limits,
  type Target,
  type TimeWindow,
} from '../../services/domain/batch';
import { type CommandOptions } from '../../services/domain/command';
import { type DeviceFilter } from '../../services/domain/device';
import { type CancelRequest } from '../command/messages';
import { TASK_QUEUE } from '../shared/messages';

export const BATCH_WORKFLOW = 'batch';

export interface BatchInput {
  readonly tenant: string;
  readonly filter: DeviceFilter;
  readonly name: string;
  /** JSON object of arguments by name, in engineering units. */
  readonly args: string;
  readonly qos: 0 | 1 | 2;
  /** Of each command, from its own beginning, ms. */
  readonly timeout_ms: number;
  readonly options?: CommandOptions;
  /** Models, or model/command pairs, whose commands a second person approves. */
  readonly approvals: readonly string[];
  readonly limits: Limits;
  /** Devices are begun in these hours only; absent: in all. */
  readonly window?: TimeWindow;
  /** Devices one run of the workflow takes on; TARGETS_PER_RUN when absent. */
  readonly per_run?: number;
  readonly actor: string;
  /** In place of what the filter would find. */
  readonly targets?: readonly Target[];
  /** What an earlier run of the same batch has come to. */
  readonly carried?: BatchState;
}

/** Kept beside the workflow, to be shown in lists without asking it; it goes on with the runs of one batch. */
export interface BatchMemo {
  readonly name: string;
  readonly args: string;
  readonly actor: string;
}

export const batchMemo = ({ name, args, actor }: BatchInput): BatchMemo & Record<string, string> => ({
  name,
  args,
  actor,
});

export interface BatchSummary extends BatchMemo {
  readonly batch_id: string;
  readonly state: 'running' | 'ended' | 'failed';
  /** ms since 1970-01-01 UTC; of a large batch, when its present run of 500 devices began. */
  readonly begun_at: number;
  readonly ended_at?: number;
}

/** How far it has come. */
export const batchQuery = { type: 'query', name: 'batch' } as QueryDefinition<BatchReport>;
/** Begins nothing more, and asks the commands under way to cancel. */
export const stopBatchSignal = { type: 'signal', name: 'stop-batch' } as SignalDefinition<[CancelRequest]>;

/** Begins nothing more while true; what is under way goes on. */
export const pauseBatchSignal = { type: 'signal', name: 'pause-batch' } as SignalDefinition<[boolean]>;

const PREFIX = 'batch-';
export const batchWorkflowId = (tenant: string, batchId: string): string => `${PREFIX}${tenant}/${batchId}`;
/** Of the server's list of workflows: batches of a tenant, without runs that another one went on from. */
export const batchesOf = (tenant: string): string =>
  `WorkflowType = '${BATCH_WORKFLOW}' AND WorkflowId STARTS_WITH '${batchWorkflowId(tenant, '')}' AND ExecutionStatus != 'ContinuedAsNew'`;
/** Id of a batch, from that of its workflow; those of a schedule carry their time. */
export const batchIdOf = (workflowId: string): string => workflowId.slice(workflowId.indexOf('/') + 1);

/** Options for `client.workflow.start(BATCH_WORKFLOW, …)`; a second start of the same id joins the first. */
export function batchStartOptions(batchId: string, input: BatchInput) {
  return {
    taskQueue: TASK_QUEUE,
    workflowId: batchWorkflowId(input.tenant, batchId),
    workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    args: [input] as [BatchInput],
    memo: batchMemo(input),
    staticSummary: `${input.name} on many devices, by ${input.actor}`,
  };
}
