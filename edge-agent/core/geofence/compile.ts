/** GeoJSON features of a profile to fences, or to everything that is wrong with them. */
import { type Issue, type Path } from '../profile/problem';
import { type FenceFeature, type GeofencesSection } from '../profile/types';
import { type FencePlan } from './index';
import { type Ring, shapeOf } from './shape';

export const MAX_FENCES = 10_000;
/** Of all fences together. */
export const MAX_VERTICES = 2_000_000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

export interface CompiledFences {
  readonly fences: readonly FencePlan[];
  readonly issues: readonly Issue[];
}

export function compileFences(section: GeofencesSection | undefined): CompiledFences {
  const features = section?.features ?? [];
  const path: Path = ['geofences', 'features'];
  if (features.length > MAX_FENCES)
    return { fences: [], issues: [{ path, value: features.length, expected: `at most ${MAX_FENCES} geofences` }] };
  const issues: Issue[] = [];
  const names = new Set<string>();
  const fences = features.flatMap((feature, i): FencePlan[] => {
    const wrong = (expected: string, value?: unknown): [] => {
      issues.push({ path: [...path, i], value, expected: `in geofence ${nameOf(feature) || i + 1}, ${expected}` });
      return [];
    };
    const name = nameOf(feature);
    if (!NAME.test(name)) return wrong(`properties.name like ${NAME.source}`, name);
    if (names.has(name)) return wrong('a name used once', name);
    names.add(name);
    const polygons = polygonsOf(feature);
    if (!polygons) return wrong('a geometry of type Polygon or MultiPolygon', feature.geometry?.type);
    const fault = polygons
      .flat()
      .map(faultOf)
      .find((f) => f !== undefined);
    if (fault !== undefined || polygons.some((p) => p.length === 0)) return wrong(fault ?? 'a ring in every polygon');
    const { time_ms, distance_m, dwell_ms } = { ...section, ...feature.properties };
    return [
      {
        ...{ name, shapes: polygons.map(shapeOf) },
        time_ms: natural(time_ms),
        distance_m: natural(distance_m),
        dwell_ms: natural(dwell_ms),
      },
    ];
  });
  const vertices = fences.reduce((n, f) => n + f.shapes.reduce((m, s) => m + s.rings.flat().length, 0), 0);
  if (vertices > MAX_VERTICES)
    issues.push({ path, value: vertices, expected: `at most ${MAX_VERTICES} vertices in all` });
  return { fences, issues };
}

const nameOf = ({ properties, id }: FenceFeature): string => String(properties?.name ?? id ?? '');
const natural = (n: unknown): number => (typeof n === 'number' && n > 0 ? n : 0);

function polygonsOf({ geometry }: FenceFeature): readonly (readonly Ring[])[] | undefined {
  if (geometry?.type === 'Polygon') return [geometry.coordinates as readonly Ring[]];
  return geometry?.type === 'MultiPolygon' ? (geometry.coordinates as readonly (readonly Ring[])[]) : undefined;
}

/** Why a ring is none; undefined when it is one. */
function faultOf(ring: Ring): string | undefined {
  if (!Array.isArray(ring) || ring.length < 4) return 'rings of at least 4 positions';
  const bad = ring.find((p) => !Array.isArray(p) || !isDegrees(p[0], 360) || !isDegrees(p[1], 90));
  if (bad !== undefined)
    return `positions of longitude and latitude in degrees, not ${JSON.stringify(bad).slice(0, 40)}`;
  const [first, last] = [ring[0] ?? [], ring.at(-1) ?? []];
  return first[0] === last[0] && first[1] === last[1] ? undefined : 'rings whose last position is their first';
}

const isDegrees = (n: unknown, most: number): boolean => typeof n === 'number' && Math.abs(n) <= most;
