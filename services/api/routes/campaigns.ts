/** Images to many devices, in stages. */
import { Router } from 'express';
import { MAX_MANIFEST_BYTES, parseManifest } from '../../../schemas/manifest';
import { type CampaignInput } from '../../../workflows/campaign/messages';
import { pauseFor_ms } from '../../domain/batch';
import { DEFAULT_STAGES, isOver, type Order, type Stage, stageFault } from '../../domain/campaign';
import { type Principal, principalOf } from '../authentication';
import { type ApiDependencies } from '../dependencies';
import { ApiError } from '../problem';
import { type Filter, filterOf } from './batches';
import { type NewWindow, windowOf } from './window';

interface NewCampaign {
  /** One of the two. */
  readonly filter?: Filter;
  /** A campaign that is over: its devices that failed. */
  readonly retry_of?: string;
  readonly canaries?: Filter;
  /** As `millrace image add` prints it. */
  readonly manifest: object;
  readonly stages?: readonly Stage[];
  readonly failure_percent?: number;
  readonly roll_back_when_halted?: boolean;
  readonly rate_per_s?: number;
  readonly in_flight?: number;
  readonly bytes_per_s?: number;
  readonly window?: NewWindow;
  readonly device_timeout_ms?: number;
}

const DEFAULT_FAILURE_PERCENT = 5;
const DEFAULT_RATE_PER_S = 10;
const DEFAULT_IN_FLIGHT = 50;
const DEFAULT_DEVICE_TIMEOUT_MS = 3_600_000;

export function campaignRoutes(deps: ApiDependencies): Router {
  const router = Router();

  router.post('/campaigns', async (req, res) => {
    const input = await inputOf(
      req.header('idempotency-key') ?? deps.newId(),
      req.body as NewCampaign,
      principalOf(res),
      deps,
    );
    await deps.workflows.startCampaign(input);
    const { campaign_id } = input;
    res.status(202).location(`/api/v1/campaigns/${campaign_id}`).json({ campaign_id });
  });

  router.get('/campaigns/:id', async (req, res) => {
    const state = await deps.workflows.campaign(principalOf(res).tenant, req.params.id);
    if (!state) throw new ApiError('not-found', `there is no campaign ${req.params.id}`);
    res.json({ campaign_id: req.params.id, ...state });
  });

  router.post('/campaigns/:id/:order', async (req, res) => {
    const { tenant, actor } = principalOf(res);
    const { reason = 'asked for over the API' } = (req.body ?? {}) as { reason?: string };
    const { id } = req.params;
    const order = req.params.order as Order;
    const state = await deps.workflows.orderCampaign(tenant, id, { order, actor, reason });
    res.status(202).json({ campaign_id: id, ...state });
  });

  return router;
}

async function inputOf(
  campaign_id: string,
  body: NewCampaign,
  { tenant, actor }: Principal,
  deps: ApiDependencies,
): Promise<CampaignInput> {
  const { filter, retry_of, canaries, stages = DEFAULT_STAGES } = body;
  const fault = stageFault(stages);
  if (fault !== undefined) throw new ApiError('invalid-request', fault);
  if ((filter === undefined) === (retry_of === undefined))
    throw new ApiError('invalid-request', 'give `filter` or `retry_of`, one of the two');
  const hours = windowOf(body.window);
  const only = retry_of === undefined ? undefined : await failedOf(tenant, retry_of, deps);
  const manifest = JSON.stringify(body.manifest);
  const read = Buffer.byteLength(manifest) > MAX_MANIFEST_BYTES ? 'too long' : parseManifest(manifest);
  if (typeof read === 'string') throw new ApiError('invalid-request', `the manifest is not one: ${read}`);
  const { sha256, version, model, length } = read.signed;
  if (!(await deps.images.find(sha256)))
    throw new ApiError('invalid-request', `there is no image ${sha256}: upload it first (\`millrace image add\`)`);
  return {
    ...{ campaign_id, tenant, actor, manifest, sha256, version, stages },
    filter: { ...filterOf({ ...filter, model }) },
    ...(only && { only }),
    ...hours,
    ...(canaries && { canaries: { ...filterOf({ ...canaries, model }) } }),
    failure_percent: body.failure_percent ?? DEFAULT_FAILURE_PERCENT,
    roll_back_when_halted: body.roll_back_when_halted ?? true,
    limits: {
      rate_per_s: body.rate_per_s ?? DEFAULT_RATE_PER_S,
      in_flight: body.in_flight ?? DEFAULT_IN_FLIGHT,
      ...(body.bytes_per_s !== undefined && { pause_ms: pauseFor_ms(length, body.bytes_per_s) }),
    },
    device_timeout_ms: body.device_timeout_ms ?? DEFAULT_DEVICE_TIMEOUT_MS,
  };
}

/** Devices that failed in a campaign that is over. One of them that has the image by now has nothing to do. */
async function failedOf(tenant: string, id: string, deps: ApiDependencies): Promise<readonly string[]> {
  const state = await deps.workflows.campaign(tenant, id);
  if (!state) throw new ApiError('not-found', `there is no campaign ${id}`);
  if (!isOver(state)) throw new ApiError('refused', `campaign ${id} is ${state.phase}: order \`retry\` of itself`);
  const failed = [...new Set(state.failures.map((f) => f.device_id))];
  if (failed.length === 0) throw new ApiError('invalid-request', `no device failed in campaign ${id}`);
  return failed;
}
