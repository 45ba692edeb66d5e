/** One rule's life: off, waiting to go on, on, waiting to go off. Pure: conditions and monotonic time come in. */
import { type RulePlan } from './plan';

export interface RuleState {
  readonly on: boolean;
  /** Monotonic time at which it changes over if its condition lasts, ms; undefined when nothing is under way. */
  readonly due?: number;
}

export const OFF: RuleState = { on: false };

type Timing = Pick<RulePlan, 'delay_on_ms' | 'delay_off_ms' | 'latch' | 'unknown'>;

/** `wanted` is what its conditions ask for: on, off, or not known. */
export function step(plan: Timing, state: RuleState, wanted: boolean | undefined, now: number): RuleState {
  const target = wanted ?? (plan.unknown === 'hold' ? state.on : plan.unknown === 'on');
  if (target === state.on || (state.on && plan.latch)) return state.due === undefined ? state : { on: state.on };
  const due = state.due ?? now + (state.on ? plan.delay_off_ms : plan.delay_on_ms);
  return now >= due ? { on: target } : { on: state.on, due };
}

/** Ends a latched rule. A reason in words when it cannot be. */
export function reset(state: RuleState, wanted: boolean | undefined): RuleState | string {
  if (!state.on) return 'it is not on';
  if (wanted === true) return 'its condition still holds';
  return OFF;
}
