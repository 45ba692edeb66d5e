import * as fc from 'fast-check';
import { frameOfLine } from '../../../../edge-agent/adapters/can/candump';
import { decodeDatagram, encodeDatagram } from '../../../../edge-agent/adapters/can/cannelloni';
import { layoutOf, readSignal, SignalError, writeSignal } from '../../../../edge-agent/adapters/can/codec';
import { type CanFrame, FrameError } from '../../../../edge-agent/adapters/can/frame';
import { indicatorOf } from '../../../../edge-agent/adapters/can/j1939';
import { encodeLine, SlcanReader } from '../../../../edge-agent/adapters/can/slcan';

const frames: fc.Arbitrary<CanFrame> = fc
  .record({
    extended: fc.boolean(),
    remote: fc.boolean(),
    bytes: fc.uint8Array({ maxLength: 8 }),
    id: fc.nat(0x1fffffff),
  })
  .map(({ extended, remote, bytes, id }) => ({
    ...{ id: extended ? id : id & 0x7ff, extended, remote },
    data: Buffer.from(remote ? [] : bytes),
  }));

describe('signals', () => {
  const places = fc
    .record({
      start: fc.nat(63),
      length: fc.integer({ min: 1, max: 64 }),
      order: fc.constantFrom('little' as const, 'big' as const),
    })
    .filter((p) => layoutOf(p).bytes <= 8 && layoutOf(p).pieces.every(({ byte }) => byte >= 0));

  test('what is written is read, and no other bit changes', () => {
    fc.assert(
      fc.property(
        places,
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.uint8Array({ minLength: 8, maxLength: 8 }),
        (place, n, before) => {
          const layout = layoutOf(place);
          const value = BigInt.asUintN(place.length, n);
          const bytes = Buffer.from(before);
          writeSignal(layout, 'unsigned', value, bytes);
          expect(BigInt(readSignal(layout, 'unsigned', bytes) ?? -1)).toBe(value);
          const old = readSignal(layout, 'unsigned', Buffer.from(before)) ?? 0;
          writeSignal(layout, 'unsigned', old, bytes);
          expect(bytes).toEqual(Buffer.from(before));
        },
      ),
    );
  });

  test.each([
    ['too large', 8, 'unsigned', 256],
    ['negative', 8, 'unsigned', -1],
    ['too small', 8, 'signed', -129],
    ['no number', 8, 'unsigned', NaN],
    ['text', 8, 'float', 'x'],
  ] as const)('%s is refused', (_, length, format, value) => {
    expect(() => writeSignal(layoutOf({ start: 0, length }), format, value, Buffer.alloc(8))).toThrow(SignalError);
  });

  test('a frame that is too short has no value', () => {
    expect(readSignal(layoutOf({ start: 8, length: 8 }), 'unsigned', Buffer.alloc(1))).toBeUndefined();
    expect(() => writeSignal(layoutOf({ start: 8, length: 8 }), 'unsigned', 1, Buffer.alloc(1))).toThrow(SignalError);
  });
});

test.each([
  [0xfaff, 16, undefined],
  [0xfe00, 16, 'error'],
  [0xfeff, 16, 'error'],
  [0xff00, 16, 'missing'],
  [0xfe, 8, 'error'],
  [0xfd, 8, undefined],
  [2, 2, 'error'],
  [3, 2, 'missing'],
  [1, 1, undefined],
  [0xff000000, 32, 'missing'],
] as const)('J1939: raw %i of %i bits is %s', (raw, length, expected) => {
  expect(indicatorOf(raw, length)).toBe(expected);
});

describe('the tunnel', () => {
  test('a datagram is read as it was made', () => {
    fc.assert(
      fc.property(frames, fc.nat(255), (frame, sequence) => {
        expect(decodeDatagram(encodeDatagram(sequence, frame))).toEqual({ sequence, frames: [frame], errors: 0 });
      }),
    );
  });

  // Laid out by hand from doc/udp_format.md of cannelloni.
  test('several frames, one of them FD, one remote, one an error report', () => {
    const bytes = Buffer.from(
      '0200070004' +
        '00000123' +
        '02' +
        'beef' +
        '98ff1001' +
        '89' +
        '01' +
        '010203040506070809' +
        '40000007' +
        '04' +
        '20000000' +
        '00',
      'hex',
    );
    const { sequence, frames: read, errors } = decodeDatagram(bytes);
    expect([sequence, errors]).toEqual([7, 1]);
    expect(read).toEqual([
      { id: 0x123, extended: false, remote: false, data: Buffer.from('beef', 'hex') },
      { id: 0x18ff1001, extended: true, remote: false, data: Buffer.from('010203040506070809', 'hex') },
      { id: 7, extended: false, remote: true, data: Buffer.alloc(0) },
    ]);
    for (let n = 0; n < bytes.length; n++) expect(() => decodeDatagram(bytes.subarray(0, n))).toThrow(FrameError);
  });

  test.each([
    '',
    '0100000000',
    '0201000000',
    '020000000000',
    '020000000100000123ff',
    '02000000010000012309aabbccddeeff001122',
  ])('%s is refused', (hex) => expect(() => decodeDatagram(Buffer.from(hex, 'hex'))).toThrow(FrameError));
});

describe('slcan', () => {
  test('lines are read as they were made, byte by byte as well', () => {
    fc.assert(
      fc.property(fc.array(frames, { maxLength: 5 }), (sent) => {
        const bytes = Buffer.concat(sent.map(encodeLine));
        const expected = sent.map((frame) => ({ kind: 'frame', frame }));
        expect(new SlcanReader().feed(bytes)).toEqual(expected);
        const slow = new SlcanReader();
        expect([...bytes].flatMap((b) => slow.feed(Buffer.from([b])))).toEqual(expected);
      }),
    );
  });

  test.each([
    ['t10021133\r', ['frame']],
    ['t100211330ABC\r', ['frame']],
    ['\rz\rZ\r\x07', ['done', 'done', 'done', 'refused']],
    ['t1002113\rt9002\rTFFFFFFFF0\rV1013\r', ['noise', 'noise', 'noise', 'noise']],
    [`${'t'.repeat(500)}\rz\r`, ['noise', 'done']],
  ])('%j', (text, kinds) => {
    expect(new SlcanReader().feed(Buffer.from(text, 'latin1')).map((l) => l.kind)).toEqual(kinds);
  });

  test('a frame of CAN FD is refused', () => {
    const frame = { id: 1, extended: false, remote: false, data: Buffer.alloc(9) };
    expect(() => encodeLine(frame)).toThrow(FrameError);
  });
});

test.each([
  [
    '(1436509052.249713) can0 044#2A366C2BBA',
    { id: 0x44, extended: false, remote: false, hex: '2a366c2bba', at: 1436509052249 },
  ],
  ['(1436509053.5) vcan1 18FF1001#', { id: 0x18ff1001, extended: true, remote: false, hex: '', at: 1436509053500 }],
  ['(1.000001) can0 123#R', { id: 0x123, extended: false, remote: true, hex: '', at: 1000 }],
  [
    '(1.0) can0 123##3112233445566778899',
    { id: 0x123, extended: false, remote: false, hex: '112233445566778899', at: 1000 },
  ],
  ['(1.0) can0 123#11 R', { id: 0x123, extended: false, remote: false, hex: '11', at: 1000 }],
  ['(1.0) can0 20000080#0000000000000000', undefined],
  ['(1.0) can0 123#112233445566778899', undefined],
  ['can0 123#11', undefined],
  ['nonsense', undefined],
] as const)('a line of a log: %s', (line, expected) => {
  const read = frameOfLine(line);
  expect(
    read && { id: read.id, extended: read.extended, remote: read.remote, hex: read.data.toString('hex'), at: read.at },
  ).toEqual(expected);
});
