import fc from 'fast-check';
import { CodecError, Decoder, Encoder, frame, MAX_PLAIN_LONG, schemas, typeOf, unframe } from '../../schemas/codec';
import { type CommandEvent, type TelemetryFrame } from '../../schemas/generated';
import { type EventName } from '../../schemas/topics';

const long = fc.integer({ min: -MAX_PLAIN_LONG, max: MAX_PLAIN_LONG - 1 });
const seriesOf = <T>(value: fc.Arbitrary<T>) =>
  fc.array(
    fc
      .array(fc.tuple(long, value, fc.integer({ min: 0, max: 127 })), { maxLength: 5 })
      .map((rows) => ({ dt: rows.map((r) => r[0]), value: rows.map((r) => r[1]), quality: rows.map((r) => r[2]) }))
      .chain((s) => fc.string().map((metric) => ({ metric, ...s }))),
    { maxLength: 3 },
  );
const frames: fc.Arbitrary<TelemetryFrame> = fc.record({
  tenant: fc.string(),
  device_id: fc.string(),
  agent_id: fc.string(),
  seq: long,
  ts: long,
  received_at: long,
  clock_offset_ms: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  series: seriesOf(fc.double()),
  text_series: seriesOf(fc.string({ unit: 'binary' })),
  int_series: seriesOf(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
});

describe('telemetry frame', () => {
  const encoder = new Encoder('telemetry-frame');
  const decoder = new Decoder('telemetry-frame');

  test('survives encoding whole: doubles bit for bit, text, every 64-bit integer', () => {
    fc.assert(fc.property(frames, (f) => expect(decoder.decode(encoder.encode(f))).toEqual(f)));
  });

  test('every proper prefix is refused, none is misread', () => {
    fc.assert(
      fc.property(frames, fc.nat(), (f, cut) => {
        const body = encoder.encode(f);
        expect(() => decoder.decode(body.subarray(0, cut % body.length))).toThrow(CodecError);
      }),
    );
  });

  test('garbage never hangs and only ever throws CodecError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        try {
          decoder.decode(Buffer.from(bytes));
        } catch (e) {
          expect(e).toBeInstanceOf(CodecError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('a record larger than the slab is encoded whole', () => {
    const n = 50_000;
    const big: TelemetryFrame = {
      tenant: 't',
      device_id: 'd',
      agent_id: 'a',
      seq: 1,
      ts: 0,
      received_at: 0,
      clock_offset_ms: 0,
      series: [
        { metric: 'm', dt: Array.from({ length: n }, (_, i) => i), value: Array<number>(n).fill(Math.PI), quality: [] },
      ],
      text_series: [],
      int_series: [],
    };
    expect(decoder.decode(encoder.encode(big)).series[0]?.value).toHaveLength(n);
  });
});

test('an invalid record is refused by the name of its field', () => {
  const bad = { command_id: 'c', at: 'yesterday' } as unknown as CommandEvent;
  expect(() => new Encoder('command-event').encode(bad)).toThrow(/field tenant/);
});

test.each(Object.keys(schemas) as EventName[])('%s compiles and its defaults are valid', (name) => {
  expect(() => typeOf(name).random()).not.toThrow();
});

describe('framing', () => {
  test('is zero byte, id big-endian, body', () => {
    const framed = frame(0x01020304, Buffer.from([9, 8]));
    expect([...framed]).toEqual([0, 1, 2, 3, 4, 9, 8]);
    expect(unframe(framed)).toEqual({ schemaId: 0x01020304, body: Buffer.from([9, 8]) });
  });

  test.each([[Buffer.alloc(0)], [Buffer.from([0, 0, 0])], [Buffer.from([1, 0, 0, 0, 1, 5])]])('%p is refused', (m) => {
    expect(() => unframe(m)).toThrow(expect.objectContaining({ code: 'not-framed' }));
  });

  test('encodeFramed equals frame of encode', () => {
    const encoder = new Encoder('presence');
    const p = {
      tenant: 't',
      device_id: 'd',
      agent_id: 'a',
      status: 'online',
      since: 1,
      last_seen: 2,
      interval_ms: 3,
      reason: '',
    };
    expect(encoder.encodeFramed(7, p)).toEqual(frame(7, encoder.encode(p)));
  });
});
