import { withFenceFile } from '../../../../edge-agent/core/profile/geofence-file';
import { problemText } from '../../../../edge-agent/core/profile/problem';
import { type Profile } from '../../../../edge-agent/core/profile/types';

const place = { file: 'p.yaml', line: 7, column: 3 };
const profile = { geofences: { file: 'zones.geojson', features: [{ id: 'own' }] } } as unknown as Profile;

test('features of the file come after the profile’s own', () => {
  const text = JSON.stringify({ type: 'FeatureCollection', features: [{ id: 'theirs' }] });
  const read = withFenceFile(profile, () => text, place);
  expect(read.profile.geofences?.features?.map((f) => f.id)).toEqual(['own', 'theirs']);
});

test.each([
  ['{', /p.yaml:7:3: geofences.file: got "zones.geojson", expected a readable file of GeoJSON/],
  ['null', /a GeoJSON FeatureCollection/],
  ['{"type":"Polygon"}', /a GeoJSON FeatureCollection/],
])('%s is refused at its place', (text, expected) => {
  expect(
    withFenceFile(profile, () => text, place)
      .problems.map(problemText)
      .join(),
  ).toMatch(expected);
});

test('a profile without a file is left alone', () => {
  const none = {} as Profile;
  expect(withFenceFile(none, () => '', place)).toEqual({ profile: none, problems: [] });
});
