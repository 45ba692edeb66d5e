import * as fc from 'fast-check';
import { pointsFromCsv } from '../../../../edge-agent/core/profile/points-csv';
import { pointsToCsv } from '../../../../edge-agent/core/profile/points-to-csv';
import { type PointSection } from '../../../../edge-agent/core/profile/types';

const number = fc.double({ noNaN: true, noDefaultInfinity: true });
const words = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 40 })
  .filter((s) => s.trim() === s && !/[\0\r]/.test(s));
const order = fc.constantFrom('big' as const, 'little' as const);

const scale = fc.oneof(
  fc.record({ factor: number, offset: number }, { requiredKeys: ['factor'] }),
  fc.record({ raw_low: number, raw_high: number, low: number, high: number }),
);
const deadband = fc.oneof(
  number,
  fc.record({ percent: number, heartbeat_ms: fc.nat() }, { requiredKeys: ['percent'] }),
  fc.record({ absolute: number, heartbeat_ms: fc.nat() }),
);

const point: fc.Arbitrary<PointSection> = fc.record(
  {
    metric: fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,20}$/),
    table: fc.constantFrom('coil', 'discrete-input', 'holding-register', 'input-register'),
    address: fc.nat(65_535),
    type: fc.constantFrom('bool', 'int16', 'uint64', 'float32', 'string', 'bits'),
    length: fc.nat(125),
    bit: fc.nat(15),
    bit_count: fc.nat(16),
    word_order: order,
    byte_order: order,
    scan_ms: fc.nat(),
    scale,
    low: number,
    high: number,
    unit: words,
    source_unit: words,
    deadband,
    writable: fc.boolean(),
    description: words,
  },
  { requiredKeys: ['metric', 'table', 'address'] },
);

test.each([';', ','] as const)('a tag list separated by %s is read back as it was', (delimiter) => {
  fc.assert(
    fc.property(fc.array(point, { minLength: 1, maxLength: 8 }), (points) => {
      const { csv, leftOut } = pointsToCsv(points, delimiter);
      const read = pointsFromCsv('tags.csv', csv);
      expect([read.problems, leftOut]).toEqual([[], []]);
      expect(read.points.map((p) => p.section)).toEqual(points.map(plain));
    }),
  );
});

/** -0 is 0 in a text. */
const plain = (p: PointSection): unknown => JSON.parse(JSON.stringify(p));

test('columns nobody uses are left out, and so is what has no column, which is said', () => {
  const points = [{ metric: 'x', table: 'coil', address: 3, rules: [] }] as unknown as PointSection[];
  expect(pointsToCsv(points)).toEqual({ csv: 'metric;table;address\nx;coil;3\n', leftOut: ['x: rules'] });
});

test('what spreadsheets make of it is read too: a comma as decimal sign, blanks, manual addresses, headers in words', () => {
  const { points, problems } = pointsFromCsv(
    'tags.csv',
    '\uFEFFTag Name;Address;Data Type;Scan Rate;Raw Low;Raw High;Eng Low;Eng High;Units;Comment\r\nT1;40001;REAL;;0;4095;-10,5;120,5;Cel;"Flow; hot"\r\n\r\n;;;\r\nK1;00017;;500;;;;;;\r\n',
  );
  expect(problems).toEqual([]);
  expect(points.map((p) => [p.place.line, p.section])).toEqual([
    [
      2,
      {
        ...{
          metric: 'T1',
          table: 'holding-register',
          address: 0,
          type: 'float32',
          low: -10.5,
          high: 120.5,
          unit: 'Cel',
        },
        ...{ scale: { raw_low: 0, raw_high: 4_095, low: -10.5, high: 120.5 }, description: 'Flow; hot' },
      },
    ],
    [5, { metric: 'K1', table: 'coil', address: 16, scan_ms: 500 }],
  ]);
});
