/* eslint-disable @typescript-eslint/no-require-imports -- the encoder of kafkajs is not among its public types */
import { gzipSync } from 'node:zlib';
import { crc32c } from '@node-rs/crc32';
import fc from 'fast-check';
import { ProjectorError } from '../../../../services/projector/errors';
import { type Aborted, MAX_INFLATED_BYTES, readBatches } from '../../../../services/projector/kafka/record-batch';

interface Encoded {
  readonly buffer: Buffer;
}
const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch(of: object): Promise<Encoded>;
};
const Record = require('kafkajs/src/protocol/recordBatch/record/v0') as (of: object) => Encoded;
const Long = require('kafkajs/src/utils/long') as { fromValue(n: number): unknown };

interface Written {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly after_ms: number;
  readonly headers: Readonly<Record<string, Buffer>>;
}
interface BatchShape {
  readonly records: readonly Written[];
  readonly producer: number;
  readonly transactional: boolean;
  readonly gzip: boolean;
}

const T0 = Date.UTC(2026, 0, 1);
const COMMIT = Buffer.from([0, 0, 0, 1]);
const ABORT = Buffer.from([0, 0, 0, 0]);
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const CONTROL = 0x20;

/** A batch by kafkajs's own encoder. */
async function encoded(shape: BatchShape, firstOffset: number): Promise<Buffer> {
  const records = shape.records.map(({ after_ms, ...r }, i) =>
    Record({ ...r, offsetDelta: i, timestampDelta: Long.fromValue(after_ms) }),
  );
  const { buffer } = await RecordBatch({
    ...{ compression: shape.gzip ? 1 : 0, transactional: shape.transactional, records },
    ...{ firstOffset: Long.fromValue(firstOffset), firstTimestamp: T0, maxTimestamp: T0 + 10 ** 7 },
    ...{ lastOffsetDelta: records.length - 1, producerId: Long.fromValue(shape.producer) },
  });
  return buffer;
}

/** Changed bytes with a checksum that fits them. */
function resealed(batch: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(batch);
  change(copy);
  copy.writeUInt32BE(crc32c(copy.subarray(ATTRIBUTES_AT)), CRC_AT);
  return copy;
}

async function marker(producer: number, key: Buffer, firstOffset: number): Promise<Buffer> {
  const records = [{ key, value: null, after_ms: 0, headers: {} }];
  const batch = await encoded({ records, producer, transactional: true, gzip: false }, firstOffset);
  return resealed(batch, (copy) => copy.writeInt16BE(copy.readInt16BE(ATTRIBUTES_AT) | CONTROL, ATTRIBUTES_AT));
}

const bytes = fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.from(b));
const written = fc.record<Written>({
  key: fc.option(bytes),
  value: fc.option(bytes),
  after_ms: fc.integer({ min: -(10 ** 12), max: 10 ** 12 }),
  headers: fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), bytes, { maxKeys: 3, noNullPrototype: true }),
});
const plain = fc.record<BatchShape>({
  records: fc.array(written, { minLength: 1, maxLength: 5 }),
  producer: fc.constant(-1),
  transactional: fc.constant(false),
  gzip: fc.boolean(),
});

test('gives what kafkajs wrote, from the offset asked for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(plain, { maxLength: 5 }), fc.nat(30), fc.nat(3), async (shapes, from, gap) => {
      const log: { offset: number; of: Written }[] = [];
      const parts: Buffer[] = [];
      let next = 10;
      for (const shape of shapes) {
        parts.push(await encoded(shape, next));
        shape.records.forEach((of, i) => log.push({ offset: next + i, of }));
        next += shape.records.length + gap; // compaction leaves holes
      }
      const { messages, position } = readBatches(Buffer.concat(parts), from);
      const expected = log.filter(({ offset }) => offset >= from);
      expect(messages).toEqual(
        expected.map(({ offset, of: { after_ms, ...rest } }) => ({ offset, timestamp: T0 + after_ms, ...rest })),
      );
      expect(position).toBe(Math.max(from, shapes.length === 0 ? 0 : next - gap));
    }),
    { numRuns: 60 },
  );
});

const steps = fc.array(
  fc.record({
    producer: fc.nat(3),
    does: fc.oneof(
      { weight: 4, arbitrary: fc.constant('write' as const) },
      { weight: 2, arbitrary: fc.constantFrom('commit' as const, 'abort' as const) },
    ),
  }),
  { minLength: 1, maxLength: 40 },
);

test('of producers that share a partition, what was committed comes through and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(40), async (taken, from) => {
      const parts: Buffer[] = [];
      const open = new Map<number, number[]>();
      const aborted: (Aborted & { last: number })[] = [];
      const committed: number[] = [];
      for (const { producer, does } of taken) {
        const offset = parts.length;
        if (does === 'write') {
          const records = [{ key: null, value: Buffer.from('x'), after_ms: 0, headers: {} }];
          parts.push(await encoded({ records, producer, transactional: true, gzip: false }, offset));
          open.set(producer, [...(open.get(producer) ?? []), offset]);
          continue;
        }
        const own = open.get(producer);
        if (!own) continue;
        open.delete(producer);
        parts.push(await marker(producer, does === 'commit' ? COMMIT : ABORT, offset));
        if (does === 'commit') committed.push(...own);
        else aborted.push({ producerId: BigInt(producer), firstOffset: own[0]!, last: offset });
      }
      // A broker gives nothing from the first open transaction on, and names the transactions aborted from there on.
      const stable = Math.min(parts.length, ...[...open.values()].map((own) => own[0]!));
      const start = Math.min(from, stable);
      const read = readBatches(
        Buffer.concat(parts.slice(start, stable)),
        start,
        aborted.filter((a) => a.last >= start),
      );
      expect(read.messages.map((m) => m.offset)).toEqual(
        committed.filter((o) => o >= start && o < stable).sort((a, b) => a - b),
      );
      expect(read.position).toBe(stable);
    }),
    { numRuns: 60 },
  );
});

const one = (gzip = false): Promise<Buffer> => {
  const records = [{ key: Buffer.from('k'), value: Buffer.from('value'), after_ms: 5, headers: {} }];
  return encoded({ records, producer: -1, transactional: false, gzip }, 7);
};

test('a batch that is cut short is left for the next fetch', async () => {
  const whole = await one();
  const second = await encoded({ records: [], producer: -1, transactional: false, gzip: false }, 8);
  for (let n = 0; n < second.length; n++)
    expect(readBatches(Buffer.concat([whole, second.subarray(0, n)]), 0)).toMatchObject({ position: 8 });
});

test('where the broker stamps the time, that is the time of every record', async () => {
  const LOG_APPEND_TIME = 0x08;
  const batch = resealed(await one(), (copy) => copy.writeInt16BE(LOG_APPEND_TIME, ATTRIBUTES_AT));
  expect(readBatches(batch, 0).messages[0]?.timestamp).toBe(T0 + 10 ** 7);
});

test('every changed byte behind the checksum is found', async () => {
  const batch = await one();
  for (let i = ATTRIBUTES_AT; i < batch.length; i++) {
    const copy = Buffer.from(batch);
    copy[i]! ^= 1;
    expect(() => readBatches(copy, 0)).toThrow(/checksum/);
  }
});

test('bytes that are no records are a corrupt log, even under a checksum that fits', async () => {
  const [flat, zipped] = [await one(), await one(true)];
  fc.assert(
    fc.property(fc.boolean(), fc.nat(100), fc.nat(255), (gzip, at, byte) => {
      const batch = gzip ? zipped : flat;
      const changed = resealed(batch, (copy) => (copy[Math.min(copy.length - 1, ATTRIBUTES_AT + at)] = byte));
      corruptOrFine(changed);
    }),
    { numRuns: 1_000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (b) => corruptOrFine(Buffer.from(b))));
});

function corruptOrFine(buf: Buffer): void {
  try {
    readBatches(buf, 0);
  } catch (e) {
    expect(e).toBeInstanceOf(ProjectorError);
    expect((e as ProjectorError).code).toBe('corrupt-log');
  }
}

test('compressions that are not read here are named', async () => {
  const batch = resealed(await one(), (copy) => copy.writeInt16BE(4, ATTRIBUTES_AT));
  expect(() => readBatches(batch, 0)).toThrow(/offset 7: compression 4 .*zstd/);
});

test('a batch that inflates beyond the bound is refused before it is held', async () => {
  const RECORDS_AT = 61;
  const bomb = gzipSync(Buffer.alloc(MAX_INFLATED_BYTES + 1));
  const head = (await one(true)).subarray(0, RECORDS_AT);
  const batch = Buffer.concat([head, bomb]);
  batch.writeInt32BE(batch.length - 12, 8);
  expect(() =>
    readBatches(
      resealed(batch, () => undefined),
      0,
    ),
  ).toThrow(/does not inflate/);
});
