/** A command to many devices: who is next, and what came of it so far. Pure: nothing here waits or sends. */
import { isOpen, opensIn_ms, type TimeWindow, zoneOf } from './window';

/** Devices of one batch. */
export const MAX_TARGETS = 10_000;
/** Devices one run of the workflow takes on; then it goes on as new, so that its history stays short. */
export const TARGETS_PER_RUN = 500;
/** Failures told one by one; the rest is counted. */
export const MAX_FAILURES_TOLD = 1_000;
export const MAX_RATE_PER_S = 100;
export const MAX_IN_FLIGHT = 200;

export interface Target {
  readonly device_id: string;
  readonly agent_id: string;
  /** A second person must approve this device's command. */
  readonly needs_approval: boolean;
  /** Where it is, as its label says (IANA); absent: it does not say. */
  readonly time_zone?: string;
}

export interface Limits {
  /** Commands begun in a second, 1..MAX_RATE_PER_S. */
  readonly rate_per_s: number;
  /** Commands under way at once, 1..MAX_IN_FLIGHT. */
  readonly in_flight: number;
  /** Least time from one beginning to the next, ms, whatever the rate says; absent: none. */
  readonly pause_ms?: number;
  /** No further command is begun once so many ended badly; absent: however many. */
  readonly stop_after_failures?: number;
}

export interface Failure {
  readonly device_id: string;
  readonly state: string;
  readonly detail: string;
}

export interface BatchState {
  /** Devices still to be sent to, in order. */
  readonly waiting: readonly Target[];
  /** Devices under way. */
  readonly under_way: readonly string[];
  readonly targets: number;
  /** Devices that fit the filter and take no commands, such as suspended ones. */
  readonly skipped: number;
  /** How many ended in each state. */
  readonly ended: Readonly<Record<string, number>>;
  readonly failed: number;
  readonly failures: readonly Failure[];
  /** Why no further command is begun; empty while some are. */
  readonly stopped: string;
}

export function begin(targets: readonly Target[], skipped: number): BatchState {
  const nothing = { under_way: [], ended: {}, failed: 0, failures: [], stopped: '' };
  return { waiting: targets, targets: targets.length, skipped, ...nothing };
}

/** Commands are begun in parcels, one a second or more seldom: a timer each would make the history twice as long. */
const PARCEL_MS = 1_000;

export interface Pace {
  /** Commands begun together. */
  readonly parcel: number;
  /** From one parcel to the next, ms. */
  readonly every_ms: number;
}

export function paceOf({ rate_per_s, pause_ms = 1 }: Limits): Pace {
  if (pause_ms > PARCEL_MS) return { parcel: 1, every_ms: pause_ms };
  return { parcel: Math.min(rate_per_s, Math.floor(PARCEL_MS / pause_ms)), every_ms: PARCEL_MS };
}

/** The pause that keeps downloads of so many bytes below a rate: whole files, begun one after the other. */
export const pauseFor_ms = (bytes: number, bytes_per_s: number): number =>
  Math.max(1, Math.ceil((1_000 * bytes) / bytes_per_s));

/** Hours in which devices may be begun, and the time it is, ms since 1970-01-01 UTC. */
export interface Hours {
  readonly window: TimeWindow;
  readonly at: number;
}

/** The targets of the next parcel: the first of those that wait, or, within hours, of those whose window is open. */
export function due(state: BatchState, limits: Limits, hours?: Hours): readonly Target[] {
  if (state.stopped !== '') return [];
  const room = Math.max(0, Math.min(paceOf(limits).parcel, limits.in_flight - state.under_way.length));
  if (room === 0 || !hours) return state.waiting.slice(0, room);
  const open = new Map<string, boolean>();
  const next: Target[] = [];
  for (const target of state.waiting) {
    const zone = zoneOf(hours.window, target.time_zone);
    if (!open.has(zone)) open.set(zone, isOpen(hours.window, zone, hours.at));
    if (open.get(zone) && next.push(target) === room) break;
  }
  return next;
}

/** Time until a window opens for one that waits, ms; 0: one is open. */
export function nextOpening_ms({ waiting }: BatchState, { window, at }: Hours): number {
  const zones = new Set(waiting.map((t) => zoneOf(window, t.time_zone)));
  return Math.min(...[...zones].map((zone) => opensIn_ms(window, zone, at)));
}

/** These were begun, some of those that wait. */
export function begun(state: BatchState, targets: readonly Target[]): BatchState {
  const ids = new Set(targets.map((t) => t.device_id));
  const waiting = state.waiting.filter((t) => !ids.has(t.device_id));
  return { ...state, waiting, under_way: [...state.under_way, ...ids] };
}

const GOOD: ReadonlySet<string> = new Set(['verified', 'executed', 'issued']);

/** One command ended. A command nobody knows the outcome of has not ended well. */
export function ended(state: BatchState, failure: Failure, limits: Limits): BatchState {
  const bad = !GOOD.has(failure.state);
  const failed = state.failed + (bad ? 1 : 0);
  const told = bad && state.failures.length < MAX_FAILURES_TOLD;
  const over = failed >= (limits.stop_after_failures ?? Infinity) && state.waiting.length > 0;
  return {
    ...state,
    under_way: state.under_way.filter((id) => id !== failure.device_id),
    ended: { ...state.ended, [failure.state]: (state.ended[failure.state] ?? 0) + 1 },
    failed,
    failures: told ? [...state.failures, failure] : state.failures,
    stopped: state.stopped || (over ? `${failed} commands ended badly` : ''),
  };
}

export const stop = (state: BatchState, reason: string): BatchState => ({ ...state, stopped: state.stopped || reason });

export const isOver = (state: BatchState): boolean =>
  state.under_way.length === 0 && (state.waiting.length === 0 || state.stopped !== '');

export interface BatchReport extends Omit<BatchState, 'waiting' | 'under_way'> {
  readonly waiting: number;
  readonly under_way: number;
  readonly over: boolean;
  /** Of one that kept to hours, once it is over: those it did not begin. Of any other they are the last. */
  readonly not_begun?: readonly string[];
}

export function reportOf(state: BatchState): BatchReport {
  const { waiting, under_way, ...rest } = state;
  return { ...rest, waiting: waiting.length, under_way: under_way.length, over: isOver(state) };
}
