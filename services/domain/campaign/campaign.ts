/** A campaign as its events have made it, and what follows from them. Pure: time comes in with the events. */
import { type Failure } from '../batch';

export const CAMPAIGN_EVENTS = [
  'begun',
  'stage-begun',
  'stage-ended',
  'paused',
  'resumed',
  'halted',
  'retried',
  'aborted',
  'rollback-begun',
  'rolled-back',
  'done',
] as const;
export type CampaignEventType = (typeof CAMPAIGN_EVENTS)[number];

export interface CampaignFact {
  readonly type: CampaignEventType;
  /** Number of the stage, 1..; 0 for what concerns all. */
  readonly stage: number;
  /** ms since 1970-01-01 UTC. */
  readonly at: number;
  readonly actor: string;
  /** In words. */
  readonly detail: string;
  readonly counts: Counts;
}

export interface Counts {
  /** Devices concerned. */
  readonly devices: number;
  readonly succeeded: number;
  readonly failed: number;
}

export const NOBODY: Counts = { devices: 0, succeeded: 0, failed: 0 };

export type Phase = 'running' | 'paused' | 'halted' | 'rolling-back' | 'done' | 'aborted' | 'rolled-back';

export interface StageView extends Counts {
  readonly stage: number;
  readonly state: 'running' | 'ended' | 'halted';
}

export interface CampaignState {
  readonly phase: Phase;
  /** Why it is in this phase, in words. */
  readonly detail: string;
  readonly devices: number;
  readonly stages: readonly StageView[];
  /** What the way back came to; absent before. */
  readonly rollback?: Counts;
  /** First failures, one by one. */
  readonly failures: readonly Failure[];
}

export const initialCampaign: CampaignState = { phase: 'running', detail: '', devices: 0, stages: [], failures: [] };

export function evolve(state: CampaignState, fact: CampaignFact): CampaignState {
  const { type, stage, detail, counts } = fact;
  switch (type) {
    case 'begun':
      return { ...state, devices: counts.devices, detail };
    case 'stage-begun':
      return withStage({ ...state, detail }, { stage, state: 'running', ...counts });
    case 'stage-ended':
      return withStage({ ...state, detail }, { stage, state: 'ended', ...counts });
    case 'halted':
      return withStage({ ...state, phase: 'halted', detail }, { stage, state: 'halted', ...counts });
    case 'paused':
      return { ...state, phase: 'paused', detail };
    case 'resumed':
    case 'retried':
      return { ...state, phase: 'running', detail };
    case 'rollback-begun':
      return { ...state, phase: 'rolling-back', detail };
    case 'rolled-back':
      return { ...state, phase: 'rolled-back', detail, rollback: counts };
    case 'aborted':
    case 'done':
      return { ...state, phase: type, detail };
    default:
      return unknownFact(type);
  }
}

function unknownFact(type: never): never {
  throw new TypeError(`unknown campaign event ${String(type)}`);
}

function withStage(state: CampaignState, view: StageView): CampaignState {
  const others = state.stages.filter((s) => s.stage !== view.stage);
  return { ...state, stages: [...others, view].sort((a, b) => a.stage - b.stage) };
}

export const ORDERS = ['pause', 'resume', 'retry', 'abort', 'roll-back'] as const;
export type Order = (typeof ORDERS)[number];

const ALLOWED: Readonly<Record<Phase, readonly Order[]>> = {
  running: ['pause', 'abort', 'roll-back'],
  paused: ['resume', 'abort', 'roll-back'],
  halted: ['resume', 'retry', 'abort', 'roll-back'],
  'rolling-back': [],
  done: [],
  aborted: [],
  'rolled-back': [],
};

/** Why the order cannot be followed now; undefined when it can. */
export function orderRefusal({ phase }: CampaignState, order: Order): string | undefined {
  const allowed = ALLOWED[phase];
  if (allowed.includes(order)) return undefined;
  return `the campaign is ${phase}: ${allowed.length > 0 ? `it takes ${allowed.join(', ')}` : 'it takes no orders'}`;
}

/** It takes no orders any more. */
export const isOver = ({ phase }: CampaignState): boolean => ALLOWED[phase].length === 0 && phase !== 'rolling-back';

/** Failures a stage may have; one more halts it. */
export const failuresAllowed = (devices: number, failure_percent: number): number =>
  Math.floor((devices * failure_percent) / 100);

/** Whether a stage that ended so is good enough for the next to begin; otherwise why not. */
export function gate(counts: Counts, failure_percent: number): string | undefined {
  if (counts.failed <= failuresAllowed(counts.devices, failure_percent)) return undefined;
  return `${counts.failed} of ${counts.devices} devices failed, ${failure_percent} % may`;
}
