/**
 * What it costs to know in which of many geofences a position is: the agent's index, beside a look at every polygon in turn
 * with the same point-in-polygon test, as one does with a list of GeoJSON features.
 *
 *   node dist/test/bench/geofence.js [--fences N] [--checks N] [--vertices N] [--json]
 */
import { parseArgs } from 'node:util';
import inPolygon from 'point-in-polygon-hao';
import { compileFences } from '../../edge-agent/core/geofence/compile';
import { FenceIndex } from '../../edge-agent/core/geofence/index';
import { FenceTracker } from '../../edge-agent/core/geofence/tracker';
import { type FenceFeature } from '../../edge-agent/core/profile/types';
import { round } from './support/load';

const { values } = parseArgs({
  options: {
    fences: { type: 'string', default: '1000' },
    checks: { type: 'string', default: '200000' },
    vertices: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
  },
});

/** A metropolitan area, degrees. */
const CENTRE = { lon: 11.5, lat: 48.1 };
const SPREAD = 0.5;
const TARGET_US = 50;

function seeded(seed: number): () => number {
  let a = seed;
  return () => {
    a = (Math.imul(a, 1_664_525) + 1_013_904_223) >>> 0;
    return a / 4_294_967_296;
  };
}

function ring(lon: number, lat: number, radius: number, vertices: number, random: () => number): number[][] {
  const points = Array.from({ length: vertices }, (_, i) => {
    const [a, r] = [(2 * Math.PI * i) / vertices, radius * (0.6 + 0.4 * random())];
    return [lon + r * Math.cos(a), lat + r * Math.sin(a)];
  });
  return [...points, points[0] ?? []];
}

function features(count: number, vertices: number, random: () => number): FenceFeature[] {
  return Array.from({ length: count }, (_, i) => {
    const lon = CENTRE.lon + (random() - 0.5) * 2 * SPREAD;
    const lat = CENTRE.lat + (random() - 0.5) * 2 * SPREAD;
    const radius = 0.005 + 0.03 * random();
    const coordinates = [ring(lon, lat, radius, vertices, random), ring(lon, lat, radius / 4, 8, random)];
    return { properties: { name: `zone-${i}` }, geometry: { type: 'Polygon', coordinates } };
  });
}

interface Cost {
  readonly us: number;
  readonly cpu_s: number;
  readonly wall_s: number;
  readonly hits: number;
}

function measure(checks: number, look: (i: number) => number): Cost {
  for (let i = 0; i < Math.min(1_000, checks); i++) look(i);
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  let hits = 0;
  for (let i = 0; i < checks; i++) hits += look(i);
  const wall_s = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return { us: (1e6 * wall_s) / checks, cpu_s: (user + system) / 1e6, wall_s, hits };
}

function main(): void {
  const random = seeded(7);
  const [count, checks] = [Number(values.fences), Number(values.checks)];
  const given = features(count, Number(values.vertices), random);
  const { fences, issues } = compileFences({ features: given });
  if (issues.length > 0) throw new Error(JSON.stringify(issues[0]));
  const positions = Array.from({ length: 10_000 }, () => [
    CENTRE.lon + (random() - 0.5) * 2.2 * SPREAD,
    CENTRE.lat + (random() - 0.5) * 2.2 * SPREAD,
  ]);
  const at = (i: number): readonly [number, number] => {
    const [lon = 0, lat = 0] = positions[i % positions.length] ?? [];
    return [lon, lat];
  };
  const built = performance.now();
  const index = new FenceIndex(fences);
  const build_ms = performance.now() - built;
  const tracker = new FenceTracker(index, fences, {}, 0);
  const polygons = given.map((f) => f.geometry?.coordinates as number[][][]);
  const indexed = measure(checks, (i) => index.at(...at(i)).size);
  const tracked = measure(checks, (i) => tracker.position(`v${i % 100}`, ...at(i), i).length);
  const few = Math.ceil(checks / 100);
  const linear = measure(few, (i) => polygons.filter((p) => inPolygon([...at(i)], p) !== false).length);
  const same = measure(few, (i) => index.at(...at(i)).size).hits === linear.hits;
  report({ count, build_ms, indexed, tracked, linear, same });
  if (!same) process.exitCode = 1;
}

interface Result {
  readonly count: number;
  readonly build_ms: number;
  readonly indexed: Cost;
  readonly tracked: Cost;
  readonly linear: Cost;
  readonly same: boolean;
}

function report(r: Result): void {
  const ratio = r.linear.us / r.indexed.us;
  const figures = { bench: 'geofence', fences: r.count, vertices: Number(values.vertices), ratio: round(ratio), ...r };
  if (values.json) return console.log(JSON.stringify(figures));
  const line = (name: string, c: Cost): string =>
    `  ${name.padEnd(28)} ${c.us.toFixed(2)} us a check (${c.wall_s.toFixed(2)} s wall, ${c.cpu_s.toFixed(2)} CPU-s)`;
  console.log(
    `geofence: ${r.count} polygons of ${values.vertices} vertices with a hole, built in ${round(r.build_ms)} ms`,
  );
  console.log(line('index', r.indexed));
  console.log(line('index and crossings', r.tracked));
  console.log(line('every polygon in turn', r.linear));
  console.log(`  ${round(ratio)} times less than every polygon in turn; both find the same: ${r.same ? 'yes' : 'NO'}`);
  console.log(`  target ${TARGET_US} us a check: ${r.tracked.us <= TARGET_US ? 'met' : 'MISSED'}`);
}

main();
