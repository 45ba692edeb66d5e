/** Contract of the batch workflow: one command to every device that a filter finds when it begins. */
import { type QueryDefinition, type SignalDefinition } from '@temporalio/common';
import { type BatchReport, type BatchState, type Limits, type Target } from '../../services/domain/batch';
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
  /** Devices one run of the workflow takes on; TARGETS_PER_RUN when absent. */
  readonly per_run?: number;
  readonly actor: string;
  /** In place of what the filter would find. */
  readonly targets?: readonly Target[];
  /** What an earlier run of the same batch has come to. */
  readonly carried?: BatchState;
}

/** How far it has come. */
export const batchQuery = { type: 'query', name: 'batch' } as QueryDefinition<BatchReport>;
/** Begins nothing more, and asks the commands under way to cancel. */
export const stopBatchSignal = { type: 'signal', name: 'stop-batch' } as SignalDefinition<[CancelRequest]>;

/** Begins nothing more while true; what is under way goes on. */
export const pauseBatchSignal = { type: 'signal', name: 'pause-batch' } as SignalDefinition<[boolean]>;

const PREFIX = 'batch-';
export const batchWorkflowId = (tenant: string, batchId: string): string => `${PREFIX}${tenant}/${batchId}`;
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
    staticSummary: `${input.name} on many devices, by ${input.actor}`,
  };
}
