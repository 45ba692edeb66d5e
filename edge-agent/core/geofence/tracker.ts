/** Which device is in which fence, crossings debounced. Pure: positions and monotonic time come in. */
import { edgeDistance, type FenceIndex, type FencePlan } from './index';

export type FenceEvent = {
  readonly kind: 'enter' | 'exit' | 'dwell';
  readonly device: string;
  readonly fence: string;
  /** Time in the fence so far, ms; 0 at enter. */
  readonly stayed_ms: number;
};

interface Stay {
  readonly since: number;
  dwelt: boolean;
}

interface Tracked {
  /** False until there was a position. */
  known: boolean;
  readonly inside: Map<FencePlan, Stay>;
  /** Fences on whose other side it was last seen, and since when. */
  readonly crossing: Map<FencePlan, number>;
}

/** How long each device has been in each fence, ms. */
export type Stays = Readonly<Record<string, Readonly<Record<string, number>>>>;

export class FenceTracker {
  private readonly devices = new Map<string, Tracked>();
  private readonly dwelling: readonly FencePlan[];

  constructor(
    private readonly index: FenceIndex,
    fences: readonly FencePlan[],
    stays: Stays,
    now: number,
  ) {
    this.dwelling = fences.filter((f) => f.dwell_ms > 0);
    const byName = new Map(fences.map((f) => [f.name, f]));
    for (const [device, stayed] of Object.entries(stays))
      for (const [name, ms] of Object.entries(stayed)) {
        const fence = byName.get(name);
        if (fence)
          this.of(device).inside.set(fence, { since: now - ms, dwelt: fence.dwell_ms > 0 && ms >= fence.dwell_ms });
      }
  }

  /** The device is here. */
  position(device: string, longitude: number, latitude: number, now: number): FenceEvent[] {
    const tracked = this.of(device);
    tracked.known = true;
    const here = this.index.at(longitude, latitude);
    const crossed = [
      ...[...here].filter((f) => !tracked.inside.has(f)),
      ...[...tracked.inside.keys()].filter((f) => !here.has(f)),
    ];
    for (const fence of tracked.crossing.keys()) if (!crossed.includes(fence)) tracked.crossing.delete(fence);
    const events: FenceEvent[] = [];
    for (const fence of crossed) {
      const since = tracked.crossing.get(fence) ?? now;
      tracked.crossing.set(fence, since);
      if (now - since < fence.time_ms) continue;
      if (fence.distance_m > 0 && edgeDistance(fence, longitude, latitude) < fence.distance_m) continue;
      events.push(cross(device, tracked, fence, since));
    }
    return [...events, ...this.dwells(device, tracked, now)];
  }

  /** Time goes by where nothing moves. */
  tick(now: number): FenceEvent[] {
    if (this.dwelling.length === 0) return [];
    return [...this.devices].flatMap(([device, tracked]) => this.dwells(device, tracked, now));
  }

  /** ms in the fence; undefined outside; null when it is not known where the device is. */
  stay(device: string, fence: string, now: number): number | undefined | null {
    const tracked = this.devices.get(device);
    if (!tracked?.known) return null;
    for (const [f, { since }] of tracked.inside) if (f.name === fence) return now - since;
    return undefined;
  }

  stays(now: number): Stays {
    const of = ({ inside }: Tracked): Record<string, number> =>
      Object.fromEntries([...inside].map(([fence, { since }]) => [fence.name, now - since]));
    return Object.fromEntries([...this.devices].filter(([, t]) => t.inside.size > 0).map(([d, t]) => [d, of(t)]));
  }

  private of(device: string): Tracked {
    const tracked = this.devices.get(device) ?? { known: false, inside: new Map(), crossing: new Map() };
    this.devices.set(device, tracked);
    return tracked;
  }

  private dwells(device: string, { inside }: Tracked, now: number): FenceEvent[] {
    return [...inside].flatMap(([{ name, dwell_ms }, stay]) => {
      const stayed_ms = now - stay.since;
      if (dwell_ms === 0 || stay.dwelt || stayed_ms < dwell_ms) return [];
      stay.dwelt = true;
      return [{ kind: 'dwell', device, fence: name, stayed_ms } as const];
    });
  }
}

/** Dated to when the device was first seen on the other side. */
function cross(device: string, { inside, crossing }: Tracked, fence: FencePlan, since: number): FenceEvent {
  crossing.delete(fence);
  const stay = inside.get(fence);
  if (!stay) {
    inside.set(fence, { since, dwelt: false });
    return { kind: 'enter', device, fence: fence.name, stayed_ms: 0 };
  }
  inside.delete(fence);
  return { kind: 'exit', device, fence: fence.name, stayed_ms: since - stay.since };
}
