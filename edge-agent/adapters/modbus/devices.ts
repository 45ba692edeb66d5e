/** Which devices of a line answer, told when it changes. */
import { type LinkEvent } from '../../adapter';
import { type DevicePlan } from '../../core/compile/plan';
import { type DeviceStatus } from '../../core/status';
import { type PlannedRead } from './plan';
import { type ScheduledRead } from './schedule';

interface State {
  readonly plan: DevicePlan;
  up: boolean;
  last_error: string;
}

export class Devices {
  private states: ReadonlyMap<string, State> = new Map();
  private byUnit = new Map<number, State[]>();
  private excluded: ReadonlySet<string> = new Set();

  constructor(
    devices: readonly DevicePlan[],
    private readonly tell: (event: LinkEvent) => void,
  ) {
    this.adopt(devices, new Set());
  }

  /** Takes over other devices; of those that changed nothing is known. */
  adopt(devices: readonly DevicePlan[], changed: ReadonlySet<string>): void {
    const stays = (id: string): State | undefined => (changed.has(id) ? undefined : this.states.get(id));
    this.states = new Map(
      devices.map((plan) => [plan.id, stays(plan.id) ?? { plan, up: false, last_error: '' }] as const),
    );
    this.byUnit = new Map();
    for (const s of this.states.values()) this.byUnit.set(s.plan.unit, [...(this.byUnit.get(s.plan.unit) ?? []), s]);
  }

  /** The unit of the read answered. */
  up(read: PlannedRead, at: number): void {
    for (const s of this.byUnit.get(read.unit) ?? []) {
      if (s.up || this.excluded.has(s.plan.id)) continue;
      s.up = true;
      this.tell({ kind: 'link', device: s.plan.id, state: 'connected', at });
    }
  }

  down(unit: number, at: number, reason: string): void {
    for (const s of this.byUnit.get(unit) ?? []) this.end(s, at, reason);
  }

  /** The line is lost, which is told as one event for all. */
  allDown(): void {
    for (const s of this.states.values()) s.up = false;
  }

  error(read: PlannedRead, message: string): void {
    for (const s of this.byUnit.get(read.unit) ?? []) s.last_error = message;
  }

  exclude(devices: ReadonlySet<string>, at: number): void {
    this.excluded = devices;
    for (const id of devices) {
      const state = this.states.get(id);
      if (state) this.end(state, at, 'excluded');
    }
  }

  status(reads: readonly ScheduledRead[]): DeviceStatus[] {
    return [...this.states.values()].map(({ plan, up, last_error }) => {
      const own = reads.filter((r) => r.plan.unit === plan.unit);
      const worst = own.reduce<ScheduledRead | undefined>((a, b) => (a && lag(a) >= lag(b) ? a : b), undefined);
      return {
        id: plan.id,
        connected: up,
        last_error,
        scan_asked_ms: worst?.plan.scan_ms ?? 0,
        scan_achieved_ms: worst?.achieved_ms ?? 0,
        scans_missed: own.reduce((sum, r) => sum + r.missed, 0),
      };
    });
  }

  private end(state: State, at: number, reason: string): void {
    if (!state.up) return;
    state.up = false;
    this.tell({ kind: 'link', device: state.plan.id, state: 'disconnected', at, reason });
  }
}

/** How far behind its scan time a read is, as a ratio. */
const lag = (r: ScheduledRead): number => r.achieved_ms / r.plan.scan_ms;
