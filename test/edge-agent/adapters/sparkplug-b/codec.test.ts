/** Our codec against the one of others (npm sparkplug-payload), and against bytes that are nobody's. */
import fc from 'fast-check';
import { get } from 'sparkplug-payload';
import {
  decodePayload,
  encodeCommand,
  MAX_METRICS,
  type TypeName,
  TYPES,
  valueOf,
} from '../../../../edge-agent/adapters/sparkplug-b/codec';
import { ProtoError, Writer } from '../../../../edge-agent/adapters/sparkplug-b/protobuf';

const theirs = get('spBv1.0');
if (!theirs) throw new Error('no codec');

const first = (bytes: Uint8Array): unknown => {
  const [metric] = decodePayload(Buffer.from(bytes)).metrics;
  const type = (TYPES as Record<number, TypeName>)[metric?.type ?? 0];
  return metric?.raw && type && valueOf(type, metric.raw);
};

const CASES = [
  ['Int8', -128, -128],
  ['Int16', -32_768, -32_768],
  ['Int32', -2_147_483_648, -2_147_483_648],
  ['UInt8', 255, 255],
  ['UInt32', 4_294_967_295, 4_294_967_295],
  ['Int64', -5, -5n],
  ['UInt64', 9_007_199_254_740_991, 9_007_199_254_740_991n],
  ['Float', 1.5, 1.5],
  ['Double', -0.1, -0.1],
  ['Boolean', true, true],
  ['String', 'läuft', 'läuft'],
  ['DateTime', 1_700_000_000_000, 1_700_000_000_000n],
  ['Text', '', ''],
] as const;

test.each(CASES)('%s %p as others write it', (type, value, ours) => {
  const metrics = [{ name: 'm', alias: 7, timestamp: 1_700_000_000_000, type, value }];
  const bytes = theirs.encodePayload({ timestamp: 1_700_000_000_001, seq: 9, metrics } as never);
  expect(decodePayload(Buffer.from(bytes))).toMatchObject({
    at: 1_700_000_000_001,
    seq: 9,
    metrics: [{ name: 'm', alias: '7', at: 1_700_000_000_000, isNull: false }],
  });
  expect(first(bytes)).toEqual(ours);
});

test('data sets, templates and bytes have no value here', () => {
  const dataset = { numOfColumns: 1, types: ['Int32'], columns: ['a'], rows: [[1]] };
  for (const [type, value] of [
    ['DataSet', dataset],
    ['Bytes', new Uint8Array([1])],
  ] as const)
    expect(first(theirs.encodePayload({ metrics: [{ name: 'm', type, value }] } as never))).toBeUndefined();
});

test('the quality of a metric is read from its properties, and null is null', () => {
  const properties = { Other: { type: 'String', value: 'x' }, Quality: { type: 'Int32', value: 500 } };
  const bytes = theirs.encodePayload({
    metrics: [
      { name: 'm', type: 'Double', value: 1, properties },
      { name: 'n', type: 'Double', value: null, isNull: true },
    ],
  } as never);
  const [m, n] = decodePayload(Buffer.from(bytes)).metrics;
  expect([m?.quality, n?.isNull]).toEqual([500, true]);
});

test('64-bit integers go there and back', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (n) => {
      const type = n < 0 ? 'int64' : 'uint64';
      const bytes = encodeCommand({ name: 'm', type, value: n }, 1);
      expect(bytes && first(bytes)).toBe(n);
    }),
  );
});

test('what we command is what others read; what a type cannot hold is refused', () => {
  const read = (type: TypeName, value: number | boolean | string): unknown => {
    const bytes = encodeCommand({ name: 'Out/1', type, value }, 1_700_000_000_000);
    return bytes && theirs.decodePayload(bytes).metrics?.[0]?.value;
  };
  expect(read('int16', -7)).toBe(-7);
  expect(read('double', 1.25)).toBe(1.25);
  expect(read('boolean', true)).toBe(true);
  expect(read('string', 'x')).toBe('x');
  expect(read('int8', 128)).toBeUndefined();
  expect(read('uint8', 1.5)).toBeUndefined();
  expect(read('boolean', 2)).toBeUndefined();
  expect(read('float', 'x')).toBeUndefined();
});

test('hostile bytes are a ProtoError or a payload', () => {
  const seed = Buffer.from(
    theirs.encodePayload({
      timestamp: 1,
      seq: 1,
      metrics: CASES.map(([type, value]) => ({ name: 'm', type, value })),
    } as never),
  );
  const mangled = fc.tuple(fc.nat(seed.length - 1), fc.nat(255), fc.nat(seed.length)).map(([at, byte, end]) => {
    const copy = Buffer.from(seed);
    copy[at] = byte;
    return copy.subarray(0, end);
  });
  fc.assert(
    fc.property(
      fc.oneof(
        mangled,
        fc.uint8Array({ maxLength: 100 }).map((b) => Buffer.from(b)),
      ),
      (bytes) => {
        try {
          first(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtoError);
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

test('a payload of too many metrics is refused', () => {
  const one = new Writer().bytes(2, Buffer.alloc(0)).end();
  expect(() => decodePayload(Buffer.concat(Array.from({ length: MAX_METRICS + 1 }, () => one)))).toThrow(ProtoError);
});
