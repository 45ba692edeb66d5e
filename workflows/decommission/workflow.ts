/**
 * The end of a device's life: no new commands, those in flight ended, the last data confirmed, then refused for good.
 * Until `complete` everything can be undone; from there on it only goes forward.
 */
import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { now } from '../shared/clock';
import { type DecommissionActivities, type RegistryAnswer, type RegistryQuestion } from './activities';
import { flush } from './flush';
import {
  abandonUpdate,
  type AbandonRequest,
  type Decision,
  type DecommissionInput,
  type DecommissionPolicy,
  type DecommissionProgress,
  type DecommissionStep,
  DEFAULT_DECOMMISSION_POLICY,
  progressQuery,
  type StepProgress,
} from './messages';
import { type Asking, listenToOperator, orAsk, type StepEnd, wordsOf } from './operator';
import { asMarkdown, begun, ended, initialProgress } from './progress';

/** No last attempt: a registry that is away is waited for, visibly. */
const { askRegistry, revokeCredentials, settleCommands } = proxyActivities<DecommissionActivities>({
  startToCloseTimeout: 30_000,
  retry: { initialInterval: 200, backoffCoefficient: 2, maximumInterval: 30_000 },
});
/** Some two minutes; then an operator is asked. */
const enough = { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 30_000, maximumAttempts: 9 };
const { removeFromProfile } = proxyActivities<DecommissionActivities>({ startToCloseTimeout: 60_000, retry: enough });
/** However long a device's history is to read: a beat comes with every parcel of rows. */
const { exportHistory } = proxyActivities<DecommissionActivities>({
  startToCloseTimeout: 6 * 3_600_000,
  heartbeatTimeout: 60_000,
  retry: enough,
});

type Ended = Exclude<StepEnd, { readonly problem: string }>;

const notThen = (): Promise<Ended> =>
  Promise.resolve({ state: 'skipped', detail: 'begun by an earlier version, which did not do this' });

const FIRST_LOOK_MS = 250;
const LONGEST_LOOK_MS = 15_000;

interface Run extends Asking {
  readonly input: DecommissionInput;
  agent_id: string | null;
  abandon?: AbandonRequest;
  /** Final flushes ordered: each has an id of its own. */
  flushes: number;
  /** Undo what was or may have been done, last first; registered before the step they undo. */
  readonly compensations: (() => Promise<void>)[];
}

/** Thrown by a step to end the decommissioning before its point of no return. */
class Stop extends Error {
  constructor(
    readonly outcome: 'abandoned' | 'refused',
    message: string,
  ) {
    super(message);
  }
}

export async function decommission(input: DecommissionInput): Promise<DecommissionProgress> {
  const run: Run = { input, progress: initialProgress, agent_id: input.agent_id, flushes: 0, compensations: [] };
  listen(run);
  listenToOperator(run);
  return CancellationScope.nonCancellable(async () => {
    try {
      await step(run, 'begin', () => begin(run));
      await step(run, 'settle-commands', () => settle(run));
      await step(run, 'flush', () => finalFlush(run));
      const whole = patched('whole-saga');
      await step(run, 'export', () => (whole ? exported(run) : notThen()));
      show(run, { ...run.progress, can_abandon: false });
      await step(run, 'remove-from-profile', () => (whole ? outOfProfile(run) : notThen()));
      await step(run, 'revoke-credentials', () => revoke(run));
      await step(run, 'erase-personal-data', () => (whole ? personalData(run) : notThen()));
      await step(run, 'complete', () => complete(run, whole));
      show(run, { ...run.progress, outcome: 'decommissioned' });
    } catch (error) {
      await giveUp(run, error);
    }
    await condition(allHandlersFinished);
    return run.progress;
  });
}

function listen(run: Run): void {
  setHandler(progressQuery, () => run.progress);
  const asked = async (request: AbandonRequest): Promise<DecommissionProgress> => {
    run.abandon ??= request;
    await condition(() => run.progress.outcome !== 'running');
    return run.progress;
  };
  setHandler(abandonUpdate, asked, {
    validator: (_request: AbandonRequest) => {
      if (!run.progress.can_abandon) throw new Error('past the point of no return: it can only be completed');
    },
  });
  CancellationScope.current().cancelRequested.catch(() => {
    if (run.progress.can_abandon) run.abandon ??= { actor: 'workflow', reason: 'cancellation requested in Temporal' };
  });
}

function show(run: Run, progress: DecommissionProgress): void {
  run.progress = progress;
  setCurrentDetails(asMarkdown(progress));
}

/** A step says in words what it did; `skipped` when there was nothing to do. */
async function step(
  run: Run,
  name: StepProgress['step'],
  work: () => Promise<{ detail: string; state?: 'done' | 'skipped' }>,
): Promise<void> {
  show(run, begun(run.progress, name, now()));
  try {
    const { detail, state = 'done' } = await work();
    show(run, ended(run.progress, name, { at: now(), state, detail }));
  } catch (error) {
    show(run, ended(run.progress, name, { at: now(), state: 'failed', detail: wordsOf(error) }));
    throw error;
  }
  if (run.abandon && run.progress.can_abandon) throw new Stop('abandoned', run.abandon.reason);
}

async function begin(run: Run): Promise<{ detail: string }> {
  run.compensations.push(() => undoBegin(run));
  const answer = await ask(run, 'begin-decommission');
  if (answer.outcome === 'rejected' || answer.state !== 'decommissioning') {
    // Certainly nothing was begun, so there is nothing to undo.
    run.compensations.pop();
    throw new Stop('refused', answer.detail || `the device is ${answer.state}`);
  }
  run.agent_id = answer.agent_id ?? run.input.agent_id;
  return { detail: 'the agent polls it no more and refuses commands for it' };
}

async function settle(run: Run): Promise<{ detail: string; state?: 'skipped' }> {
  const { tenant, device_id, actor, policy = DEFAULT_DECOMMISSION_POLICY } = run.input;
  const end = now() + policy.settle_ms;
  const asked = new Set<string>();
  for (let pause_ms = FIRST_LOOK_MS; ; pause_ms = Math.min(LONGEST_LOOK_MS, 2 * pause_ms)) {
    const reason = `${device_id} is being decommissioned`;
    const running = await settleCommands({ tenant, device_id, actor, reason, asked: [...asked] });
    for (const id of running) asked.add(id);
    // The list may lag behind by a moment: believe the second empty one.
    if (running.length === 0 && pause_ms > FIRST_LOOK_MS)
      return asked.size ? { detail: `${asked.size} commands ended` } : { state: 'skipped', detail: 'none in flight' };
    if (running.length > 0 && now() >= end)
      return {
        detail: `${running.length} commands still in flight after ${policy.settle_ms} ms; the agent refuses them`,
      };
    if (await condition(() => run.abandon !== undefined, pause_ms)) return { detail: 'interrupted' };
  }
}

/** A deadline that passes without the agent's word is a policy's to judge: on without, or somebody decides. */
function finalFlush(run: Run): Promise<Ended> {
  const { agent_id } = run;
  if (agent_id === null) return Promise.resolve({ state: 'skipped', detail: 'the device has no agent' });
  const { flush_ms, when_silent = 'go-on' } = policyOf(run);
  return withOperator(run, 'flush', async () => {
    const n = ++run.flushes;
    const { last_seq, detail } = await flush({ ...run.input, agent_id }, { flush_ms, n }, () => run.abandon);
    show(run, { ...run.progress, last_seq });
    const silent = last_seq === null && run.abandon === undefined;
    if (silent && when_silent === 'ask') return { problem: detail };
    return { detail: silent ? `${detail}: went on without, as the policy says` : detail };
  });
}

function exported(run: Run): Promise<Ended> {
  if (!policyOf(run).export) return Promise.resolve({ state: 'skipped', detail: 'nobody asked for it' });
  const { tenant, device_id } = run.input;
  const { agent_id, progress } = run;
  return withOperator(run, 'export', async () => {
    const name = `${tenant}.${device_id}.${workflowInfo().runId}`;
    const written = await exportHistory({ tenant, device_id, agent_id, last_seq: progress.last_seq, name });
    show(run, { ...run.progress, exported: written });
    const rows = Object.values(written.rows).reduce((a, b) => a + b, 0);
    return { detail: `${rows} lines, ${written.bytes} bytes in ${written.file}` };
  });
}

/** The agent takes the profile without it, and lets go of the line: what it refuses anyway it need not poll. */
function outOfProfile(run: Run): Promise<Ended> {
  const { agent_id } = run;
  if (agent_id === null) return Promise.resolve({ state: 'skipped', detail: 'the device has no agent' });
  const { tenant, device_id, actor } = run.input;
  return withOperator(run, 'remove-from-profile', async () => {
    const removed = await removeFromProfile({ tenant, agent_id, device_id, actor, at: now() });
    switch (removed.outcome) {
      case 'removed':
        return { detail: `version ${removed.version} of the profile of ${agent_id} is without it` };
      case 'absent':
        return { state: 'skipped', detail: `the profile of ${agent_id} does not have it` };
      case 'own-file':
        return { state: 'skipped', detail: `${agent_id} works by its own file: take the device out there` };
    }
  });
}

/** Of its state and every view of it; events of its life keep what they said for as long as the log is kept. */
async function personalData(run: Run): Promise<Ended> {
  if (policyOf(run).personal_data !== 'erase') return { state: 'skipped', detail: 'kept' };
  const answer = await ask(run, 'update', JSON.stringify({ name: '', path: '', labels: {} }));
  if (answer.outcome !== 'rejected') return { detail: 'name, place and labels are off its record' };
  return withOperator(run, 'erase-personal-data', () => Promise.resolve({ problem: answer.detail }));
}

const policyOf = ({ input }: Run): DecommissionPolicy => input.policy ?? DEFAULT_DECOMMISSION_POLICY;

/** `complete` is not to be gone on without, and past the point of no return nothing is abandoned. */
function withOperator(run: Run, name: DecommissionStep, work: () => Promise<StepEnd>): Promise<Ended> {
  const more: Decision[] = name === 'complete' ? [] : ['go-on'];
  const choices: Decision[] = ['retry', ...more, ...(run.progress.can_abandon ? (['abandon'] as const) : [])];
  return orAsk(run, { name, choices }, (progress) => show(run, progress), work);
}

/** Of those begun before there was this step, the operator is told that it was not done. */
async function revoke({ input }: Run): Promise<{ detail: string; state?: 'skipped' }> {
  if (!patched('revoke-credentials'))
    return { state: 'skipped', detail: 'begun by an earlier version: revoke its identity by hand, if it has one' };
  const { tenant, device_id, actor, reason } = input;
  const event_id = `${workflowInfo().workflowId}.${workflowInfo().runId}.revoke`;
  await revokeCredentials({ event_id, tenant, device_id, actor, reason, at: now() });
  return { detail: 'certificates and open claims of the device are good no longer' };
}

function complete(run: Run, asksOperator: boolean): Promise<Ended> {
  return withOperator(run, 'complete', async () => {
    const answer = await ask(run, 'complete-decommission');
    if (answer.state === 'decommissioned') return { detail: 'the device is refused from now on' };
    const problem = `the registry refuses: ${answer.detail}`;
    if (!asksOperator) throw ApplicationFailure.nonRetryable(problem, 'complete-refused');
    return { problem };
  });
}

async function undoBegin(run: Run): Promise<void> {
  const answer = await ask(run, 'abandon-decommission');
  if (answer.state === 'decommissioning')
    throw ApplicationFailure.nonRetryable(`the registry refuses: ${answer.detail}`, 'abandon-refused');
}

function ask(run: Run, type: RegistryQuestion['type'], data?: string): Promise<RegistryAnswer> {
  const { tenant, device_id } = run.input;
  const { actor, reason } = (type === 'abandon-decommission' ? run.abandon : undefined) ?? run.input;
  const request_id = `${workflowInfo().workflowId}.${workflowInfo().runId}.${type}`;
  const wish = { request_id, tenant, device_id, actor, reason, at: now(), type };
  return askRegistry({ ...wish, ...(data !== undefined && { data }) });
}

/** Before the point of no return: undo. After it there is no giving up: the workflow fails, for an operator to see. */
async function giveUp(run: Run, error: unknown): Promise<void> {
  if (!run.progress.can_abandon) throw error;
  show(run, { ...run.progress, can_abandon: false });
  for (const undo of run.compensations.reverse())
    await step(run, 'abandon', async () => {
      await undo();
      return { detail: 'the device is back in the state it had' };
    });
  const outcome = error instanceof Stop ? error.outcome : 'abandoned';
  show(run, { ...run.progress, outcome, detail: wordsOf(error) });
  if (!(error instanceof Stop || error instanceof ActivityFailure)) throw error;
}
