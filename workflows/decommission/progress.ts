/** How far a decommissioning has come. Pure: time comes in. */
import { DECOMMISSION_STEPS, type DecommissionProgress, type StepProgress } from './messages';

export const initialProgress: DecommissionProgress = {
  outcome: 'running',
  detail: '',
  can_abandon: true,
  steps: DECOMMISSION_STEPS.map((step) => ({ step, state: 'waiting', detail: '' })),
  last_seq: null,
};

type StepName = StepProgress['step'];

export function begun(progress: DecommissionProgress, step: StepName, at: number): DecommissionProgress {
  return withStep(progress, { step, state: 'running', started_at: at, detail: '' });
}

export function ended(
  progress: DecommissionProgress,
  step: StepName,
  end: { readonly at: number; readonly state: 'done' | 'skipped' | 'failed'; readonly detail: string },
): DecommissionProgress {
  const started_at = progress.steps.find((s) => s.step === step)?.started_at;
  const { at: ended_at, state, detail } = end;
  return withStep(progress, { step, state, ...(started_at !== undefined && { started_at }), ended_at, detail });
}

function withStep(progress: DecommissionProgress, step: StepProgress): DecommissionProgress {
  const known = progress.steps.some((s) => s.step === step.step);
  const steps = known ? progress.steps.map((s) => (s.step === step.step ? step : s)) : [...progress.steps, step];
  return { ...progress, steps };
}

/** One line a step, for Temporal's own UI. */
export function asMarkdown(progress: DecommissionProgress): string {
  const lines = progress.steps.map((s) => `- **${s.step}** ${s.state}${s.detail && `: ${s.detail}`}`);
  const { task } = progress;
  if (task) lines.push(`- **waits for an operator** (${task.choices.join(', ')}) ${task.step}: ${task.problem}`);
  return [`**${progress.outcome}**${progress.detail && ` ${progress.detail}`}`, ...lines].join('\n');
}
