/** Thousands of fences, asked at once. */
import Flatbush from 'flatbush';
import { contains, distanceToEdge, type Shape } from './shape';

export interface FencePlan {
  readonly name: string;
  readonly shapes: readonly Shape[];
  /** A crossing counts when it has lasted this long, by a later position, ms. */
  readonly time_ms: number;
  /** A crossing counts this far beyond the edge, m. */
  readonly distance_m: number;
  /** Staying this long is told, ms; 0 for never. */
  readonly dwell_ms: number;
}

const TURN = 360;

export class FenceIndex {
  private readonly tree: Flatbush | undefined;
  private readonly parts: readonly { readonly fence: FencePlan; readonly shape: Shape }[];

  constructor(fences: readonly FencePlan[]) {
    this.parts = fences.flatMap((fence) => fence.shapes.map((shape) => ({ fence, shape })));
    // A tree of nothing cannot be built.
    if (this.parts.length === 0) return;
    this.tree = new Flatbush(this.parts.length);
    for (const { shape } of this.parts) this.tree.add(shape.west, shape.south, shape.east, shape.north);
    this.tree.finish();
  }

  /** The fences that hold the point. Any longitude; latitude from -90 to 90. */
  at(longitude: number, latitude: number): Set<FencePlan> {
    const lon = normal(longitude);
    const found = new Set<FencePlan>();
    const look = (index: number): boolean => {
      const part = this.parts[index];
      if (part && !found.has(part.fence) && contains(part.shape, lon, latitude)) found.add(part.fence);
      return false;
    };
    const tree = this.tree;
    if (!tree) return found;
    // At a pole every longitude is the same place.
    if (Math.abs(latitude) === 90) tree.search(-TURN, latitude, 2 * TURN, latitude, look);
    else {
      tree.search(lon, latitude, lon, latitude, look);
      if (tree.maxX >= lon + TURN) tree.search(lon + TURN, latitude, lon + TURN, latitude, look);
    }
    return found;
  }
}

/** Metres from the point to the fence's nearest edge. */
export function edgeDistance(fence: FencePlan, longitude: number, latitude: number): number {
  return Math.min(...fence.shapes.map((shape) => distanceToEdge(shape, normal(longitude), latitude)));
}

/** From -180 to under 180. */
const normal = (lon: number): number => lon - TURN * Math.floor((lon + 180) / TURN);
