/** The GeoJSON file of a profile, read into it. */
import { problem, type Place, type Problem } from './problem';
import { type FenceFeature, type Profile } from './types';

export function withFenceFile(
  profile: Profile,
  readFile: (name: string) => string,
  place: Place,
): { readonly profile: Profile; readonly problems: readonly Problem[] } {
  const { geofences } = profile;
  if (geofences?.file === undefined) return { profile, problems: [] };
  const wrong = (expected: string): { profile: Profile; problems: Problem[] } => ({
    profile,
    problems: [problem({ path: ['geofences', 'file'], value: geofences.file, expected }, place)],
  });
  let data: { type?: unknown; features?: unknown } | null;
  try {
    data = JSON.parse(readFile(geofences.file)) as { type?: unknown; features?: unknown } | null;
  } catch (e) {
    return wrong(`a readable file of GeoJSON: ${(e as Error).message}`);
  }
  if (data?.type !== 'FeatureCollection' || !Array.isArray(data.features))
    return wrong('a file that holds a GeoJSON FeatureCollection');
  const features = [...(geofences.features ?? []), ...(data.features as FenceFeature[])];
  return { profile: { ...profile, geofences: { ...geofences, features } }, problems: [] };
}
