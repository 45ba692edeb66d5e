import fc from 'fast-check';
import { FenceIndex, type FencePlan } from '../../../../edge-agent/core/geofence/index';
import { contains, distanceToEdge, type Position, shapeOf } from '../../../../edge-agent/core/geofence/shape';

const wrap = (lon: number): number => lon - 360 * Math.floor((lon + 180) / 360);
const fence = (name: string, rings: readonly (readonly Position[])[]): FencePlan => ({
  ...{ name, shapes: [shapeOf(rings)] },
  ...{ time_ms: 0, distance_m: 0, dwell_ms: 0 },
});
const box = (w: number, s: number, e: number, n: number): Position[] => [
  [w, s],
  [e, s],
  [e, n],
  [w, n],
  [w, s],
];
const inside = (rings: readonly (readonly Position[])[], lon: number, lat: number): boolean =>
  new FenceIndex([fence('f', rings)]).at(lon, lat).size === 1;

test('holes are outside, edges inside', () => {
  const rings = [box(0, 0, 10, 10), box(4, 4, 6, 6)];
  expect(inside(rings, 5, 5)).toBe(false);
  expect(inside(rings, 3, 5)).toBe(true);
  expect(inside(rings, 0, 5)).toBe(true);
  expect(inside(rings, 11, 5)).toBe(false);
});

test('across the antimeridian, however the file writes it', () => {
  for (const ring of [box(170, -10, -170, 10), box(170, -10, 190, 10), box(-190, -10, -170, 10)]) {
    for (const lon of [175, -175, 180, -180, 185, 170, -170])
      expect([lon, inside([ring], lon, 0)]).toEqual([lon, true]);
    for (const lon of [165, -165, 0]) expect([lon, inside([ring], lon, 0)]).toEqual([lon, false]);
  }
  const hole = [box(170, -10, -170, 10), box(178, -1, -178, 1)];
  expect([inside(hole, 179, 0), inside(hole, -179, 0), inside(hole, -175, 0)]).toEqual([false, false, true]);
});

test('around a pole', () => {
  const arctic = [
    [0, 66],
    [90, 66],
    [180, 66],
    [-90, 66],
    [0, 66],
  ];
  for (const lon of [0, 45, 135, 180, -180, -45]) {
    expect(inside([arctic], lon, 70)).toBe(true);
    expect(inside([arctic], lon, 60)).toBe(false);
    expect(inside([arctic], lon, 90)).toBe(true);
    expect(inside([arctic], lon, -90)).toBe(false);
  }
  const antarctic = [
    [0, -60],
    [-120, -60],
    [120, -60],
    [0, -60],
  ];
  expect([inside([antarctic], 33, -89.9), inside([antarctic], 33, -90), inside([antarctic], 33, -50)]).toEqual([
    true,
    true,
    false,
  ]);
  const belt = [
    arctic,
    [
      [10, 80],
      [130, 80],
      [-110, 80],
      [10, 80],
    ],
  ];
  for (const lon of [0, 100, -100]) expect([inside(belt, lon, 70), inside(belt, lon, 85)]).toEqual([true, false]);
  expect(inside(belt, 0, 90)).toBe(false);
  const dateline = [arctic, box(175, 70, -175, 75)];
  expect([inside(dateline, 179, 72), inside(dateline, -179, 72), inside(dateline, 170, 72)]).toEqual([
    false,
    false,
    true,
  ]);
});

test('a file cut at the antimeridian may span the world', () => {
  const south = [box(-180, -90, 180, -60)];
  for (const lon of [-180, -1, 0, 90, 180]) {
    expect(inside(south, lon, -75)).toBe(true);
    expect(inside(south, lon, -50)).toBe(false);
    expect(inside(south, lon, -90)).toBe(true);
  }
});

const degrees = (min: number, max: number): fc.Arbitrary<number> =>
  fc.double({ min, max, noNaN: true, noDefaultInfinity: true });
/** A star-shaped ring around a centre: a point is inside when it is nearer than the edge in its direction. */
const star = fc.record({
  radii: fc.array(degrees(1, 20), { minLength: 3, maxLength: 12 }),
  lat: degrees(-60, 60),
  lon: degrees(-180, 180),
  dx: degrees(-25, 25),
  dy: degrees(-25, 25),
});
const ringOf = ({ radii, lon, lat }: { radii: number[]; lon: number; lat: number }, turn = wrap): Position[] => {
  const ring = radii.map((r, i) => {
    const a = (2 * Math.PI * i) / radii.length;
    return [turn(lon + r * Math.cos(a)), lat + r * Math.sin(a)];
  });
  return [...ring, ring[0] ?? []];
};

test('a polygon anywhere is the same polygon moved to the middle of the map', () => {
  fc.assert(
    fc.property(star, ({ dx, dy, ...s }) => {
      const there = inside([ringOf(s)], wrap(s.lon + dx), s.lat + dy);
      const centred = { ...s, lon: 0 };
      const edge = shapeOf([ringOf(centred, (l) => l)]);
      // On the very edge rounding decides.
      if (distanceToEdge(edge, dx, s.lat + dy) < 1e-3) return;
      expect(there).toBe(contains(edge, dx, s.lat + dy));
    }),
    { numRuns: 500 },
  );
});

test('a cap around a pole holds what is poleward of its edge', () => {
  const cap = fc.record({
    lats: fc.array(degrees(20, 88), { minLength: 4, maxLength: 24 }),
    start: degrees(-180, 180),
    lon: degrees(-180, 180),
    lat: degrees(-89, 89.9),
    west: fc.boolean(),
    south: fc.boolean(),
  });
  fc.assert(
    fc.property(cap, ({ lats, start, lon, lat, west, south }) => {
      const n = lats.length;
      const flip = south ? -1 : 1;
      const points = lats.map((l, i) => [wrap(start + (360 * i) / n), flip * l]);
      const ring = [...points, points[0] ?? []];
      const at = ((((lon - start) % 360) + 360) % 360) / (360 / n);
      const [a, b] = [lats[Math.floor(at) % n] ?? 0, lats[(Math.floor(at) + 1) % n] ?? 0];
      const edge = a + (b - a) * (at - Math.floor(at));
      if (Math.abs(edge - lat) < 1e-6) return;
      expect(inside([west ? ring.reverse() : ring], lon, flip * lat)).toBe(lat > edge);
    }),
    { numRuns: 500 },
  );
});

test('the index finds what looking at every fence finds', () => {
  fc.assert(
    fc.property(
      fc.array(star, { minLength: 1, maxLength: 40 }),
      degrees(-180, 180),
      degrees(-90, 90),
      (stars, lon, lat) => {
        const fences = stars.map((s, i) => fence(`f${i}`, [ringOf(s)]));
        const found = [...new FenceIndex(fences).at(lon, lat)].map((f) => f.name).sort();
        const all = fences.filter((f) => f.shapes.some((s) => contains(s, wrap(lon), lat))).map((f) => f.name);
        expect(found).toEqual(all.sort());
      },
    ),
  );
});

test('distance to the edge, in metres', () => {
  const shape = shapeOf([box(0, 0, 1, 1)]);
  expect(distanceToEdge(shape, 0.5, 0.1)).toBeCloseTo(11_119.5, 0);
  expect(distanceToEdge(shape, 1.001, 0.5)).toBeCloseTo(111.19, 1);
  expect(distanceToEdge(shapeOf([box(179, 0, -179, 1)]), -179.999, 0.5)).toBeGreaterThan(50_000);
});

test('no fences, no finding', () => expect(new FenceIndex([]).at(0, 0).size).toBe(0));
