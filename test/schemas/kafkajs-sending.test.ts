/* eslint-disable @typescript-eslint/no-require-imports -- kafkajs's own must be loaded before they are replaced */
import fc from 'fast-check';
import { gunzipSync, gzipSync } from 'node:zlib';
import type * as KafkaBatch from '../../schemas/kafka-batch';
import { type SentMessage } from '../../schemas/kafka-batch';

interface Request {
  readonly apiKey: number;
  readonly apiVersion: number;
  encode(): Promise<{ buffer: Buffer }>;
}
type Write = (produce: object) => Request;
type Divide = (division: object) => object;

const WRITES = 'kafkajs/src/protocol/requests/produce/v3/request';
const READS = 'kafkajs/src/protocol/recordBatch/v0/decoder';
const DIVIDES = 'kafkajs/src/producer/groupMessagesPerPartition';
type Answer = { readonly offset: number };
type Read = (answer: Answer) => Promise<{ records: object[] }>;
const theirs = { write: require(WRITES) as Write, divide: require(DIVIDES) as Divide, read: require(READS) as Read };
const ours = require('../../schemas/kafkajs-sending') as { produceRequest: Write; divide: Divide };
const reading = require('../../schemas/kafkajs-reading') as { readBatch: Read };
const { writeBatch } = require('../../schemas/kafka-batch') as typeof KafkaBatch;
const AnswerOf = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => Answer;

const NOW = 1_767_323_045_678;
beforeEach(() => jest.spyOn(Date, 'now').mockReturnValue(NOW));
afterEach(() => jest.restoreAllMocks());

const bytes = fc.uint8Array({ maxLength: 300 }).map((b) => Buffer.from(b));
const text = fc.string({ unit: 'binary', maxLength: 80 });
const some = fc.oneof(bytes, text, fc.constant(null));
const headers = fc.dictionary(fc.string({ minLength: 1, maxLength: 90 }), fc.oneof(bytes, text, fc.array(text)), {
  maxKeys: 3,
});
const message = fc.record({ key: some, value: some, headers }, { requiredKeys: ['key', 'value'] });
/** All of a batch say their time, or none: kafkajs does not count the others' when it looks for the last. */
const messages = fc.oneof(
  fc.array(message, { minLength: 1, maxLength: 70 }),
  fc
    .array(fc.tuple(message, fc.integer({ min: NOW - 2 ** 33, max: NOW })), { minLength: 1, maxLength: 9 })
    .map((timed) => timed.map(([m, at]): SentMessage => ({ ...m, timestamp: String(at) }))),
);
const topicData = fc.array(
  fc.record({
    topic: fc.string({ minLength: 1, maxLength: 30 }),
    partitions: fc.array(fc.record({ partition: fc.nat(50), messages, firstSequence: fc.nat(2 ** 31 - 1) }), {
      minLength: 1,
      maxLength: 3,
    }),
  }),
  { minLength: 1, maxLength: 3 },
);
const produce = fc.record({
  acks: fc.constantFrom(-1, 0, 1),
  timeout: fc.nat(60_000),
  transactionalId: fc.oneof(fc.constant(undefined), text),
  producerId: fc.bigInt({ min: -1n, max: 2n ** 62n }).map((id) => ({ value: id, toString: () => id.toString() })),
  producerEpoch: fc.nat(30_000),
  topicData,
});

const written = async (write: Write, what: object): Promise<string> =>
  (await write(what).encode()).buffer.toString('hex');

test('every request is written byte for byte as kafkajs writes it', async () => {
  const longs = require('kafkajs/src/utils/long') as { fromValue(v: unknown): object };
  await fc.assert(
    fc.asyncProperty(produce, async (what) => {
      const same = { ...what, producerId: longs.fromValue(what.producerId.value) };
      expect(await written(ours.produceRequest, same)).toBe(await written(theirs.write, same));
    }),
    { numRuns: 300 },
  );
});

test('compressed records are the records', async () => {
  const what = (compression: number) => ({
    ...{ acks: -1, timeout: 1, compression },
    topicData: [{ topic: 't', partitions: [{ partition: 0, messages: [{ key: 'k', value: 'v'.repeat(500) }] }] }],
  });
  const [plain, packed] = await Promise.all([0, 1].map((c) => written(ours.produceRequest, what(c))));
  const records = (hex = ''): Buffer => Buffer.from(hex, 'hex').subarray(2 + 6 + 4 + 3 + 4 + 8 + 61);
  expect(gunzipSync(records(packed))).toEqual(records(plain));
  expect(packed).toBe(await written(theirs.write, what(1)));
});

test('messages are divided as kafkajs divides them', () => {
  const division = {
    ...{ topic: 't', partitionMetadata: [1, 2, 3] },
    messages: [5, 1, 2, 2, 5, 0].map((n) => ({ key: `${n}`, value: 'v' })),
    partitioner: ({ message: { key } }: { message: { key: string } }) => Number(key) % 3,
  };
  expect(ours.divide(division)).toEqual(theirs.divide(division));
  expect(ours.divide({ ...division, partitionMetadata: [] })).toEqual({});
});

test('kafkajs finds them where it looks', () => {
  const found: unknown[] = [WRITES, DIVIDES, READS].map((path) => require(path) as unknown);
  expect(found).toEqual([ours.produceRequest, ours.divide, reading.readBatch]);
});

describe('a batch that was written', () => {
  const batches = fc.record({
    messages,
    now: fc.integer({ min: 0, max: NOW }),
    producerId: fc.bigInt({ min: -1n, max: 2n ** 62n }),
    producerEpoch: fc.nat(30_000),
    firstSequence: fc.nat(2 ** 31 - 1),
    transactional: fc.boolean(),
  });
  /** As a broker stores it: at an offset, perhaps with its own time, or as a marker of its own. */
  const stored = fc.record({ offset: fc.bigInt({ min: 0n, max: 2n ** 50n }), flags: fc.constantFrom(0, 0x08, 0x20) });
  const read = async (by: Read, bytes: Buffer): Promise<unknown> => {
    const answer = new AnswerOf(bytes);
    const result = await by(answer)
      .then(({ records }) => records)
      .catch((error: Error) => error.name);
    return [result, answer.offset];
  };

  test('is read as kafkajs reads it, also when it is cut short', async () => {
    await fc.assert(
      fc.asyncProperty(batches, stored, fc.boolean(), fc.nat(60), async (batch, { offset, flags }, zipped, cut) => {
        const gzip = { codec: 1, compress: (records: Buffer) => Promise.resolve(gzipSync(records)) };
        const bytes = await writeBatch(batch, zipped ? gzip : undefined);
        bytes.writeBigInt64BE(offset);
        bytes.writeInt16BE(bytes.readInt16BE(21) | flags, 21);
        expect(await read(reading.readBatch, bytes)).toEqual(await read(theirs.read, bytes));
        const part = bytes.subarray(0, bytes.length - 1 - (cut % (bytes.length - 61)));
        expect(await read(reading.readBatch, part)).toEqual(await read(theirs.read, part));
      }),
      { numRuns: 100 },
    );
  });
});
