/** The walker against avsc: it accepts exactly the bodies that decode and end where they should. */
import { Type } from 'avsc';
import fc from 'fast-check';
import { avroType, Encoder, schemas, typeOf } from '../../../../schemas/codec';
import { type EventName } from '../../../../schemas/topics';
import { Cursor } from '../../../../services/domain/ingest/cursor';
import { Seen } from '../../../../services/domain/ingest/walk';
import { compileWalker, UnsupportedSchemaError, walk } from '../../../../services/domain/ingest/walker';

const rows = (schema: object, body: Buffer, seen = new Seen()): number =>
  walk(compileWalker(schema), new Cursor(), seen, body, 0, body.length);

const NAMES = Object.keys(schemas) as EventName[];
const SEED_RUNS = 60;

describe.each(NAMES)('%s', (name) => {
  const type = typeOf(name);
  const walker = compileWalker(schemas[name]);
  const check = (b: Buffer): number => walk(walker, new Cursor(), new Seen(), b, 0, b.length);
  const bodies = Array.from({ length: SEED_RUNS }, () => sample(name));

  test('every record is walked to its end', () => {
    for (const body of bodies) expect(check(body)).toBeGreaterThanOrEqual(0);
  });

  test('a byte more, or any number of bytes less, is refused', () => {
    for (const body of bodies.slice(0, 20)) {
      expect(check(Buffer.concat([body, Buffer.of(0)]))).toBe(-1);
      for (let cut = 0; cut < body.length; cut += 1 + Math.floor(body.length / 50))
        expect(check(body.subarray(0, cut))).toBe(-1);
    }
  });

  test('given any damage, when it is accepted, then avsc decodes it to its last byte', () => {
    fc.assert(
      fc.property(fc.nat(SEED_RUNS - 1), fc.nat(), fc.nat(255), (i, at, byte) => {
        const body = Buffer.from(bodies[i]!);
        if (body.length === 0) return;
        body[at % body.length] = byte;
        if (check(body) < 0) return;
        const { offset } = type.decode(body, 0) as { offset: number };
        expect(offset).toBe(body.length);
      }),
      { numRuns: 300 },
    );
  });

  test('random bytes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const b = Buffer.from(bytes);
        if (check(b) >= 0) expect((type.decode(b, 0) as { offset: number }).offset).toBe(b.length);
      }),
    );
  });
});

function sample(name: EventName): Buffer {
  if (name === 'telemetry-frame') return telemetry(Math.floor(Math.random() * 5), Math.floor(Math.random() * 40));
  const type = typeOf(name);
  const value: unknown = Type.forSchema(structuredClone(schemas[name]) as never).random();
  return type.toBuffer(value);
}

function telemetry(metrics: number, n: number, quality = true): Buffer {
  const dt = Array.from({ length: n }, (_, i) => (i - 3) * 10_000_000);
  const q = quality ? dt.map((_, i) => i % 70) : [];
  const series = Array.from({ length: metrics }, (_, m) => ({
    metric: `m${m}`,
    dt,
    value: dt.map((d) => d / 7),
    quality: q,
  }));
  return new Encoder('telemetry-frame').encode({
    ...{
      tenant: 't',
      device_id: 'd',
      agent_id: 'a',
      seq: 2 ** 40,
      ts: 1_767_225_600_123,
      received_at: 1_767_225_600_124,
    },
    ...{ clock_offset_ms: -5, series },
    text_series: [{ metric: 'text', dt: [1], value: ['ä'], quality: [] }],
    int_series: [{ metric: 'int', dt: [1, 2], value: [2n ** 62n, -(2n ** 63n)], quality: [0, 64] }],
  });
}

describe('a telemetry frame', () => {
  const schema = schemas['telemetry-frame'];

  test('tells its readings and their times', () => {
    const seen = new Seen();
    expect(rows(schema, telemetry(3, 10), seen)).toBe(33);
    expect(seen).toMatchObject({
      ts: 1_767_225_600_123,
      at: 1_767_225_600_124,
      minDt: -30_000_000,
      maxDt: 60_000_000,
    });
    expect(seen).toMatchObject({ ragged: false, nameless: false });
  });

  test.each([
    ['value', { dt: [1, 2], value: [1], quality: [] }],
    ['dt', { dt: [1], value: [1, 2], quality: [] }],
    ['quality', { dt: [1, 2], value: [1, 2], quality: [0] }],
  ])('whose %s has another length is ragged', (_, arrays) => {
    const body = new Encoder('telemetry-frame').encode({
      ...{ tenant: 't', device_id: 'd', agent_id: 'a', seq: 1, ts: 0, received_at: 0, clock_offset_ms: 0 },
      ...{ series: [{ metric: 'm', ...arrays }], text_series: [], int_series: [] },
    });
    const seen = new Seen();
    expect(rows(schema, body, seen)).toBeGreaterThanOrEqual(0);
    expect(seen.ragged).toBe(true);
  });
});

describe('what Avro allows and our codec does not write', () => {
  const longs = { type: 'record', name: 'R', fields: [{ name: 'a', type: { type: 'array', items: 'long' } }] };

  test('an array in several blocks, one of them with its size', () => {
    // 2 items (count -2, size 2), then 1 item, then the end
    expect(rows(longs, Buffer.from([0x03, 0x04, 0x02, 0x04, 0x02, 0x06, 0x00]))).toBe(1);
  });

  test('a count beyond the bytes is refused at once', () => {
    const huge = Buffer.from([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x00]);
    expect(rows(longs, huge)).toBe(-1);
    const nulls = { type: 'record', name: 'R', fields: [{ name: 'a', type: { type: 'array', items: 'null' } }] };
    expect(rows(nulls, huge)).toBe(-1);
  });

  test.each([
    ['int beyond 32 bits', 'int', 'ffffffff1f', -1],
    ['greatest int', 'int', 'feffffff0f', 1],
    ['long of eleven bytes', 'long', 'ffffffffffffffffffff01', -1],
    ['greatest long', 'long', 'feffffffffffffffff01', 1],
    ['boolean 2', 'boolean', '02', -1],
    ['string of negative length', 'string', '01', -1],
  ])('%s', (_, type, hex, expected) => {
    const schema = { type: 'record', name: 'R', fields: [{ name: 'a', type }] };
    expect(rows(schema, Buffer.from(hex, 'hex'))).toBe(expected);
  });

  test('enum, union and fixed out of bounds', () => {
    const field = (type: object) => ({ type: 'record', name: 'R', fields: [{ name: 'a', type }] });
    const en = field({ type: 'enum', name: 'E', symbols: ['x', 'y'] });
    expect([rows(en, Buffer.of(2)), rows(en, Buffer.of(4)), rows(en, Buffer.of(1))]).toEqual([1, -1, -1]);
    const un = field(['null', 'boolean']);
    expect([rows(un, Buffer.of(0)), rows(un, Buffer.of(2, 1)), rows(un, Buffer.of(4))]).toEqual([1, 1, -1]);
    const fx = field({ type: 'fixed', name: 'F', size: 3 });
    expect([rows(fx, Buffer.of(1, 2, 3)), rows(fx, Buffer.of(1, 2))]).toEqual([1, -1]);
  });

  test('a record inside itself, and types by name in a namespace', () => {
    const tree = {
      ...{ type: 'record', name: 'Tree', namespace: 'n.s' },
      fields: [
        { name: 'left', type: ['null', 'Tree'] },
        { name: 'm', type: { type: 'map', values: 'n.s.Tree' } },
      ],
    };
    const type = avroType(tree);
    const leaf = { left: null, m: {} };
    const value = { left: { left: leaf, m: {} }, m: { k: leaf } };
    const wrapped = JSON.parse(JSON.stringify(value).replaceAll('"left":{', '"left":{')) as unknown;
    expect(rows(tree, type.toBuffer(wrapped))).toBe(1);
  });

  test('a type that is not defined is no schema', () => {
    expect(() => compileWalker({ type: 'record', name: 'R', fields: [{ name: 'a', type: 'Nothing' }] })).toThrow(
      UnsupportedSchemaError,
    );
  });
});
