/**
 * GeoJSON polygons made ready for asking whether a point is inside. Edges are straight in longitude and latitude (RFC
 * 7946); an edge longer than half the world goes the other way round, across the antimeridian. A ring that goes all the
 * way round holds the pole that is nearer to it. Pure.
 */
import inPolygon from 'point-in-polygon-hao';

/** Longitude, latitude, degrees; what follows is ignored. */
export type Position = readonly number[];
export type Ring = readonly Position[];

/** One polygon, unrolled: longitudes run on past 180 where it crosses the antimeridian. */
export interface Shape {
  readonly west: number;
  readonly east: number;
  readonly south: number;
  readonly north: number;
  /** Outer ring and holes, as one figure: a point is inside when it is within an odd number of them. */
  readonly rings: number[][][];
  /** Poles that belong to it: there, longitude says nothing. */
  readonly poles: { readonly north: boolean; readonly south: boolean };
}

const TURN = 360;
const POLE = 90;

interface Unrolled {
  readonly points: number[][];
  /** Degrees between its ends: 0, or a turn around a pole. */
  readonly turn: number;
}

export function shapeOf(rings: readonly Ring[]): Shape {
  const [outer, ...holes] = rings.map(unroll);
  if (!outer) throw new RangeError('a polygon without a ring');
  const polar = outer.turn !== 0;
  const drawn = polar
    ? [aroundPole(outer)]
    : [moved(outer.points, -TURN * Math.floor((westOf(outer.points) + 180) / TURN))];
  const [figure = []] = drawn;
  for (const hole of holes) drawn.push(...drawHole(hole, polar ? undefined : westOf(figure)));
  const lats = figure.map(latOf);
  const touches = (lat: number): boolean => outer.points.some((p) => latOf(p) === lat) || (polar && lats.includes(lat));
  const holds = (lat: number): boolean =>
    touches(lat) && !holes.some((h) => h.turn !== 0 && Math.sign(meanLat(h.points)) === Math.sign(lat));
  return {
    ...(polar ? { west: -180, east: 180 } : { west: westOf(figure), east: eastOf(figure) }),
    south: southOf(figure),
    north: northOf(figure),
    rings: drawn,
    poles: { north: holds(POLE), south: holds(-POLE) },
  };
}

/** Its edge belongs to it. `lon` from -180 to 180. */
export function contains(shape: Shape, lon: number, lat: number): boolean {
  if (Math.abs(lat) === POLE) return lat > 0 ? shape.poles.north : shape.poles.south;
  return holdsAt(shape, lon, lat) || (shape.east >= 180 && holdsAt(shape, lon + TURN, lat));
}

function holdsAt({ rings, west, east, south, north }: Shape, lon: number, lat: number): boolean {
  return lon >= west && lon <= east && lat >= south && lat <= north && inPolygon([lon, lat], rings) !== false;
}

const EARTH_M_PER_DEGREE = 111_195;

/** Metres to the nearest edge, on a plane that fits where the point is: good enough for the width of a road. */
export function distanceToEdge(shape: Shape, lon: number, lat: number): number {
  const narrow = Math.cos((lat * Math.PI) / 180);
  let least_m = Infinity;
  for (const ring of shape.rings)
    for (let i = 1; i < ring.length; i++) {
      const [a, b] = [ring[i - 1], ring[i]];
      // The edge along the pole is of our drawing only.
      if (!a || !b || (Math.abs(latOf(a)) === POLE && Math.abs(latOf(b)) === POLE)) continue;
      for (const at of shape.east >= 180 ? [lon, lon + TURN] : [lon])
        least_m = Math.min(least_m, distance(a, b, at, lat, narrow));
    }
  return least_m * EARTH_M_PER_DEGREE;
}

function distance(a: Position, b: Position, lon: number, lat: number, narrow: number): number {
  const [ax, ay] = [(lonOf(a) - lon) * narrow, latOf(a) - lat];
  const [bx, by] = [(lonOf(b) - lon) * narrow, latOf(b) - lat];
  const [dx, dy] = [bx - ax, by - ay];
  const length2 = dx * dx + dy * dy;
  const t = length2 === 0 ? 0 : Math.min(1, Math.max(0, -(ax * dx + ay * dy) / length2));
  return Math.hypot(ax + t * dx, ay + t * dy);
}

const lonOf = (p: Position): number => p[0] ?? 0;
const latOf = (p: Position): number => p[1] ?? 0;

function unroll(ring: Ring): Unrolled {
  const points: number[][] = [];
  let before = ring[0] ?? [];
  let lon = lonOf(before);
  for (const p of ring) {
    const step = lonOf(p) - lonOf(before);
    // From -180 to 180 exactly is a file cut at the antimeridian that means the whole width.
    const cut = Math.abs(step) === TURN && Math.abs(lonOf(p)) === TURN / 2;
    lon += cut ? step : step - TURN * Math.round(step / TURN);
    before = p;
    points.push([lon, latOf(p)]);
  }
  const turn = lon - (points[0]?.[0] ?? 0);
  return { points, turn: Math.abs(turn) < TURN / 2 ? 0 : turn };
}

/** Three turns of it, closed over the pole: whatever its wiggles, the middle turn is right. */
function aroundPole({ points, turn }: Unrolled): number[][] {
  const pole = meanLat(points) < 0 ? -POLE : POLE;
  const centre = TURN * Math.round(((points[0]?.[0] ?? 0) + turn / 2) / TURN);
  const line = [-turn, 0, turn].flatMap((by) => moved(points, by - centre));
  const [first = [], last = []] = [line[0], line.at(-1)];
  return [...line, [lonOf(last), pole], [lonOf(first), pole], [...first]];
}

/** A hole lies where its polygon lies; in one that holds a pole it may lie across the antimeridian either way. */
function drawHole(hole: Unrolled, west: number | undefined): number[][][] {
  if (hole.turn !== 0) return [aroundPole(hole)];
  if (west === undefined) {
    const home = moved(hole.points, -TURN * Math.floor((westOf(hole.points) + 180) / TURN));
    return [moved(home, -TURN), home];
  }
  return [moved(hole.points, -TURN * Math.floor((westOf(hole.points) - west) / TURN))];
}

const moved = (points: readonly Position[], by: number): number[][] => points.map((p) => [lonOf(p) + by, latOf(p)]);

const westOf = (points: readonly Position[]): number => points.reduce((w, p) => Math.min(w, lonOf(p)), Infinity);
const eastOf = (points: readonly Position[]): number => points.reduce((e, p) => Math.max(e, lonOf(p)), -Infinity);
const southOf = (points: readonly Position[]): number => points.reduce((s, p) => Math.min(s, latOf(p)), Infinity);
const northOf = (points: readonly Position[]): number => points.reduce((n, p) => Math.max(n, latOf(p)), -Infinity);
const meanLat = (points: readonly Position[]): number => points.reduce((sum, p) => sum + latOf(p), 0) / points.length;
