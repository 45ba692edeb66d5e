/** Steps that cannot be done wait for an operator: visibly, and for as long as it takes. */
import { ActivityFailure, condition, setHandler } from '@temporalio/workflow';
import { now } from '../shared/clock';
import {
  type AbandonRequest,
  type Decision,
  decideUpdate,
  type DecisionRequest,
  type DecommissionProgress,
  type DecommissionStep,
  type OperatorTask,
} from './messages';

/** What a step came to: it is over, or it cannot be done. */
export type StepEnd = { readonly detail: string; readonly state?: 'done' | 'skipped' } | { readonly problem: string };

export interface Asking {
  progress: DecommissionProgress;
  decision?: DecisionRequest;
  readonly abandon?: AbandonRequest;
}

type Show = (progress: DecommissionProgress) => void;

export function listenToOperator(run: Asking): void {
  setHandler(
    decideUpdate,
    async (request) => {
      run.decision = request;
      await condition(() => run.decision !== request);
      return run.progress;
    },
    {
      validator({ decision }: DecisionRequest) {
        const { task } = run.progress;
        if (!task || run.decision) throw new Error('nothing waits for a decision');
        if (!task.choices.includes(decision)) throw new Error(`it takes ${task.choices.join(', ')}`);
      },
    },
  );
}

/** Does it until it is done, an operator goes on without it, or all of it is abandoned. */
export async function orAsk(
  run: Asking,
  step: { readonly name: DecommissionStep; readonly choices: readonly Decision[] },
  show: Show,
  work: () => Promise<StepEnd>,
): Promise<{ readonly detail: string; readonly state?: 'done' | 'skipped' }> {
  for (;;) {
    const end = await work().catch(problemOf);
    if (!('problem' in end)) return end;
    const { problem } = end;
    const decision = await asked(run, { step: step.name, problem, since: now(), choices: step.choices }, show);
    if (!decision) return { state: 'skipped', detail: problem };
    if (decision.decision === 'go-on')
      return { state: 'skipped', detail: `${problem}; ${decision.actor} went on: ${decision.reason}` };
  }
}

/** Undefined: abandoned. */
async function asked(run: Asking, task: OperatorTask, show: Show): Promise<DecisionRequest | undefined> {
  show({ ...run.progress, task });
  const mayAbandon = task.choices.includes('abandon');
  await condition(() => run.decision !== undefined || (mayAbandon && run.abandon !== undefined));
  const { decision } = run;
  delete run.decision;
  const { task: _over, ...rest } = run.progress;
  show(rest);
  return decision;
}

/** An effect that was tried as often as it may be. Anything else is a fault of ours, and fails the workflow's task. */
function problemOf(error: unknown): StepEnd {
  if (error instanceof ActivityFailure) return { problem: wordsOf(error) };
  throw error;
}

export function wordsOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${wordsOf(cause)}` : message;
}
