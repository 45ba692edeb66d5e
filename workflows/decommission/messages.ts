/** Contract of the decommission workflow: how to start it, ask it, abandon it. */
import { type QueryDefinition, type UpdateDefinition } from '@temporalio/common';
import { DEVICE_ATTRIBUTE, TASK_QUEUE } from '../shared/messages';

export const DECOMMISSION_WORKFLOW = 'decommission';

export interface DecommissionPolicy {
  /** How long commands in flight may take to end once cancelled, ms. */
  readonly settle_ms: number;
  /** How long the agent may take to confirm the final flush, ms. */
  readonly flush_ms: number;
  /** What is done when it did not: on without its word (the default), or an operator decides. */
  readonly when_silent?: WhenSilent;
  /** Everything SQL knows of the device goes into a file first. */
  readonly export?: boolean;
  /** What it is called, its place and its labels: kept (the default), or taken off its state. */
  readonly personal_data?: PersonalData;
}

export const WHEN_SILENT = ['go-on', 'ask'] as const;
export type WhenSilent = (typeof WHEN_SILENT)[number];
export const PERSONAL_DATA = ['keep', 'erase'] as const;
export type PersonalData = (typeof PERSONAL_DATA)[number];

/** Five minutes for commands in flight, a day for an agent that is away. */
export const DEFAULT_DECOMMISSION_POLICY: DecommissionPolicy = { settle_ms: 300_000, flush_ms: 86_400_000 };

export interface DecommissionInput {
  readonly tenant: string;
  readonly device_id: string;
  /** Agent through which the device is reached; null when it has none, so that there is nothing to flush. */
  readonly agent_id: string | null;
  readonly actor: string;
  readonly reason: string;
  readonly policy?: DecommissionPolicy;
}

/** In this order. Up to and including `export` it can be abandoned. */
export const DECOMMISSION_STEPS = [
  'begin',
  'settle-commands',
  'flush',
  'export',
  'remove-from-profile',
  'revoke-credentials',
  'erase-personal-data',
  'complete',
] as const;
export type DecommissionStep = (typeof DECOMMISSION_STEPS)[number];

export interface StepProgress {
  readonly step: DecommissionStep | 'abandon';
  readonly state: 'waiting' | 'running' | 'done' | 'skipped' | 'failed';
  /** ms since 1970-01-01 UTC. */
  readonly started_at?: number;
  readonly ended_at?: number;
  /** What happened, or why it was skipped, in words. */
  readonly detail: string;
}

/** What an operator may say of a step that cannot be done: again, on without it, or all of it undone. */
export const DECISIONS = ['retry', 'go-on', 'abandon'] as const;
export type Decision = (typeof DECISIONS)[number];

/** What waits for an operator; nothing happens until one decides. */
export interface OperatorTask {
  readonly step: DecommissionStep;
  /** In words. */
  readonly problem: string;
  /** ms since 1970-01-01 UTC. */
  readonly since: number;
  readonly choices: readonly Decision[];
}

export interface DecommissionProgress {
  readonly outcome: 'running' | 'decommissioned' | 'abandoned' | 'refused';
  /** Why it was abandoned or refused; empty otherwise. */
  readonly detail: string;
  /** False from the point of no return on. */
  readonly can_abandon: boolean;
  readonly steps: readonly StepProgress[];
  /** Last sequence number the agent confirmed; null when it never did. */
  readonly last_seq: number | null;
  /** Absent: nobody need do anything. */
  readonly task?: OperatorTask;
  /** The device's history, when it was asked for and is written. */
  readonly exported?: ExportedHistory;
}

export interface DecommissionSummary {
  readonly device_id: string;
  readonly progress: DecommissionProgress;
}

export interface ExportedHistory {
  /** Path as the worker wrote it. */
  readonly file: string;
  readonly bytes: number;
  /** Of the file, hex. */
  readonly sha256: string;
  /** Lines by what they are. */
  readonly rows: Readonly<Record<string, number>>;
}

export interface DecisionRequest {
  readonly decision: Exclude<Decision, 'abandon'>;
  readonly actor: string;
  readonly reason: string;
}

export interface AbandonRequest {
  readonly actor: string;
  readonly reason: string;
}

export const progressQuery = { type: 'query', name: 'progress' } as QueryDefinition<DecommissionProgress>;
/** Abandons the decommissioning; refused past the point of no return. The device goes back to the state it had. */
export const abandonUpdate = { type: 'update', name: 'abandon' } as UpdateDefinition<
  DecommissionProgress,
  [AbandonRequest]
>;

/** An operator's word on the task there is; refused when there is none, or it is no choice. */
export const decideUpdate = { type: 'update', name: 'decide' } as UpdateDefinition<
  DecommissionProgress,
  [DecisionRequest]
>;

/** Visibility query: those of a tenant that run, or failed. */
export const decommissionsOf = (tenant: string): string =>
  `WorkflowType = '${DECOMMISSION_WORKFLOW}' AND WorkflowId STARTS_WITH '${decommissionWorkflowId(tenant, '')}' AND ExecutionStatus IN ('Running', 'Failed')`;

export const deviceOfDecommission = (workflowId: string): string => workflowId.slice(workflowId.indexOf('/') + 1);

export const decommissionWorkflowId = (tenant: string, deviceId: string): string =>
  `decommission-${tenant}/${deviceId}`;

/**
 * Options for `client.workflow.start(DECOMMISSION_WORKFLOW, …)`: joins the one that runs, and may be started again after
 * one that was abandoned or refused.
 */
export function decommissionStartOptions(input: DecommissionInput) {
  return {
    taskQueue: TASK_QUEUE,
    workflowId: decommissionWorkflowId(input.tenant, input.device_id),
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    args: [input] as [DecommissionInput],
    typedSearchAttributes: [{ key: DEVICE_ATTRIBUTE, value: `${input.tenant}/${input.device_id}` }],
    staticSummary: `Decommission ${input.device_id}: ${input.reason}`,
  };
}
