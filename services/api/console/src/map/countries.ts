/** The world as the map draws it: Natural Earth's countries, from this host. */
import { type Feature, type FeatureCollection, type Geometry, type MultiPolygon } from 'geojson';
import { feature } from 'topojson-client';
import { type GeometryCollection, type Topology } from 'topojson-specification';
import { type Ring, unrolled } from '../places';
import source from 'world-atlas/countries-50m.json?url';

type Shape = Feature<MultiPolygon, { name: string }>;
type World = Topology<{ countries: GeometryCollection<{ name: string }> }>;

export interface Countries {
  readonly shapes: FeatureCollection;
  /** A point for the name of each. */
  readonly names: FeatureCollection;
}

export async function countries(): Promise<Countries> {
  const answer = await fetch(source);
  if (!answer.ok) throw new Error(`the shapes of countries did not come: HTTP ${answer.status}`);
  const world = (await answer.json()) as World;
  const shapes = feature(world, world.objects.countries).features.map(shaped);
  return { shapes: collection(shapes), names: collection(shapes.flatMap(named)) };
}

const collection = (features: Feature[]): FeatureCollection => ({ type: 'FeatureCollection', features });

/** Cut nowhere: across the antimeridian rings go on past 180 degrees. */
function shaped({ properties, geometry }: Feature<Geometry, { name: string }>): Shape {
  const parts =
    geometry.type === 'MultiPolygon' ? geometry.coordinates : geometry.type === 'Polygon' ? [geometry.coordinates] : [];
  const coordinates = parts.map((rings) => rings.map(unrolled));
  return { type: 'Feature', properties, geometry: { type: 'MultiPolygon', coordinates } };
}

/** In the middle of the largest of its parts. */
function named({ properties: { name }, geometry }: Shape): Feature[] {
  const largest = geometry.coordinates.flatMap((p) => p.slice(0, 1).map(boxOf)).sort((a, b) => b.area - a.area)[0];
  if (!largest) return [];
  const { area, middle } = largest;
  return [{ type: 'Feature', properties: { name, area }, geometry: { type: 'Point', coordinates: middle } }];
}

function boxOf(ring: Ring): { area: number; middle: [number, number] } {
  const [lons, lats] = [ring.map(([lon = 0]) => lon), ring.map(([, lat = 0]) => lat)];
  const [west, east] = [Math.min(...lons), Math.max(...lons)];
  const [south, north] = [Math.min(...lats), Math.max(...lats)];
  return { area: (east - west) * (north - south), middle: [(west + east) / 2, (south + north) / 2] };
}
