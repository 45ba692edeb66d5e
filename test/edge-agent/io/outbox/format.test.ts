import fc from 'fast-check';
import { ByteReader, ByteWriter } from '../../../../edge-agent/io/outbox/bytes';
import {
  type BlockRecord,
  checkBlock,
  decodeSegmentHeader,
  encodeBlock,
  encodeMarks,
  encodeSegmentHeader,
  FORMAT_VERSION,
  parseBlock,
  type SegmentHeader,
  writeRecord,
} from '../../../../edge-agent/io/outbox/format';

const uint = fc.maxSafeNat();
const bytes = fc.uint8Array({ maxLength: 300 }).map((b) => Buffer.from(b));
const record: fc.Arbitrary<BlockRecord> = fc.record({
  stream: fc.nat(20),
  counter: fc.string({ unit: 'grapheme', maxLength: 30 }),
  key: fc.string({ unit: 'grapheme', maxLength: 30 }),
  seq: uint,
  readings: uint,
  body: bytes,
});
const marks = fc.dictionary(fc.string({ maxLength: 20 }), uint).map((d) => new Map(Object.entries(d)));

function blockOf(records: readonly BlockRecord[], of: ReadonlyMap<string, number>, dictionary: Buffer): Buffer {
  const out = new ByteWriter();
  for (const r of records) writeRecord(out, r);
  return encodeBlock(Buffer.concat([encodeMarks(of), out.view()]), records.length, 7, 1_000, dictionary);
}

test('integers and text come back as they went', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(uint, fc.string({ unit: 'binary' }))), (pairs) => {
      const out = new ByteWriter();
      for (const [n, s] of pairs) {
        out.uint(n);
        out.text(s);
      }
      const reader = new ByteReader(out.view());
      for (const [n, s] of pairs) {
        expect(reader.uint()).toBe(n);
        expect(reader.text()).toBe(Buffer.from(s).toString());
      }
      expect(reader.done).toBe(true);
    }),
  );
});

test('a block comes back as it went, whatever its dictionary', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 20 }), marks, bytes, (records, of, dictionary) => {
      const block = blockOf(records, of, dictionary);
      const checked = checkBlock(Buffer.concat([block, Buffer.from('what follows')]));
      if (typeof checked === 'string') throw new Error(checked);
      expect(checked.bytes).toBe(block.length);
      expect(checked.header).toMatchObject({ count: records.length, firstIndex: 7, at: 1_000 });
      expect(parseBlock(block, checked.header, dictionary)).toEqual({ marks: of, records });
    }),
  );
});

test('one flipped bit anywhere is found', () => {
  const body = Buffer.from('some reading or other '.repeat(10));
  const block = blockOf([{ stream: 1, counter: 'a', key: 'k', seq: 1, readings: 2, body }], new Map(), Buffer.alloc(0));
  for (let bit = 0; bit < block.length * 8; bit++) {
    const damaged = Buffer.from(block);
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(typeof checkBlock(damaged)).toBe('string');
  }
});

test('hostile bytes are refused, never thrown at', () => {
  fc.assert(
    fc.property(bytes, (b) => {
      expect(typeof checkBlock(b)).toBe('string');
      expect(typeof decodeSegmentHeader(b)).toBe('string');
    }),
  );
});

test('a segment header comes back as it went, and every cut of it is short', () => {
  const header: SegmentHeader = {
    version: FORMAT_VERSION,
    outbox: 'o',
    lane: 'telemetry',
    firstIndex: 2 ** 40,
    createdAt: 5,
    counters: new Map([['press-1', { seq: 9, readings: 900 }]]),
    marks: new Map([['evicted:telemetry:3', 1]]),
    streams: [{ topic: 'm2m.telemetry', schema: 'telemetry-frame', avsc: { type: 'record' } }],
    dictionary: Buffer.from('sample'),
  };
  const encoded = encodeSegmentHeader(header);
  expect(decodeSegmentHeader(encoded)).toEqual({ header, bytes: encoded.length });
  for (let cut = 0; cut < encoded.length; cut++) expect(decodeSegmentHeader(encoded.subarray(0, cut))).toBe('short');
});
