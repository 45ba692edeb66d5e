/**
 * An image to many devices, in stages, each a batch of orders. A stage that fails too often halts the campaign; then, or
 * when somebody says so, every device that may have the image goes back to what it had.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  startChild,
} from '@temporalio/workflow';
import { type BatchReport, type Target } from '../../services/domain/batch';
import {
  type CampaignFact,
  type CampaignState,
  type Counts,
  evolve,
  failuresAllowed,
  gate,
  initialCampaign,
  NOBODY,
  orderRefusal,
  plan,
} from '../../services/domain/campaign';
import { batch } from '../batch/workflow';
import { type BatchActivities } from '../batch/activities';
import { batchStartOptions, pauseBatchSignal, stopBatchSignal } from '../batch/messages';
import { now } from '../shared/clock';
import { type CampaignActivities } from './activities';
import { type CampaignInput, campaignQuery, type OrderRequest, orderUpdate } from './messages';

const UPDATE_ORDER = 'millrace.update';
const ROLLBACK_ORDER = 'millrace.update-rollback';
const WORKFLOW_ACTOR = 'workflow';

const patience = { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 30_000 };
const { findTargets, publishCampaign } = proxyActivities<BatchActivities & CampaignActivities>({
  startToCloseTimeout: 60_000,
  retry: patience,
});

interface Run {
  readonly input: CampaignInput;
  state: CampaignState;
  /** Orders not yet followed, oldest first. */
  readonly orders: OrderRequest[];
  /** Devices that may have the image, by id. */
  readonly touched: Map<string, Target>;
  /** Batches begun: each has a name of its own, so that a device's commands do, too. */
  batches: number;
  /** It takes no more orders. */
  over: boolean;
}

export async function campaign(input: CampaignInput): Promise<CampaignState> {
  const run: Run = { input, state: initialCampaign, orders: [], touched: new Map(), batches: 0, over: false };
  listen(run);
  const stages = await planned(run);
  let ended = false;
  for (let i = 0; i < stages.length && !ended; i++) ended = await stage(run, i + 1, stages[i] ?? []);
  if (!ended) await tell(run, 'done', 0, input.actor, `version ${input.version}`);
  run.over = true;
  await condition(allHandlersFinished);
  return run.state;
}

function listen(run: Run): void {
  setHandler(campaignQuery, () => run.state);
  setHandler(
    orderUpdate,
    async (request) => {
      run.orders.push(request);
      await condition(() => run.over || !run.orders.includes(request));
      if (run.orders.includes(request)) throw ApplicationFailure.nonRetryable('the campaign was over first', 'over');
      return run.state;
    },
    {
      validator({ order }: OrderRequest) {
        const busy = run.over || run.orders.length > 0;
        const refusal = busy ? 'another order is being followed' : orderRefusal(run.state, order);
        if (refusal !== undefined) throw new Error(refusal);
      },
    },
  );
}

async function planned(run: Run): Promise<readonly (readonly Target[])[]> {
  const { tenant, filter, only, canaries, campaign_id, stages, actor, version } = run.input;
  const question = { tenant, name: UPDATE_ORDER, approvals: [] };
  const { targets: fitting, skipped } = await findTargets({ ...question, filter });
  const wanted = only && new Set(only);
  const targets = wanted ? fitting.filter((t) => wanted.has(t.device_id)) : fitting;
  const first = canaries ? (await findTargets({ ...question, filter: canaries })).targets : [];
  const detail = `version ${version}; ${skipped} devices are left out: not active, or without an agent`;
  await tell(run, 'begun', 0, actor, detail, { ...NOBODY, devices: targets.length });
  return plan(campaign_id, targets, new Set(first.map((t) => t.device_id)), stages);
}

/** True when the campaign is over with it. */
async function stage(run: Run, number: number, targets: readonly Target[]): Promise<boolean> {
  const { failure_percent, stages } = run.input;
  let left = targets;
  while (left.length > 0) {
    await tell(run, 'stage-begun', number, WORKFLOW_ACTOR, '', { ...NOBODY, devices: left.length });
    const { report, order } = await runBatch(run, number, left);
    const counts = countsOf(report, left.length);
    if (order) return end(run, order);
    const reason = gate(counts, failure_percent) ?? (report.waiting > 0 ? report.stopped : undefined);
    if (reason === undefined) {
      await tell(run, 'stage-ended', number, WORKFLOW_ACTOR, '', counts);
      break;
    }
    await tell(run, 'halted', number, WORKFLOW_ACTOR, reason, counts);
    const next = await afterHalt(run);
    if (next.order !== 'resume' && next.order !== 'retry') return end(run, next);
    await tell(run, next.order === 'retry' ? 'retried' : 'resumed', number, next.actor, next.reason);
    const failed = new Set(report.failures.map((f) => f.device_id));
    const notBegun = waitingOf(report, left);
    left = next.order === 'retry' ? [...left.filter((t) => failed.has(t.device_id)), ...notBegun] : notBegun;
  }
  const order = await soak(run, number, stages[number - 1]?.soak_ms ?? 0);
  return order ? end(run, order) : false;
}

async function afterHalt(run: Run): Promise<OrderRequest> {
  run.over = run.input.roll_back_when_halted;
  if (run.over) return { order: 'roll-back', actor: WORKFLOW_ACTOR, reason: 'the campaign halted' };
  await condition(() => run.orders.length > 0);
  return run.orders.shift() as OrderRequest;
}

/** The stage's devices work on for a while; the order that ends the campaign meanwhile, if one does. */
async function soak(run: Run, number: number, soak_ms: number): Promise<OrderRequest | undefined> {
  for (let left_ms = soak_ms; left_ms > 0;) {
    const from = now();
    if (!(await condition(() => run.orders.length > 0, left_ms))) return undefined;
    left_ms -= now() - from;
    const order = await paused(run, number);
    if (order) return order;
  }
  return undefined;
}

/** Takes the order there is: a pause is waited out, here, until an order ends it. */
async function paused(run: Run, number: number): Promise<OrderRequest | undefined> {
  const order = run.orders[0];
  if (!order) return undefined;
  if (order.order !== 'pause') return run.orders.shift();
  await tell(run, 'paused', number, order.actor, order.reason);
  run.orders.shift();
  await condition(() => run.orders.length > 0);
  const next = run.orders[0] as OrderRequest;
  if (next.order === 'resume') await tell(run, 'resumed', number, next.actor, next.reason);
  run.orders.shift();
  return next.order === 'resume' ? undefined : next;
}

interface Ended {
  readonly report: BatchReport;
  /** What somebody ordered meanwhile that ends the campaign. */
  readonly order?: OrderRequest;
}

async function runBatch(run: Run, number: number, targets: readonly Target[]): Promise<Ended> {
  const { failure_percent, manifest } = run.input;
  const stop_after_failures = failuresAllowed(targets.length, failure_percent) + 1;
  const child = await begun(run, UPDATE_ORDER, { manifest }, targets, stop_after_failures);
  let report: BatchReport | undefined;
  const over = child.result().then((r) => (report = r));
  let order: OrderRequest | undefined;
  while (!report && !order) {
    await condition(() => report !== undefined || run.orders.length > 0);
    const pausing = run.orders[0]?.order === 'pause';
    if (pausing) await child.signal(pauseBatchSignal, true).catch(() => undefined);
    order = await paused(run, number);
    if (pausing && !order) await child.signal(pauseBatchSignal, false).catch(() => undefined);
    if (order) await child.signal(stopBatchSignal, order).catch(() => undefined);
  }
  const last = await over;
  const spared = new Set(waitingOf(last, targets));
  for (const target of targets) if (!spared.has(target)) run.touched.set(target.device_id, target);
  const failures = [...run.state.failures, ...last.failures].slice(0, 1_000);
  run.state = { ...run.state, failures };
  return order ? { report: last, order } : { report: last };
}

/** Those that the batch did not begin. */
function waitingOf({ not_begun, waiting }: BatchReport, targets: readonly Target[]): readonly Target[] {
  if (!not_begun) return targets.slice(targets.length - waiting);
  const ids = new Set(not_begun);
  return targets.filter((t) => ids.has(t.device_id));
}

function begun(run: Run, name: string, args: object, targets: readonly Target[], stop_after_failures?: number) {
  const { tenant, campaign_id, filter, device_timeout_ms, actor } = run.input;
  const { pause_ms, ...rate } = run.input.limits;
  const { window } = run.input;
  // The pause is for the downloads; who goes back has the image it goes back to.
  const limits = name === UPDATE_ORDER && pause_ms !== undefined ? { ...rate, pause_ms } : rate;
  const batchId = `${campaign_id}.${++run.batches}`;
  const {
    workflowId,
    args: input,
    staticSummary,
  } = batchStartOptions(batchId, {
    ...{
      tenant,
      filter,
      name,
      args: JSON.stringify(args),
      qos: 1,
      timeout_ms: device_timeout_ms,
      approvals: [],
      actor,
    },
    targets,
    ...(window && name === UPDATE_ORDER && { window }),
    limits: { ...limits, ...(stop_after_failures !== undefined && { stop_after_failures }) },
  });
  return startChild(batch, { workflowId, args: input, staticSummary });
}

/** Abort leaves devices as they are; going back is for each that may have the image, whatever it said of itself. */
async function end(run: Run, { order, actor, reason }: OrderRequest): Promise<boolean> {
  run.over = true;
  if (order === 'abort') {
    await tell(run, 'aborted', 0, actor, reason);
    return true;
  }
  const targets = [...run.touched.values()];
  await tell(run, 'rollback-begun', 0, actor, reason, { ...NOBODY, devices: targets.length });
  const child = await begun(run, ROLLBACK_ORDER, { sha256: run.input.sha256 }, targets);
  const report = await child.result();
  const detail = report.failed > 0 ? `${report.failed} devices could not be asked, or not be put back` : reason;
  await tell(run, 'rolled-back', 0, actor, detail, countsOf(report, targets.length));
  return true;
}

function countsOf({ failed, ended }: BatchReport, devices: number): Counts {
  const all = Object.values(ended).reduce((a, b) => a + b, 0);
  return { devices, succeeded: all - failed, failed };
}

/** On the log before it counts: what is shown was written. */
async function tell(
  run: Run,
  type: CampaignFact['type'],
  stage: number,
  actor: string,
  detail: string,
  counts: Counts = NOBODY,
): Promise<void> {
  const fact: CampaignFact = { type, stage, at: now(), actor, detail, counts };
  const { tenant, campaign_id, version } = run.input;
  await publishCampaign({ tenant, campaign_id, version, fact });
  run.state = evolve(run.state, fact);
  setCurrentDetails(markdown(run.state));
}

function markdown({ phase, detail, devices, stages, rollback }: CampaignState): string {
  const lines = stages.map(
    (s) => `- stage ${s.stage} **${s.state}**: ${s.succeeded} of ${s.devices} done, ${s.failed} failed`,
  );
  const back = rollback ? [`- back: ${rollback.succeeded} of ${rollback.devices}`] : [];
  return [`**${phase}** ${detail} (${devices} devices)`, ...lines, ...back].join('\n');
}
