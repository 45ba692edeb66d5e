/** One alarm as ISA-18.2 has it: active or cleared, acknowledged or not, shelved for a time. Pure. */

export interface AlarmState {
  readonly device: string;
  readonly alarm: string;
  /** One raising, until it is cleared and acknowledged. */
  readonly occurrence: string;
  /** Of the last transition, agent's clock; never before the one before it. */
  readonly at: number;
  /** 1 critical .. 4 low; the gravest of the occurrence, it never falls. */
  readonly priority: number;
  /** What says that the condition holds; empty when it is cleared. */
  readonly raisers: readonly string[];
  readonly acknowledged: boolean;
  readonly shelved_until: number | null;
  /** Why it is shelved; absent when it is not, or nobody said. */
  readonly shelf_comment?: string;
  readonly value: number | null;
  readonly message: string;
}

export type AlarmOrder =
  | {
      readonly type: 'raise';
      readonly by: string;
      readonly priority: number;
      readonly value: number | null;
      readonly message: string;
    }
  | { readonly type: 'clear'; readonly by: string; readonly value: number | null }
  | { readonly type: 'acknowledge' }
  | { readonly type: 'shelve'; readonly until: number; readonly comment?: string }
  | { readonly type: 'unshelve' };

/** Nothing is left to be said of it: the next raising is another occurrence. */
export const isOver = (a: AlarmState): boolean => a.raisers.length === 0 && a.acknowledged && a.shelved_until === null;

/** Longest time an alarm may be shelved, ms. */
export const MAX_SHELF_MS = 7 * 24 * 3_600_000;

export interface Named {
  readonly device: string;
  readonly alarm: string;
  /** For an occurrence that begins now. */
  readonly occurrence: string;
}

/** The alarm afterwards; the same object when nothing changed that anybody need be told; a reason when it cannot be. */
export function change(
  state: AlarmState | undefined,
  order: AlarmOrder,
  name: Named,
  now: number,
): AlarmState | undefined | string {
  const at = Math.max(now, state?.at ?? 0);
  switch (order.type) {
    case 'raise':
      return raise(state, order, name, at);
    case 'clear':
      return clear(state, order, at);
    case 'acknowledge':
      if (!state || isQuiet(state)) return `alarm ${name.alarm} is not raised`;
      return state.acknowledged ? state : { ...state, at, acknowledged: true };
    case 'shelve': {
      if (order.until <= now) return 'an alarm is shelved until a time to come';
      if (order.until > now + MAX_SHELF_MS) return `an alarm is shelved for at most ${MAX_SHELF_MS / 3_600_000} hours`;
      return shelve(state ?? quiet(name, at), order, at);
    }
    case 'unshelve':
      if (!state || state.shelved_until === null) return `alarm ${name.alarm} is not shelved`;
      return unshelved(state, at);
    default:
      return unknownOrder(order);
  }
}

function raise(
  state: AlarmState | undefined,
  { by, priority, value, message }: AlarmOrder & { type: 'raise' },
  name: Named,
  at: number,
): AlarmState {
  const before = state ?? quiet(name, at);
  if (before.raisers.includes(by) && priority >= before.priority) return before;
  const raisers = [...new Set([...before.raisers, by])];
  const gravest = isQuiet(before) ? priority : Math.min(priority, before.priority);
  const news = before.raisers.length === 0 || gravest < before.priority;
  // What comes back, or gets worse, is to be taken note of anew.
  if (news) return { ...before, at, raisers, priority: gravest, value, message, acknowledged: false };
  return { ...before, raisers };
}

function clear(
  state: AlarmState | undefined,
  { by, value }: AlarmOrder & { type: 'clear' },
  at: number,
): AlarmState | undefined {
  if (!state?.raisers.includes(by)) return state;
  const raisers = state.raisers.filter((r) => r !== by);
  return raisers.length > 0 ? { ...state, raisers } : { ...state, at, raisers, value };
}

const shelve = (state: AlarmState, { until, comment }: AlarmOrder & { type: 'shelve' }, at: number): AlarmState => ({
  ...unshelved(state, at),
  shelved_until: until,
  ...(comment !== undefined && { shelf_comment: comment }),
});

function unshelved(state: AlarmState, at: number): AlarmState {
  const { shelf_comment: _, ...rest } = state;
  return { ...rest, at, shelved_until: null };
}

/** Shelved, and never raised since. */
const isQuiet = (a: AlarmState): boolean => a.raisers.length === 0 && a.acknowledged;

const LOWEST = 4;
const quiet = (name: Named, at: number): AlarmState => ({
  ...name,
  at,
  priority: LOWEST,
  raisers: [],
  acknowledged: true,
  shelved_until: null,
  value: null,
  message: '',
});

/** Whether the difference is to be told: who raises it is our own affair. */
export function isNews(before: AlarmState | undefined, after: AlarmState): boolean {
  if (!before) return true;
  return (
    (before.raisers.length === 0) !== (after.raisers.length === 0) ||
    before.acknowledged !== after.acknowledged ||
    before.shelved_until !== after.shelved_until ||
    before.shelf_comment !== after.shelf_comment ||
    before.priority !== after.priority
  );
}

function unknownOrder(order: never): never {
  throw new TypeError(`unknown order ${JSON.stringify(order)}`);
}
