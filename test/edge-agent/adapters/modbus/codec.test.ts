import * as fc from 'fast-check';
import { crc16 } from '../../../../edge-agent/adapters/modbus/codec/crc16';
import { FramingError, type Inbound } from '../../../../edge-agent/adapters/modbus/codec/framing';
import { Mbap } from '../../../../edge-agent/adapters/modbus/codec/mbap';
import {
  decodeResponse,
  encodeRequest,
  exceptionText,
  PduError,
  type Request,
} from '../../../../edge-agent/adapters/modbus/codec/pdu';
import { Rtu } from '../../../../edge-agent/adapters/modbus/codec/rtu';

const hex = (s: string): Buffer => Buffer.from(s.replaceAll(' ', ''), 'hex');

// Frames as printed in the Modbus Application Protocol Specification V1.1b3, chapter 6.
const SPECIFIED: readonly { name: string; request: Request; sent: string; answer: string; data: string }[] = [
  {
    name: '01 read coils 20-38',
    request: { fn: 1, address: 19, count: 19 },
    sent: '01 0013 0013',
    answer: '01 03 CD6B05',
    data: 'CD6B05',
  },
  {
    name: '02 read discrete inputs 197-218',
    request: { fn: 2, address: 196, count: 22 },
    sent: '02 00C4 0016',
    answer: '02 03 ACDB35',
    data: 'ACDB35',
  },
  {
    name: '03 read holding registers 108-110',
    request: { fn: 3, address: 107, count: 3 },
    sent: '03 006B 0003',
    answer: '03 06 022B00000064',
    data: '022B00000064',
  },
  {
    name: '04 read input register 9',
    request: { fn: 4, address: 8, count: 1 },
    sent: '04 0008 0001',
    answer: '04 02 000A',
    data: '000A',
  },
  {
    name: '05 write coil 173 on',
    request: { fn: 5, address: 172, value: 1 },
    sent: '05 00AC FF00',
    answer: '05 00AC FF00',
    data: '',
  },
  {
    name: '05 write coil 173 off',
    request: { fn: 5, address: 172, value: 0 },
    sent: '05 00AC 0000',
    answer: '05 00AC 0000',
    data: '',
  },
  {
    name: '06 write register 2',
    request: { fn: 6, address: 1, value: 3 },
    sent: '06 0001 0003',
    answer: '06 0001 0003',
    data: '',
  },
  {
    name: '15 write 10 coils at 20',
    request: { fn: 15, address: 19, bits: [...'1011001110'].map((c) => c === '1') },
    sent: '0F 0013 000A 02 CD01',
    answer: '0F 0013 000A',
    data: '',
  },
  {
    name: '16 write 2 registers at 2',
    request: { fn: 16, address: 1, data: hex('000A0102') },
    sent: '10 0001 0002 04 000A0102',
    answer: '10 0001 0002',
    data: '',
  },
  {
    name: '22 mask register 5',
    request: { fn: 22, address: 4, and: 0xf2, or: 0x25 },
    sent: '16 0004 00F2 0025',
    answer: '16 0004 00F2 0025',
    data: '',
  },
  {
    name: '23 read 6 from 4, write 3 at 15',
    request: { fn: 23, address: 3, count: 6, write: 14, data: hex('00FF00FF00FF') },
    sent: '17 0003 0006 000E 0003 06 00FF00FF00FF',
    answer: '17 0C 00FE0ACD00010003000D00FF',
    data: '00FE0ACD00010003000D00FF',
  },
];

describe('PDU', () => {
  test.each(SPECIFIED)('$name', ({ request, sent, answer, data }) => {
    expect(encodeRequest(request).toString('hex')).toBe(hex(sent).toString('hex'));
    expect(decodeResponse(request, hex(answer))).toEqual({ ok: true, data: hex(data) });
  });

  test.each(SPECIFIED)('an exception in answer to $name', ({ request }) => {
    expect(decodeResponse(request, Buffer.of(request.fn | 0x80, 2))).toEqual({ ok: false, exception: 2 });
  });

  const read: Request = { fn: 3, address: 0, count: 2 };
  const REFUSED: readonly [string, Request, string][] = [
    ['nothing', read, ''],
    ['a function alone', read, '03'],
    ['another function', read, '04 04 00000000'],
    ['another function refused', read, '84 02'],
    ['an exception with more behind it', read, '83 02 00'],
    ['too few registers', read, '03 02 0000'],
    ['too many registers', read, '03 06 000000000000'],
    ['a count that lies', read, '03 04 0000'],
    ['a wrong echo of an address', { fn: 6, address: 1, value: 3 }, '06 0002 0003'],
    ['a wrong echo of a value', { fn: 6, address: 1, value: 3 }, '06 0001 0004'],
    ['a short echo', { fn: 16, address: 1, data: hex('0001') }, '10 0001'],
    ['a wrong count written', { fn: 16, address: 1, data: hex('0001') }, '10 0001 0002'],
  ];
  test.each(REFUSED)('%s is refused', (_, request, answer) => {
    expect(() => decodeResponse(request, hex(answer))).toThrow(PduError);
  });

  const IMPOSSIBLE: readonly [string, Request][] = [
    ['126 registers', { fn: 3, address: 0, count: 126 }],
    ['2,001 bits', { fn: 1, address: 0, count: 2_001 }],
    ['no registers', { fn: 3, address: 0, count: 0 }],
    ['an address below 0', { fn: 3, address: -1, count: 1 }],
    ['beyond the last address', { fn: 3, address: 65_535, count: 2 }],
    ['a value of 17 bits', { fn: 6, address: 0, value: 65_536 }],
    ['124 registers to write', { fn: 16, address: 0, data: Buffer.alloc(248) }],
    ['half a register', { fn: 16, address: 0, data: Buffer.alloc(3) }],
    ['1,969 coils to write', { fn: 15, address: 0, bits: Array<boolean>(1_969).fill(true) }],
    ['122 registers to write and read', { fn: 23, address: 0, count: 1, write: 0, data: Buffer.alloc(244) }],
  ];
  test.each(IMPOSSIBLE)('a request for %s cannot be made', (_, request) => {
    expect(() => encodeRequest(request)).toThrow(RangeError);
  });

  test('the largest requests of each kind fit into a PDU', () => {
    const largest: Request[] = [
      { fn: 15, address: 0, bits: Array<boolean>(1_968).fill(true) },
      { fn: 16, address: 0, data: Buffer.alloc(246) },
      { fn: 23, address: 0, count: 125, write: 0, data: Buffer.alloc(242) },
    ];
    for (const r of largest) expect(encodeRequest(r).length).toBeLessThanOrEqual(253);
  });

  test('whatever comes in answer, the decoder accepts it or throws PduError', () => {
    const requests = fc.constantFrom(...SPECIFIED.map((s) => s.request));
    fc.assert(
      fc.property(requests, fc.uint8Array({ maxLength: 300 }), (request, bytes) => {
        try {
          decodeResponse(request, Buffer.from(bytes));
        } catch (e) {
          expect(e).toBeInstanceOf(PduError);
        }
      }),
    );
  });

  test('exceptions have names', () => {
    expect(exceptionText(2)).toBe('exception 2 (illegal data address)');
    expect(exceptionText(99)).toBe('exception 99 (unknown)');
  });
});

describe('CRC', () => {
  // Modbus over Serial Line V1.02, 6.2.2: 02 07 -> 41 12; the check value of CRC-16/MODBUS is 4B37.
  test('of the specification and of the catalogue', () => {
    expect(crc16(hex('0207'))).toBe(0x1241);
    expect(crc16(Buffer.from('123456789'))).toBe(0x4b37);
  });
});

const plain = (frames: Inbound[]): object[] => frames.map((f) => ({ ...f, pdu: f.pdu.toString('hex') }));

describe('MBAP', () => {
  const answer = hex('1234 0000 0005 11 03 02 002A');
  const framed = { transaction: 0x1234, unit: 0x11, pdu: '0302002a' };

  test('puts the header before a PDU', () => {
    expect(new Mbap().encode(0x1234, 0x11, hex('03006B0003'))).toEqual(hex('1234 0000 0006 11 03 006B 0003'));
  });

  test('takes frames apart, several from one chunk', () => {
    expect(plain(new Mbap().feed(Buffer.concat([answer, answer])))).toEqual([framed, framed]);
  });

  test('takes a frame byte by byte', () => {
    const mbap = new Mbap();
    const fed = [...answer].map((byte) => mbap.feed(Buffer.of(byte)));
    expect(fed.slice(0, -1).every((f) => f.length === 0)).toBe(true);
    expect(plain(fed.at(-1) ?? [])).toEqual([framed]);
  });

  test.each([
    ['another protocol', '0001 0001 0005 11 03 02 002A'],
    ['a length of 0', '0001 0000 0000 11'],
    ['a length without a PDU', '0001 0000 0001 11'],
    ['a length beyond any frame', '0001 0000 00FF 11'],
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n').toString('hex')],
  ])('%s cannot be followed', (_, bytes) => {
    expect(() => new Mbap().feed(hex(bytes))).toThrow(FramingError);
  });

  test('never keeps more than a frame, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 20 }), (chunks) => {
        const mbap = new Mbap();
        try {
          for (const chunk of chunks) mbap.feed(Buffer.from(chunk));
        } catch (e) {
          expect(e).toBeInstanceOf(FramingError);
        }
        expect((mbap as unknown as { rest: Buffer }).rest.length).toBeLessThan(260);
      }),
    );
  });

  test('round trip of any PDUs in any pieces', () => {
    const pdu = fc.uint8Array({ minLength: 1, maxLength: 253 });
    fc.assert(
      fc.property(fc.array(pdu, { maxLength: 8 }), fc.integer({ min: 1, max: 50 }), (pdus, size) => {
        const [out, back] = [new Mbap(), new Mbap()];
        const bytes = Buffer.concat(pdus.map((p, i) => out.encode(i, 7, Buffer.from(p))));
        const got: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += size)
          got.push(...back.feed(bytes.subarray(at, at + size)).map((f) => Buffer.from(f.pdu)));
        expect(got).toEqual(pdus.map((p) => Buffer.from(p)));
      }),
    );
  });
});

describe('RTU', () => {
  const rtu = (bytes: string): Buffer => new Rtu().encode(0, hex(bytes)[0] ?? 0, hex(bytes).subarray(1));

  test('puts unit and CRC around a PDU', () => {
    // A read of one register at 0 of unit 1, as in every manual.
    expect(rtu('01 03 0000 0001')).toEqual(hex('01 03 0000 0001 840A'));
  });

  test.each([
    ['a read', '11 03 06 022B00000064'],
    ['an exception', '11 83 02'],
    ['an echo', '11 06 0001 0003'],
    ['an acknowledged block', '11 10 0001 0002'],
    ['a mask', '11 16 0004 00F2 0025'],
    ['a read and write', '11 17 02 00FF'],
  ])('takes %s byte by byte', (_, body) => {
    const framing = new Rtu();
    const fed = [...rtu(body)].map((byte) => framing.feed(Buffer.of(byte)));
    expect(fed.slice(0, -1).every((f) => f.length === 0)).toBe(true);
    expect(plain(fed.at(-1) ?? [])).toEqual([{ unit: 0x11, pdu: hex(body).subarray(1).toString('hex') }]);
  });

  test('a flipped bit anywhere is noticed or waits for bytes that never come', () => {
    const good = rtu('11 03 06 022B00000064');
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bad = Buffer.from(good);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      let frames: Inbound[] = [];
      try {
        frames = new Rtu().feed(bad);
      } catch (e) {
        expect((e as FramingError).code).toBe('checksum');
      }
      expect(frames).toEqual([]);
    }
  });

  test('after damage drops everything up to the next request', () => {
    const framing = new Rtu();
    expect(() => framing.feed(hex('11 03 02 0000 FFFF'))).toThrow(FramingError);
    expect(framing.feed(rtu('11 03 02 0001'))).toEqual([]);
    expect(() => framing.silence()).not.toThrow();
    framing.reset();
    expect(framing.feed(rtu('11 03 02 0001'))).toHaveLength(1);
  });

  test('a frame that breaks off is damaged once the line is silent', () => {
    const framing = new Rtu();
    expect(() => framing.silence()).not.toThrow();
    framing.feed(hex('11 03 02 00'));
    expect(() => framing.silence()).toThrow('broke off after 4 bytes');
    framing.reset();
    expect(framing.feed(rtu('11 03 02 0001'))).toHaveLength(1);
    expect(() => framing.silence()).not.toThrow();
  });

  test('whatever comes, it is frames or FramingError, and little is kept', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (chunks) => {
        const framing = new Rtu();
        for (const chunk of chunks)
          try {
            framing.feed(Buffer.from(chunk));
          } catch (e) {
            expect(e).toBeInstanceOf(FramingError);
          }
        expect((framing as unknown as { rest: Buffer }).rest.length).toBeLessThanOrEqual(260);
      }),
    );
  });
});
