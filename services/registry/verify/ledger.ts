/** Folds every life in the log and holds it against a snapshot of states: the log is the truth, states are its sum. */
import { isDeepStrictEqual } from 'node:util';
import { type Device, DeviceError, type DeviceEvent, type DeviceOrNone, evolve, isLegal } from '../../domain/device';

export type DifferenceKind =
  /** The log holds an event that cannot follow, or that the table of moves forbids. */
  | 'illegal-event'
  /** Log and state are at the same version and differ. */
  | 'different'
  /** The log never reaches the version of the state. */
  | 'not-in-log'
  /** The log knows a device that has no state. */
  | 'no-state';

export interface Difference {
  readonly kind: DifferenceKind;
  readonly device: string;
  readonly detail: string;
}

/** Differences told one by one; beyond that they are only counted. */
export const MAX_TOLD = 100;

export class Ledger {
  events = 0;
  differing = 0;
  readonly told: Difference[] = [];
  private readonly lives = new Map<string, DeviceOrNone>();
  private readonly agreed = new Set<string>();

  /** `states` were read before the log, so the log is at least as new. */
  constructor(private readonly states: ReadonlyMap<string, Device>) {}

  get devices(): number {
    return this.lives.size;
  }

  take(key: string, event: DeviceEvent): void {
    this.events++;
    const before = this.lives.get(key) ?? null;
    let after: Device;
    try {
      after = evolve(before, event);
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      return this.tell('illegal-event', key, error.message);
    }
    if (!isLegal(event, before?.earlier_state ?? null))
      this.tell('illegal-event', key, `${event.type} from ${event.state_from ?? 'none'} to ${event.state_to}`);
    this.lives.set(key, after);
    const state = this.states.get(key);
    if (state?.version !== after.version) return;
    this.agreed.add(key);
    if (!isDeepStrictEqual(state, after)) this.tell('different', key, differenceOf(state, after));
  }

  /** To be called when the whole log has been taken. */
  finish(): void {
    for (const [key, { version }] of this.states)
      if (!this.agreed.has(key))
        this.tell('not-in-log', key, `state at version ${version}, log at ${this.reached(key)}`);
    for (const key of this.lives.keys())
      if (!this.states.has(key)) this.tell('no-state', key, `log at version ${this.reached(key)}`);
  }

  /** The device as the whole log makes it. */
  life(key: string): DeviceOrNone {
    return this.lives.get(key) ?? null;
  }

  keys(): Iterable<string> {
    return this.lives.keys();
  }

  private reached(key: string): number {
    return this.lives.get(key)?.version ?? 0;
  }

  private tell(kind: DifferenceKind, device: string, detail: string): void {
    this.differing++;
    if (this.told.length < MAX_TOLD) this.told.push({ kind, device, detail });
  }
}

function differenceOf(state: Device, folded: Device): string {
  const fields = Object.keys(folded) as (keyof Device)[];
  return fields
    .filter((f) => !isDeepStrictEqual(state[f], folded[f]))
    .map((f) => `${f}: state ${JSON.stringify(state[f])}, log ${JSON.stringify(folded[f])}`)
    .join('; ');
}
