import fc from 'fast-check';
import { avroType, schemas, typeOf } from '../../../../schemas/codec';
import { Memory } from '../../../../services/domain/ingest/memory';
import { compileSeries } from '../../../../services/domain/ingest/series';
import { layoutsOf } from '../../../../services/domain/ingest/shape';
import { NativeBlock } from './support/native-block';

const READER = schemas['telemetry-frame'];
const FRAME = typeOf('telemetry-frame');
const T0 = Date.UTC(2026, 0, 15, 10);
const MINUTE = 60_000;
const KINDS = ['series', 'int_series', 'text_series'] as const;

interface Written {
  readonly metric: string;
  readonly dt: readonly number[];
  readonly value: readonly unknown[];
  readonly quality: readonly number[];
}
interface Frame {
  readonly tenant: string;
  readonly device_id: string;
  readonly agent_id: string;
  readonly seq: number;
  readonly ts: number;
  readonly received_at: number;
  readonly clock_offset_ms: number;
  readonly series: readonly Written[];
  readonly int_series: readonly Written[];
  readonly text_series: readonly Written[];
}
type Row = Record<'tenant' | 'device_id' | 'agent_id' | 'metric', string> &
  Record<'kind' | 'minute' | 'newest', number> &
  Record<'seq' | 'received_at', bigint> &
  Record<'dt' | 'quality' | 'seqs' | 'received' | 'offsets', number[]> &
  Record<'value' | 'value_int' | 'value_text', unknown[]>;

const frame = (over: Partial<Frame> = {}): Frame => ({
  ...{ tenant: 'acme', device_id: 'd1', agent_id: 'a1', seq: 1, ts: T0, received_at: T0 + 5, clock_offset_ms: 0 },
  ...{ series: [], int_series: [], text_series: [], ...over },
});
const series = (metric: string, dt: number[], value: unknown[], quality: number[] = []): Written => ({
  ...{ metric, dt, value, quality },
});
const bodiesOf = (frames: readonly object[]): Buffer => Buffer.concat(frames.map((f) => FRAME.toBuffer(f)));
/** One for all: what is kept of an earlier block must not be seen in a later one. */
const layout = compileSeries(READER, new Memory(2, 0))!;
const rowsOf = (frames: readonly object[]): Row[] => {
  const { rows, parts, release } = layout(bodiesOf(frames), frames.length)!;
  const found = new NativeBlock(Buffer.concat(parts)).rows() as unknown as Row[];
  release();
  expect(found).toHaveLength(rows);
  return found;
};

/** A reading as readings_raw has it. */
const flat = (...of: readonly unknown[]): string =>
  JSON.stringify(of, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : Object.is(v, NaN) ? 'NaN' : v));
const readingsOf = (f: Frame): string[] =>
  KINDS.flatMap((kind, k) =>
    f[kind].flatMap((s) =>
      s.dt.map((dt, i) =>
        flat(
          ...[f.tenant, f.device_id, f.agent_id, s.metric, k, f.ts + dt, BigInt(f.seq), BigInt(f.received_at)],
          ...[f.clock_offset_ms, s.quality[i] ?? 0, s.value[i]],
        ),
      ),
    ),
  );
const valuesOf = (r: Row): unknown[] => [r.value, r.value_int, r.value_text][r.kind]!;
const readingsIn = (r: Row): string[] =>
  r.dt.map((dt, i) =>
    flat(
      ...[r.tenant, r.device_id, r.agent_id, r.metric, r.kind, r.minute * MINUTE + dt, r.seq + BigInt(r.seqs[i]!)],
      ...[r.received_at + BigInt(r.received[i]!), r.offsets[i], r.quality[i], valuesOf(r)[i]],
    ),
  );

const written = (value: fc.Arbitrary<unknown>): fc.Arbitrary<Written[]> => {
  const dt = fc.oneof(fc.integer({ min: -90_000, max: 90_000 }), fc.nat(3));
  const reading = fc.record({ dt, value, quality: fc.nat(127) });
  const metric = fc.constantFrom('b', 'a', 'temperature', 'ü', '');
  const one = fc.record({ metric, all: fc.array(reading, { maxLength: 4 }), good: fc.boolean() });
  const columns = one.map(({ metric, all, good }) =>
    series(
      metric,
      all.map((r) => r.dt),
      all.map((r) => r.value),
      good ? [] : all.map((r) => r.quality),
    ),
  );
  return fc.array(columns, { maxLength: 4 });
};
const frames: fc.Arbitrary<Frame> = fc.record({
  ...{
    tenant: fc.constantFrom('a', 'b'),
    device_id: fc.constantFrom('d', 'd2', 'e'),
    agent_id: fc.constantFrom('x', 'y'),
  },
  seq: fc.oneof(fc.nat(50), fc.constantFrom(2 ** 20 - 1, 2 ** 20, 2 ** 33, 2 ** 50)),
  ts: fc.nat(200_000).map((n) => T0 + n),
  received_at: fc.oneof(fc.nat(100), fc.constantFrom(2 ** 32)).map((n) => T0 + n),
  clock_offset_ms: fc.integer(),
  series: written(fc.double()),
  int_series: written(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  text_series: written(fc.string({ unit: 'grapheme', maxLength: 200 })),
});

test('every reading is in one row of its minute, in the order of the tables, and the newest is marked', () => {
  fc.assert(
    fc.property(fc.array(frames, { minLength: 1, maxLength: 8 }), (list) => {
      const rows = rowsOf(list);
      expect(rows.flatMap(readingsIn).sort()).toEqual(list.flatMap(readingsOf).sort());
      const newest = new Map<string, bigint>();
      for (const r of rows) {
        expect(r.dt.every((dt) => dt < MINUTE)).toBe(true);
        const places = r.dt.map((dt, i) => placeOf(r.minute * MINUTE + dt, r.seq + BigInt(r.seqs[i]!)));
        expect(places).toEqual([...places].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
        const key = flat(r.tenant, r.device_id, r.agent_id, r.metric, r.kind);
        const last = places.at(-1)!;
        if (last > (newest.get(key) ?? -1n)) newest.set(key, last);
      }
      const marked = rows.filter((r) => r.newest === 1);
      expect(marked).toHaveLength(newest.size);
      for (const r of marked)
        expect(placeOf(r.minute * MINUTE + r.dt.at(-1)!, r.seq + BigInt(r.seqs.at(-1)!))).toBe(
          newest.get(flat(r.tenant, r.device_id, r.agent_id, r.metric, r.kind)),
        );
      const names = rows.map((r) => [r.tenant, r.device_id].map((n) => Buffer.from(n).toString('hex')).join(' '));
      expect(names).toEqual([...names].sort());
    }),
    { numRuns: 60 },
  );
});

const placeOf = (t: number, seq: bigint): bigint => BigInt(t) * 2n ** 20n + (seq % 2n ** 20n);

test('frames of one reading become one row for each metric and minute', () => {
  const list = Array.from({ length: 90 }, (_, i) =>
    frame({ seq: i + 1, ts: T0 + i * 1_000, series: [series('speed', [0], [i]), series('level', [0], [-i])] }),
  );
  const rows = rowsOf(list);
  expect(rows.map((r) => [r.metric, r.dt.length, r.newest])).toEqual([
    ['level', 60, 0],
    ['level', 30, 1],
    ['speed', 60, 0],
    ['speed', 30, 1],
  ]);
  expect(rows[3]).toMatchObject({ minute: T0 / MINUTE + 1, seq: 61n, seqs: Array.from({ length: 30 }, (_, i) => i) });
});

test('what does not fit beside a row’s first reading begins another row', () => {
  const far = 2 ** 40;
  const rows = rowsOf([1, far, far + 1].map((seq, i) => frame({ seq, series: [series('speed', [i], [i])] })));
  expect(rows.map((r) => [r.seq, r.seqs])).toEqual([
    [1n, [0]],
    [BigInt(far), [0, 1]],
  ]);
});

describe('goes as whole frames', () => {
  const layouts = layoutsOf(READER, READER, { frames: 'in_telemetry', series: 'in_series' })!;
  const tableOf = (f: object): string => layouts.series(bodiesOf([f]), 1).table;

  it.each([
    ['a sequence number is no whole number from 0', frame({ seq: -1 })],
    ['a quality does not fit a byte', frame({ series: [series('speed', [0], [1], [256])] })],
  ])('what it brings where %s', (_, f) => {
    expect(tableOf(frame())).toBe('in_series');
    expect(tableOf(f)).toBe('in_telemetry');
  });

  it('whatever was intended so', () => {
    expect(layouts.frames(bodiesOf([frame()]), 1).table).toBe('in_telemetry');
  });
});

describe('a writer of another version', () => {
  interface Field {
    readonly name: string;
  }
  const { fields } = READER as unknown as { readonly fields: readonly Field[] };
  const schemaOf = (of: readonly object[]): object => ({ ...READER, fields: of });

  it('may have fields beside, and lack some', () => {
    const unit = { name: 'unit', type: ['null', { type: 'map', values: 'string' }] };
    const writer = schemaOf([unit, ...fields.filter((f) => f.name !== 'clock_offset_ms' && f.name !== 'text_series')]);
    const f = { ...frame({ series: [series('speed', [0], [1.5])] }), unit: { a: 'b' } };
    const { parts } = compileSeries(writer)!(avroType(writer).toBuffer(f), 1)!;
    expect(new NativeBlock(Buffer.concat(parts)).rows()).toMatchObject([
      { device_id: 'd1', metric: 'speed', value: [1.5], seq: 1n, offsets: [0] },
    ]);
  });

  it.each([
    ['lacks a name', fields.filter((f) => f.name !== 'agent_id')],
    ['has series before its times', [...fields].reverse()],
    ['has other series', fields.map((f) => (f.name === 'series' ? { name: 'series', type: 'string' } : f))],
  ])('is not sorted where it %s', (_, of) => {
    expect(compileSeries(schemaOf(of))).toBeUndefined();
  });
});
