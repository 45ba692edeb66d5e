/** Where devices are: by the latest position they told, otherwise by their labels. Pure. */

export interface Place {
  readonly device_id: string;
  /** Degrees, WGS 84. */
  readonly latitude: number;
  readonly longitude: number;
  readonly by: 'reading' | 'label';
  /** online, stale, offline or unknown. */
  readonly link: string;
}

export interface Told {
  readonly latitude: number;
  readonly longitude: number;
}

/** West, south, east, north, degrees. */
export type Bounds = readonly [number, number, number, number];

interface Known {
  readonly device_id: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly presence?: { readonly status: string };
}

interface Value {
  readonly value: number | string | null;
  readonly quality: string;
}

/** Undefined for what is no position on Earth. */
export function positionOf(latitude: unknown, longitude: unknown): Told | undefined {
  const [lat, lon] = [degrees(latitude), degrees(longitude)];
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { latitude: lat, longitude: lon } : undefined;
}

/** NaN for an empty text as well, which Number takes for 0. */
function degrees(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : NaN;
}

/** What a device says now, undefined when it says no good position. */
export function toldBy(values: ReadonlyMap<string, Value> | undefined): Told | undefined {
  const good = (metric: string): unknown => {
    const known = values?.get(metric);
    return known?.quality === 'good' ? known.value : undefined;
  };
  return positionOf(good('latitude'), good('longitude'));
}

/** Devices that are somewhere, in the order given. `told`: positions by device as SQL knows them. */
export function placesOf(
  devices: readonly Known[],
  values: ReadonlyMap<string, ReadonlyMap<string, Value>>,
  told: ReadonlyMap<string, Told>,
): Place[] {
  return devices.flatMap(({ device_id, labels, presence }) => {
    const reading = toldBy(values.get(device_id)) ?? told.get(device_id);
    const position = reading ?? positionOf(labels?.['latitude'], labels?.['longitude']);
    if (!position) return [];
    return [{ device_id, ...position, by: reading ? 'reading' : 'label', link: presence?.status ?? 'unknown' }];
  });
}

/** The least box around them, not across the antimeridian; undefined for none. */
export function boundsOf(places: readonly Told[]): Bounds | undefined {
  if (places.length === 0) return undefined;
  let [west, south, east, north] = [180, 90, -180, -90];
  for (const { latitude, longitude } of places) {
    [west, east] = [Math.min(west, longitude), Math.max(east, longitude)];
    [south, north] = [Math.min(south, latitude), Math.max(north, latitude)];
  }
  return [west, south, east, north];
}

/** A view may run past the antimeridian: its west may be below -180, its east above 180. */
export function isWithin({ latitude, longitude }: Told, [west, south, east, north]: Bounds): boolean {
  if (latitude < south || latitude > north) return false;
  return [longitude, longitude - 360, longitude + 360].some((lon) => lon >= west && lon <= east);
}

/** `51.5072° N, 0.1276° W` */
export function positionText({ latitude, longitude }: Told): string {
  const text = (value: number, [plus, minus]: readonly [string, string]): string =>
    `${Math.abs(value).toFixed(4)}° ${value < 0 ? minus : plus}`;
  return `${text(latitude, ['N', 'S'])}, ${text(longitude, ['E', 'W'])}`;
}

/** Longitude, latitude, degrees. */
export type Ring = number[][];
const TURN = 360;

/**
 * A closed ring whose steps of more than half a turn go the other way round, past 180 degrees if need be. One that comes
 * back a turn later holds the nearer pole, and is closed over it.
 */
export function unrolled(ring: Ring): Ring {
  let shift = 0;
  const open = ring.map(([lon = 0, lat = 0], i) => {
    const step = lon - (ring[i - 1]?.[0] ?? lon);
    if (Math.abs(step) > TURN / 2) shift -= Math.sign(step) * TURN;
    return [lon + shift, lat];
  });
  const [first, last] = [open[0], open.at(-1)];
  if (!first || !last || shift === 0) return open;
  const pole = Math.sign(first[1] ?? 0) * 90;
  return [...open, [last[0] ?? 0, pole], [first[0] ?? 0, pole], first];
}

/** A geofence as the API gives it: GeoJSON. */
export interface Fence {
  readonly type: 'Feature';
  readonly properties: { readonly name: string };
  readonly geometry:
    | { readonly type: 'Polygon'; readonly coordinates: Ring[] }
    | { readonly type: 'MultiPolygon'; readonly coordinates: Ring[][] };
}

/** As the agent understands it: across the antimeridian and over the poles. */
export function unrolledFence({ type, properties, geometry }: Fence): Fence {
  if (geometry.type === 'Polygon')
    return { type, properties, geometry: { ...geometry, coordinates: geometry.coordinates.map(unrolled) } };
  const coordinates = geometry.coordinates.map((rings) => rings.map(unrolled));
  return { type, properties, geometry: { ...geometry, coordinates } };
}

/** Positions of a fence, for a view that holds it. */
export const cornersOf = ({ geometry }: Fence): readonly Told[] =>
  (geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates)
    .flat(2)
    .map(([longitude = 0, latitude = 0]) => ({ latitude, longitude }));
