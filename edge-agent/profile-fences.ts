/** The geofences that a profile names, as a map draws them. Pure. */
import { parseDocument } from 'yaml';
import { MAX_VERTICES } from './core/geofence/compile';
import { withFenceFile } from './core/profile/geofence-file';
import { type FenceFeature, type GeofencesSection, type Profile } from './core/profile/types';

/** A drawing of more helps nobody, and takes a browser's memory. */
export const MAX_DRAWN = 500;
const MAX_DRAWN_VERTICES = MAX_VERTICES / 40;
const NOWHERE = { file: 'profile.yaml', line: 1, column: 1 };

export interface DrawnFence {
  readonly type: 'Feature';
  readonly properties: { readonly name: string };
  readonly geometry: { readonly type: 'Polygon' | 'MultiPolygon'; readonly coordinates: unknown };
}

export interface DrawnFences {
  readonly fences: readonly DrawnFence[];
  /** There are more than are drawn. */
  readonly cut: boolean;
}

/** `text` was valid for an agent; what cannot be read of it is left out. `files`: those sent along with it, by name. */
export function fencesOfText(text: string, files: Readonly<Record<string, string>>): DrawnFences {
  const { geofences } = (parseDocument(text).toJS() ?? {}) as { geofences?: GeofencesSection };
  if (geofences === undefined) return { fences: [], cut: false };
  const readFile = (name: string): string => files[name] ?? '';
  const { profile } = withFenceFile({ geofences } as Profile, readFile, NOWHERE);
  const all = (profile.geofences?.features ?? []).flatMap(drawn);
  let vertices = 0;
  const fences = all
    .slice(0, MAX_DRAWN)
    .filter((f) => (vertices += countOf(f.geometry.coordinates)) <= MAX_DRAWN_VERTICES);
  return { fences, cut: fences.length < all.length };
}

function drawn({ properties, id, geometry }: FenceFeature): DrawnFence[] {
  const { type, coordinates } = geometry ?? {};
  if (type !== 'Polygon' && type !== 'MultiPolygon') return [];
  return [
    { type: 'Feature', properties: { name: String(properties?.name ?? id ?? '') }, geometry: { type, coordinates } },
  ];
}

/** Positions in nested lists of them. */
function countOf(coordinates: unknown): number {
  if (!Array.isArray(coordinates)) return 0;
  return typeof coordinates[0] === 'number' ? 1 : coordinates.reduce((n: number, part) => n + countOf(part), 0);
}
