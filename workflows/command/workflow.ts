/**
 * One command, from order to known outcome. The agent's own word settles it; when the time is over without one, the
 * platform says what it knows and no more (services/domain/command/rules.ts).
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { type CommandEvent } from '../../schemas/generated';
import {
  ANSWER_GRACE_MS,
  approvalRefusal,
  callerSendsFor_ms,
  cancelOrder,
  type CommandHistory,
  type CommandView,
  conclude as concludeCommand,
  eventOf,
  evolve,
  isSettled,
  issuedEvent,
  noHistory,
  orderOf,
  recordsOf,
  resendDelay_ms,
  viewOf,
  wasReceived,
  WORKFLOW_ACTOR,
} from '../../services/domain/command';
import { now } from '../shared/clock';
import {
  type ApproveRequest,
  approveUpdate,
  type CancelAnswer,
  type CancelRequest,
  cancelSignal,
  cancelUpdate,
  commandEventsSignal,
  type CommandInput,
  type CommandOutcome,
  commandQuery,
} from './messages';
import { publish } from './publish';

/** Whether the agent may have the order. After a send that failed nobody can tell. */
type Sent = 'no' | 'maybe' | 'yes';

interface Run {
  readonly input: CommandInput;
  history: CommandHistory;
  cancel?: CancelRequest;
  approved?: CommandEvent;
  sent: Sent;
  /** `issued` is on the log. */
  recorded: boolean;
  attempt: number;
  concluded: boolean;
}

export async function command(input: CommandInput): Promise<CommandOutcome> {
  const run: Run = {
    input,
    history: evolve(noHistory, issuedEvent(input)),
    sent: input.sent_by_caller ? 'maybe' : 'no',
    recorded: !input.sent_by_caller || input.recorded === true,
    attempt: 1,
    concluded: false,
  };
  listen(run);
  return CancellationScope.nonCancellable(async () => {
    if (input.needs_approval) await approval(run);
    if (!input.sent_by_caller) await dispatch(run);
    const nobodyWaits = input.qos === 0 && run.sent === 'yes';
    if (!nobodyWaits) {
      await answer(run);
      await conclude(run);
    }
    run.concluded = true;
    await condition(allHandlersFinished);
    return outcome(run);
  });
}

/** Reports of a command that ended so long ago that the server has forgotten it: they are in the log, and nobody waits. */
export const forgotten = (): Promise<void> => Promise.resolve();

function listen(run: Run): void {
  const asked = (request: CancelRequest): void => {
    run.cancel ??= request;
  };
  setHandler(commandQuery, () => view(run));
  setHandler(commandEventsSignal, (events) => {
    for (const event of events) run.history = evolve(run.history, event);
    // A caller sends the order when it has written `issued`, not before: who has the one has seen to the other.
    run.recorded ||= wasReceived(run.history);
    setCurrentDetails(summary(view(run)));
  });
  setHandler(cancelSignal, asked);
  setHandler(cancelUpdate, async (request) => {
    asked(request);
    await condition(() => run.concluded || isSettled(run.history));
    return cancelAnswer(view(run));
  });
  setHandler(approveUpdate, (request) => approve(run, request), {
    validator({ actor }: ApproveRequest) {
      const refusal = run.input.needs_approval
        ? approvalRefusal(run.history, actor, run.cancel !== undefined)
        : 'nobody asks for its approval';
      if (refusal !== undefined) throw new Error(refusal);
    },
  });
  // Temporal's own cancellation (its UI, its CLI) means the same.
  CancellationScope.current().cancelRequested.catch(() =>
    asked({ actor: WORKFLOW_ACTOR, reason: 'cancellation requested in Temporal' }),
  );
}

/** The order waits for a second person; cancelled or expired meanwhile, it is never sent. */
async function approval(run: Run): Promise<void> {
  const { input } = run;
  await publish(recordsOf(input, [issuedEvent(input)]));
  const left_ms = Math.max(1, input.deadline - now());
  await condition(() => run.approved !== undefined || run.cancel !== undefined, left_ms);
}

function approve(run: Run, { actor, remark }: ApproveRequest): CommandView {
  run.approved = eventOf(run.input, 'approved', { at: now(), actor, detail: remark });
  run.history = evolve(run.history, run.approved);
  setCurrentDetails(summary(view(run)));
  return view(run);
}

async function dispatch(run: Run): Promise<void> {
  const { input } = run;
  const events = input.needs_approval ? (run.approved ? [run.approved] : []) : [issuedEvent(input)];
  const approved = !input.needs_approval || run.approved !== undefined;
  if (run.cancel || !approved || now() >= input.deadline) {
    if (events.length > 0) await publish(recordsOf(input, events));
    return;
  }
  run.sent = 'maybe';
  if (await publish(recordsOf(input, events, [orderOf(input, 1)]), input.deadline)) run.sent = 'yes';
}

/** Waits for a word that settles the command; meanwhile sends again what the agent has not acknowledged. */
async function answer(run: Run): Promise<void> {
  const { deadline } = run.input;
  const end = run.sent === 'no' ? now() : deadline + ANSWER_GRACE_MS;
  let cancelSent = false;
  let resendAt = firstResend(run);
  const cancelDue = (): boolean => run.cancel !== undefined && !cancelSent && now() < deadline;
  while (!isSettled(run.history) && now() < end) {
    const wakeAt = wasReceived(run.history) || resendAt >= deadline ? end : resendAt;
    await condition(() => isSettled(run.history) || cancelDue(), Math.max(1, wakeAt - now()));
    if (isSettled(run.history)) return;
    const resendDue = now() >= resendAt && !wasReceived(run.history);
    if (resendDue) resendAt = now() + (resendDelay_ms(++run.attempt) ?? Infinity);
    if (now() >= deadline || !(cancelDue() || resendDue)) continue;
    cancelSent = run.cancel !== undefined;
    await resend(run);
  }
}

function firstResend({ input, attempt }: Run): number {
  if (input.sent_by_caller) return workflowInfo().startTime.getTime() + callerSendsFor_ms(input);
  return now() + (resendDelay_ms(attempt) ?? Infinity);
}

/** Once cancellation was asked for, it is the cancellation that is sent again. */
async function resend(run: Run): Promise<void> {
  const { input, cancel, attempt } = run;
  const order = cancel ? cancelOrder(input, cancel, now(), attempt) : orderOf(input, attempt);
  if (!(await publish(recordsOf(input, unrecorded(run), [order]), input.deadline))) return;
  run.recorded = true;
  if (!cancel) run.sent = 'yes';
}

const unrecorded = ({ input, recorded }: Run): CommandEvent[] => (recorded ? [] : [issuedEvent(input)]);

/** Writes the platform's own last word, where one is due. */
async function conclude(run: Run): Promise<void> {
  const { input, cancel, attempt, sent } = run;
  const conclusion = concludeCommand(run.history, { sent: sent !== 'no', cancelReason: cancel?.reason });
  if (conclusion.kind === 'stands') return;
  const { state, detail } = conclusion;
  const actor = state === 'cancelled' && cancel ? cancel.actor : WORKFLOW_ACTOR;
  const event = eventOf(input, state, { at: now(), actor, detail, attempt });
  // An order that may never have reached the topic goes out now: past its deadline it only makes the agent tell.
  const commands = sent === 'maybe' && !wasReceived(run.history) ? [orderOf(input, attempt + 1)] : [];
  await publish(recordsOf(input, [...unrecorded(run), event], commands));
  run.history = evolve(run.history, event);
}

function view(run: Run): CommandView {
  const seen = viewOf(run.history);
  if (!seen) throw ApplicationFailure.nonRetryable('a command without its issued event', 'invariant');
  return seen;
}

function outcome(run: Run): CommandOutcome {
  const { state, final, result, detail } = view(run);
  return { state, final, result, detail };
}

function cancelAnswer({ state }: CommandView): CancelAnswer {
  if (state === 'cancelled' || state === 'expired') return { in_time: true, state };
  return { in_time: state === 'outcome-unknown' ? null : false, state };
}

function summary({ state, name, device_id, detail }: CommandView): string {
  return `**${state}** ${name} on ${device_id}${detail && `: ${detail}`}`;
}
