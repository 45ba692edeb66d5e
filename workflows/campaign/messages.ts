/** Contract of the campaign workflow: an image to many devices, in stages. */
import { type QueryDefinition, type UpdateDefinition } from '@temporalio/common';
import { type Limits, type TimeWindow } from '../../services/domain/batch';
import { type CampaignState, type Order, type Stage } from '../../services/domain/campaign';
import { type DeviceFilter } from '../../services/domain/device';
import { TASK_QUEUE } from '../shared/messages';

export const CAMPAIGN_WORKFLOW = 'campaign';

export interface CampaignInput {
  readonly campaign_id: string;
  readonly tenant: string;
  readonly filter: DeviceFilter;
  /** Ids of the devices it is for, of those that fit the filter; absent: all. */
  readonly only?: readonly string[];
  /** Devices that come first; all of them must fit the filter, too. */
  readonly canaries?: DeviceFilter;
  /** Signed manifest (schemas/manifest.ts), JSON. */
  readonly manifest: string;
  /** Of the image, from the manifest. */
  readonly sha256: string;
  readonly version: string;
  readonly stages: readonly Stage[];
  /** Of a stage's devices that may fail; one more halts the campaign. */
  readonly failure_percent: number;
  /** Goes back by itself when it halts; otherwise it waits for an order. */
  readonly roll_back_when_halted: boolean;
  readonly limits: Pick<Limits, 'rate_per_s' | 'in_flight' | 'pause_ms'>;
  /** Devices are begun in these hours only; going back waits for none. */
  readonly window?: TimeWindow;
  /** For one device, from its own beginning, ms. */
  readonly device_timeout_ms: number;
  readonly actor: string;
}

export interface OrderRequest {
  readonly order: Order;
  readonly actor: string;
  readonly reason: string;
}

export const campaignQuery = { type: 'query', name: 'campaign' } as QueryDefinition<CampaignState>;
/** Refused with the reason when the campaign takes no such order now. */
export const orderUpdate = { type: 'update', name: 'order' } as UpdateDefinition<CampaignState, [OrderRequest]>;

export const campaignWorkflowId = (tenant: string, campaignId: string): string => `campaign-${tenant}/${campaignId}`;

/** Options for `client.workflow.start(CAMPAIGN_WORKFLOW, …)`; a second start of the same id joins the first. */
export function campaignStartOptions(input: CampaignInput) {
  return {
    taskQueue: TASK_QUEUE,
    workflowId: campaignWorkflowId(input.tenant, input.campaign_id),
    workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    args: [input] as [CampaignInput],
    staticSummary: `Image ${input.version} to many devices, by ${input.actor}`,
    staticDetails: `${input.stages.map((s) => `${s.percent} %`).join(' → ')}; ${input.failure_percent} % of a stage may fail`,
  };
}
