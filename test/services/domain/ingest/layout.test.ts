import fc from 'fast-check';
import { avroType, schemas, typeOf } from '../../../../schemas/codec';
import { long } from '../../../../services/domain/ingest/container';
import { compileLayout } from '../../../../services/domain/ingest/layout';
import { NativeBlock } from './support/native-block';

const READER = schemas['telemetry-frame'];
const FRAME = typeOf('telemetry-frame');

const laid = (writer: object, bodies: readonly Buffer[]): Record<string, unknown>[] => {
  const layout = compileLayout(writer, READER)!;
  const bytes = Buffer.concat(layout(Buffer.concat(bodies), bodies.length));
  // A second block expects what the first one got; it must be the same.
  expect(Buffer.concat(layout(Buffer.concat(bodies), bodies.length))).toEqual(bytes);
  return new NativeBlock(bytes).rows();
};

const longs = fc.oneof(
  fc.integer({ min: -70, max: 70 }),
  fc.integer(),
  fc.maxSafeInteger().map((n) => Math.trunc(n / 4)),
);
const exact = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const seriesOf = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<object[]> => {
  const reading = fc.record({ dt: longs, value, quality: fc.integer({ min: 0, max: 127 }) });
  const one = fc.record({ metric: fc.string(), all: fc.array(reading), good: fc.boolean() });
  return fc.array(
    one.map(({ metric, all, good }) => ({
      metric,
      dt: all.map((r) => r.dt),
      value: all.map((r) => r.value),
      quality: good ? [] : all.map((r) => r.quality),
    })),
    { maxLength: 4 },
  );
};
const frames = fc.record({
  ...{ tenant: fc.string(), device_id: fc.string({ maxLength: 200 }), agent_id: fc.string() },
  ...{ seq: longs, ts: longs, received_at: longs, clock_offset_ms: fc.integer() },
  series: seriesOf(fc.double()),
  text_series: seriesOf(fc.string({ unit: 'grapheme', maxLength: 300 })),
  int_series: seriesOf(exact),
});

/** Longs as the block has them. */
const shown = (frame: unknown): unknown => {
  const f = frame as Record<string, unknown>;
  const series = (name: string): unknown =>
    (f[name] as { dt: number[]; value: unknown[] }[]).map((s) => ({ ...s, dt: s.dt.map(BigInt) }));
  const times = {
    seq: BigInt(f['seq'] as number),
    ts: BigInt(f['ts'] as number),
    received_at: BigInt(f['received_at'] as number),
  };
  return {
    ...f,
    ...times,
    series: series('series'),
    text_series: series('text_series'),
    int_series: series('int_series'),
  };
};

test('every frame is laid out as it was written', () => {
  fc.assert(
    fc.property(fc.array(frames, { minLength: 1, maxLength: 5 }), (written) => {
      const bodies = written.map((frame) => FRAME.toBuffer(frame));
      expect(laid(READER, bodies)).toEqual(written.map(shown));
    }),
    { numRuns: 60 },
  );
});

describe('a writer of another version', () => {
  const record = (...fields: object[]): object => ({ type: 'record', name: 'Other', fields });
  const series = (...more: object[]): object => ({
    ...{ name: 'series' },
    type: {
      type: 'array',
      items: {
        ...{ type: 'record', name: 'OtherSeries' },
        fields: [
          { name: 'value', type: { type: 'array', items: 'double' } },
          { name: 'metric', type: 'string' },
          { name: 'dt', type: { type: 'array', items: 'int' } },
          ...more,
        ],
      },
    },
  });
  const quality = { name: 'quality', type: { type: 'array', items: 'int' } };

  it('may have its fields in another order, others beside them, and lack some', () => {
    const unit = { name: 'unit', type: ['null', { type: 'map', values: 'string' }] };
    const writer = record(unit, series(quality, { ...unit, name: 'extra' }), { name: 'tenant', type: 'string' });
    const s = { value: [1.5], metric: 'speed', dt: [-3], quality: [], extra: { a: 'b' } };
    const body = avroType(writer).toBuffer({ unit: { c: 'd' }, series: [s, s], tenant: 'acme' });
    const back = { metric: 'speed', dt: [-3], value: [1.5], quality: [] };
    expect(laid(writer, [body])).toEqual([{ tenant: 'acme', series: [back, back] }]);
  });

  it.each([
    ['a field is no string and no number', record({ name: 'tenant', type: ['null', 'string'] })],
    ['a series lacks a part', record(series())],
    ['a type is declared elsewhere', record(series(quality), { name: 'again', type: 'OtherSeries' })],
  ])('goes as Avro where %s', (_, writer) => {
    expect(compileLayout(writer, READER)).toBeUndefined();
  });
});

test('arrays may come in several blocks, with or without their size', () => {
  const schema = { type: 'record', name: 'R', fields: [{ name: 'dt', type: { type: 'array', items: 'long' } }] };
  const items = (...ns: number[]): Buffer => Buffer.concat(ns.map(long));
  const body = Buffer.concat([long(2), items(1, -300), long(-1), long(2), items(5_000), long(0)]);
  const layout = compileLayout(schema, schema)!;
  expect(new NativeBlock(Buffer.concat(layout(body, 1))).rows()).toEqual([{ dt: [1n, -300n, 5_000n] }]);
});
