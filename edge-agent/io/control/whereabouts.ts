/** Positions as they come, to crossings of geofences. */
import { FenceIndex } from '../../core/geofence/index';
import { type FenceEvent, FenceTracker, type Stays } from '../../core/geofence/tracker';
import { type AgentPlan } from '../../core/compile/plan';
import { type Reading } from '../../core/reading';
import { UNKNOWN } from '../../core/rules/signal';
import { type ControlState } from './state-file';

interface Positioned {
  readonly latitude: string;
  readonly longitude: string;
  /** What was read last, degrees. */
  lat: number | undefined;
  lon: number | undefined;
}

export class FenceWatch {
  private readonly tracker: FenceTracker;
  private readonly devices: ReadonlyMap<string, Positioned>;
  /** Devices of which there is something new. */
  private readonly moved = new Set<string>();

  constructor(plan: AgentPlan, inside: ControlState['inside'], { now, monotonic }: Times) {
    const stays = each(inside, (since) => Math.max(0, now - since));
    this.tracker = new FenceTracker(new FenceIndex(plan.fences), plan.fences, stays, monotonic);
    const positioned = plan.fences.length === 0 ? [] : [...plan.devices.values()];
    this.devices = new Map(
      positioned.flatMap(({ id, position }) =>
        position ? [[id, { ...position, lat: undefined, lon: undefined }] as const] : [],
      ),
    );
  }

  sample(device: string, metric: string, { value, quality }: Reading): void {
    const at = this.devices.get(device);
    if (!at || (metric !== at.latitude && metric !== at.longitude)) return;
    const degrees = quality < 64 && typeof value === 'number' && Number.isFinite(value) ? value : undefined;
    if (metric === at.latitude) at.lat = degrees !== undefined && Math.abs(degrees) <= 90 ? degrees : undefined;
    else at.lon = degrees;
    this.moved.add(device);
  }

  /** Devices that have moved since, and what they crossed. Latitude and longitude of one batch belong together. */
  settle(now: number): { readonly device: string; readonly events: readonly FenceEvent[] }[] {
    const moved = [...this.moved];
    this.moved.clear();
    return moved.flatMap((device) => {
      const { lat, lon } = this.devices.get(device) ?? {};
      if (lat === undefined || lon === undefined) return [];
      return [{ device, events: this.tracker.position(device, lon, lat, now) }];
    });
  }

  tick(now: number): FenceEvent[] {
    return this.tracker.tick(now);
  }

  /** Seconds in the fence; undefined outside. Throws UNKNOWN when it is not known where the device is. */
  seconds(device: string, fence: string, now: number): number | undefined {
    const stayed_ms = this.tracker.stay(device, fence, now);
    if (stayed_ms === null) throw UNKNOWN;
    return stayed_ms === undefined ? undefined : stayed_ms / 1_000;
  }

  /** For the state that outlives a restart: the time away counts. */
  inside({ now, monotonic }: Times): ControlState['inside'] {
    return each(this.tracker.stays(monotonic), (stayed_ms) => now - stayed_ms);
  }
}

/** The clock's two times, read together. */
interface Times {
  readonly now: number;
  readonly monotonic: number;
}

function each(all: Stays, change: (n: number) => number): Stays {
  const of = (fences: Readonly<Record<string, number>>): Record<string, number> =>
    Object.fromEntries(Object.entries(fences).map(([name, n]) => [name, change(n)]));
  return Object.fromEntries(Object.entries(all).map(([device, fences]) => [device, of(fences)]));
}
