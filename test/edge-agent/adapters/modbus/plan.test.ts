import * as fc from 'fast-check';
import { type PlannedRead, type PlanPoint, planReads, split } from '../../../../edge-agent/adapters/modbus/plan';
import { type Limits, type ModbusSource } from '../../../../edge-agent/adapters/modbus/settings';

const LIMITS: Limits = { registers: 125, bits: 2_000, gap_registers: 16, gap_bits: 256 };

interface Where {
  readonly unit?: number;
  readonly scan_ms?: number;
  readonly device?: string;
  readonly table?: ModbusSource['table'];
  readonly limits?: Partial<Limits>;
}

function point(address: number, count = 1, where: Where = {}): PlanPoint {
  const { unit = 1, scan_ms = 1_000, device = 'd', table = 'holding-register' } = where;
  const source: ModbusSource = {
    table,
    address,
    count,
    type: 'uint16',
    bit: 0,
    bit_count: 1,
    word_order: 'big',
    byte_order: 'big',
  };
  return { device, metric: `m${address}`, unit, scan_ms, limits: { ...LIMITS, ...where.limits }, source };
}

/** A request as unit:function:address+count. */
const told = (reads: readonly PlannedRead[]): string[] => reads.map((r) => `${r.unit}:${r.fn}:${r.address}+${r.count}`);

const many = (n: number, step = 1, where: Where = {}): PlanPoint[] =>
  Array.from({ length: n }, (_, i) => point(i * step, 1, where));

const TABLE: readonly (readonly [string, readonly PlanPoint[], readonly string[]])[] = [
  ['nothing', [], []],
  ['one point', [point(7, 2)], ['1:3:7+2']],
  ['neighbours in one request', [point(0), point(1, 2), point(3, 4)], ['1:3:0+7']],
  ['points out of order', [point(9), point(0), point(4)], ['1:3:0+10']],
  ['points that overlap', [point(0, 4), point(1), point(2, 2)], ['1:3:0+4']],
  ['the same register twice', [point(5), point(5)], ['1:3:5+1']],
  ['a long point and a short one inside it, then one beyond', [point(0, 10), point(1), point(11)], ['1:3:0+12']],
  ['a gap of 16 is read in vain', [point(0), point(17)], ['1:3:0+18']],
  ['a gap of 17 is not', [point(0), point(18)], ['1:3:0+1', '1:3:18+1']],
  [
    'no gap where the profile allows none',
    [point(0, 1, { limits: { gap_registers: 0 } }), point(2, 1, { limits: { gap_registers: 0 } })],
    ['1:3:0+1', '1:3:2+1'],
  ],
  ['125 registers are one request', many(125), ['1:3:0+125']],
  ['126 are two', many(126), ['1:3:0+125', '1:3:125+1']],
  ['a device that takes 16 at once', many(40, 1, { limits: { registers: 16 } }), ['1:3:0+16', '1:3:16+16', '1:3:32+8']],
  [
    'a wide point is never cut',
    [point(0, 1, { limits: { registers: 4 } }), point(2, 4, { limits: { registers: 4 } })],
    ['1:3:0+1', '1:3:2+4'],
  ],
  ['2,000 coils are one request', many(2_000, 1, { table: 'coil' }), ['1:1:0+2000']],
  ['2,001 are two', many(2_001, 1, { table: 'coil' }), ['1:1:0+2000', '1:1:2000+1']],
  [
    'tables are apart',
    [
      point(0, 1, { table: 'coil' }),
      point(0, 1, { table: 'discrete-input' }),
      point(0),
      point(0, 1, { table: 'input-register' }),
    ],
    ['1:1:0+1', '1:2:0+1', '1:3:0+1', '1:4:0+1'],
  ],
  ['units are apart', [point(0, 1, { unit: 2 }), point(1, 1, { unit: 1 })], ['1:3:1+1', '2:3:0+1']],
  ['scan times are apart', [point(0), point(1, 1, { scan_ms: 100 })], ['1:3:1+1', '1:3:0+1']],
  [
    'devices that share a unit share requests',
    [point(0, 1, { device: 'a' }), point(1, 1, { device: 'b' })],
    ['1:3:0+2'],
  ],
  [
    'the tightest device on a shared unit holds for all it is joined with',
    [point(0), point(1, 1, { limits: { registers: 2 } }), point(2), point(3)],
    ['1:3:0+2', '1:3:2+2'],
  ],
  ['the last register', [point(65_535)], ['1:3:65535+1']],
];

test.each(TABLE)('%s', (_, points, expected) => {
  expect(told(planReads(points))).toEqual(expected);
});

/** Least number of requests by trying every way to cut the sorted points. */
function fewest(points: readonly PlanPoint[], { registers, gap_registers }: Limits): number {
  const sorted = [...points].sort((a, b) => a.source.address - b.source.address);
  const best = [0];
  for (let i = 1; i <= sorted.length; i++) {
    best[i] = Infinity;
    for (let j = 0; j < i; j++) {
      const part = sorted.slice(j, i).map((p) => p.source);
      const size = Math.max(...part.map((s) => s.address + s.count)) - (part[0]?.address ?? 0);
      let covered = part[0]?.address ?? 0;
      const gaps = part.map((s) => {
        const gap = s.address - covered;
        covered = Math.max(covered, s.address + s.count);
        return gap;
      });
      if (size <= registers && Math.max(...gaps) <= gap_registers) best[i] = Math.min(best[i] ?? 0, (best[j] ?? 0) + 1);
    }
  }
  return best[sorted.length] ?? 0;
}

test('every point is in exactly one request, inside it, within the limits, and no plan has fewer requests', () => {
  const limits = fc.record({
    registers: fc.integer({ min: 4, max: 20 }),
    bits: fc.constant(2_000),
    gap_registers: fc.integer({ min: 0, max: 6 }),
    gap_bits: fc.constant(0),
  });
  const places = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 14 });
  fc.assert(
    fc.property(limits, places, fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 14 }), (l, addresses, counts) => {
      const points = addresses.map((a, i) => point(a, counts[i] ?? 1, { limits: l }));
      const reads = planReads(points);
      expect(
        reads
          .flatMap((r) => r.points)
          .map((p) => p.metric)
          .sort(),
      ).toEqual(points.map((p) => p.metric).sort());
      for (const r of reads) {
        expect(r.count).toBeLessThanOrEqual(l.registers);
        for (const { source: s } of r.points) {
          expect(s.address).toBeGreaterThanOrEqual(r.address);
          expect(s.address + s.count).toBeLessThanOrEqual(r.address + r.count);
        }
      }
      expect(reads.length).toBe(fewest(points, l));
    }),
  );
});

describe('a request that was refused as a whole', () => {
  const parts = (points: readonly PlanPoint[]): string[] | undefined => {
    const [whole] = planReads(points);
    const found = whole && split(whole);
    return found && told(found);
  };

  test('is first tried without its gaps', () => {
    expect(parts([point(0), point(1), point(5), point(6, 2)])).toEqual(['1:3:0+2', '1:3:5+3']);
  });

  test('then by halves', () => {
    expect(parts(many(5))).toEqual(['1:3:0+3', '1:3:3+2']);
  });

  test('a single point cannot be taken apart', () => {
    expect(parts([point(0, 4)])).toBeUndefined();
  });

  test('taken apart again and again, every point ends up alone', () => {
    const apart = (r: PlannedRead): PlannedRead[] => split(r)?.flatMap(apart) ?? [r];
    const alone = planReads([point(0), point(2, 3), ...many(20, 2).slice(8)]).flatMap(apart);
    expect(alone.every((r) => r.points.length === 1)).toBe(true);
  });
});
