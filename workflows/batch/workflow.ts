/**
 * One command to many devices, at a rate, so many at once. Each is a command like any other, with its own workflow, events
 * and outcome; this one only begins them, counts, and stops when too many end badly.
 */
import {
  type ChildWorkflowHandle,
  condition,
  continueAsNew,
  ParentClosePolicy,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import {
  begin,
  type BatchReport,
  type BatchState,
  begun,
  due,
  ended,
  type Hours,
  isOver,
  nextOpening_ms,
  paceOf,
  reportOf,
  stop,
  type Target,
  TARGETS_PER_RUN,
} from '../../services/domain/batch';
import { cancelSignal, type CommandOutcome, commandStartOptions, type CancelRequest } from '../command/messages';
import { command } from '../command/workflow';
import { now } from '../shared/clock';
import { type BatchActivities } from './activities';
import { batchIdOf, type BatchInput, batchQuery, pauseBatchSignal, stopBatchSignal } from './messages';

const { findTargets } = proxyActivities<BatchActivities>({
  startToCloseTimeout: 60_000,
  retry: { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 30_000 },
});

interface Run {
  readonly input: BatchInput;
  state: BatchState;
  readonly children: Map<string, ChildWorkflowHandle<typeof command>>;
  cancel?: CancelRequest;
  paused: boolean;
}

export async function batch(input: BatchInput): Promise<BatchReport> {
  const run: Run = { input, state: input.carried ?? begin([], 0), children: new Map(), paused: false };
  setHandler(batchQuery, () => reportOf(run.state));
  setHandler(stopBatchSignal, (request) => {
    run.cancel ??= request;
    show(run, stop(run.state, `stopped by ${request.actor}: ${request.reason}`));
  });
  setHandler(pauseBatchSignal, (paused) => {
    run.paused = paused;
  });
  if (!input.carried) await find(run);
  const perRun = input.per_run ?? TARGETS_PER_RUN;
  const { every_ms } = paceOf(input.limits);
  // Before, whatever ended made room for the next at once: as many as could be under way, and more a second than allowed.
  const paced = patched('pace-held');
  let taken = 0;
  while (!isOver(run.state)) {
    if (run.cancel) await cancelAll(run, run.cancel);
    const next = run.paused ? [] : due(run.state, input.limits, hours(run)).slice(0, perRun - taken);
    show(run, begun(run.state, next));
    await Promise.all(next.map((target) => beginOne(run, target)));
    taken += next.length;
    const full = taken === perRun;
    const more = (): boolean => !full && !run.paused && due(run.state, input.limits, hours(run)).length > 0;
    if (!paced && more()) await sleep(every_ms);
    else if (paced && next.length > 0 && !full && run.state.waiting.length > 0)
      await condition(() => cancelDue(run) || isOver(run.state), every_ms);
    else {
      const { paused } = run;
      const turned = (): boolean => run.paused !== paused || (full && !paused && run.state.under_way.length === 0);
      const wait_ms = full || paused ? undefined : closed_ms(run);
      await until(() => more() || turned() || isOver(run.state) || cancelDue(run), wait_ms);
    }
    if (full && run.state.under_way.length === 0 && !isOver(run.state))
      await continueAsNew<typeof batch>({ ...input, targets: [], carried: run.state });
  }
  return { ...reportOf(run.state), ...(input.window && { not_begun: run.state.waiting.map((t) => t.device_id) }) };
}

const hours = ({ input: { window } }: Run): Hours | undefined => window && { window, at: now() };

/** Time until somebody may be begun, ms; undefined while it is not the hours that are waited for. */
function closed_ms(run: Run): number | undefined {
  const keeping = hours(run);
  if (!keeping || run.state.waiting.length === 0) return undefined;
  return nextOpening_ms(run.state, keeping) || undefined;
}

const until = async (come: () => boolean, longest_ms: number | undefined): Promise<unknown> =>
  longest_ms === undefined ? condition(come) : condition(come, longest_ms);

async function find(run: Run): Promise<void> {
  const { tenant, filter, name, approvals } = run.input;
  const given = run.input.targets && { targets: run.input.targets, skipped: 0 };
  const { targets, skipped } = given ?? (await findTargets({ tenant, filter, name, approvals }));
  const found = begin(targets, skipped);
  // A stop may have been asked for meanwhile.
  show(run, run.state.stopped === '' ? found : stop(found, run.state.stopped));
}

/** A child outlives this workflow: what was sent to a device is known by its own workflow, whatever becomes of the batch. */
async function beginOne(run: Run, { device_id, agent_id, needs_approval }: Target): Promise<void> {
  const { tenant, name, args, qos, timeout_ms, options, actor } = run.input;
  const issued_at = now();
  const start = commandStartOptions({
    command_id: `${batchIdOf(workflowInfo().workflowId)}.${device_id}`,
    ...{ tenant, device_id, agent_id, name, args, qos, issued_at, actor },
    deadline: issued_at + timeout_ms,
    ...(options && { options }),
    ...(needs_approval && { needs_approval }),
  });
  const { workflowId, args: argument, typedSearchAttributes, staticSummary } = start;
  const over = (outcome: Pick<CommandOutcome, 'state' | 'detail'> | { state: string; detail: string }): void => {
    run.children.delete(device_id);
    show(run, ended(run.state, { device_id, state: outcome.state, detail: outcome.detail }, run.input.limits));
  };
  try {
    const child = await startChild(command, {
      ...{ workflowId, args: argument, typedSearchAttributes: [...typedSearchAttributes], staticSummary },
      parentClosePolicy: ParentClosePolicy.ABANDON,
    });
    run.children.set(device_id, child);
    void child.result().then(over, (error: Error) => over({ state: 'outcome-unknown', detail: error.message }));
  } catch (error) {
    over({ state: 'not-started', detail: (error as Error).message });
  }
}

const cancelDue = (run: Run): boolean => run.cancel !== undefined && run.children.size > 0;

async function cancelAll(run: Run, request: CancelRequest): Promise<void> {
  const children = [...run.children.values()];
  run.children.clear();
  // One that ended at this very moment has nothing left to cancel.
  await Promise.all(children.map((child) => child.signal(cancelSignal, request).catch(() => undefined)));
}

function show(run: Run, state: BatchState): void {
  run.state = state;
  const { targets, waiting, under_way, failed, stopped } = reportOf(state);
  const counts = Object.entries(state.ended).map(([of, n]) => `${n} ${of}`);
  setCurrentDetails(
    [`${targets} devices: ${waiting} wait, ${under_way} under way, ${counts.join(', ') || 'none ended'}`]
      .concat(failed > 0 ? [`**${failed} ended badly**`] : [], stopped ? [`stopped: ${stopped}`] : [])
      .join('\n\n'),
  );
}
