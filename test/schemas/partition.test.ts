import * as fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { partitionOf } from '../../schemas/partition';

const theirs = Partitioners.DefaultPartitioner();
const metadata = (partitions: number) =>
  Array.from({ length: partitions }, (_, partitionId) => ({
    ...{ partitionErrorCode: 0, partitionId, leader: 1, replicas: [1], isr: [1] },
  }));

test('every key goes where kafkajs sends it, of whatever length and script', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 50 }),
      (key, n) => {
        const args = { topic: 't', partitionMetadata: metadata(n), message: { key, value: null } };
        expect(partitionOf(key, n)).toBe(theirs(args));
      },
    ),
    { numRuns: 2_000 },
  );
});
