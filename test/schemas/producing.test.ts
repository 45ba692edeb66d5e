import { CompressionCodecs, CompressionTypes, Partitioners } from 'kafkajs';
import { quickGzip, rememberingPartitioner } from '../../schemas/producing';

const metadata = (partitions: number) =>
  Array.from({ length: partitions }, (_, partitionId) => ({
    ...{ partitionErrorCode: 0, partitionId, leader: 1, replicas: [1], isr: [1] },
  }));

test('every key goes where the default partitioner sends it, the second time too, also when partitions are added', () => {
  const [ours, theirs] = [rememberingPartitioner(), Partitioners.DefaultPartitioner()];
  for (const partitions of [6, 6, 12])
    for (let n = 0; n < 500; n++) {
      const message = { key: `default/device-${n}`, value: null };
      const args = { topic: 'm2m.telemetry', partitionMetadata: metadata(partitions), message };
      expect(ours(args)).toBe(theirs(args));
    }
});

test('a message that says its partition goes there, whatever is remembered of its key', () => {
  const ours = rememberingPartitioner();
  const to = (partition?: number) =>
    ours({
      topic: 't',
      partitionMetadata: metadata(6),
      message: { key: 'k', value: null, ...(partition !== undefined && { partition }) },
    });
  const chosen = to();
  expect([to(0), to(5), to()]).toEqual([0, 5, chosen]);
});

test('what is compressed is read back', async () => {
  quickGzip();
  const codec = CompressionCodecs[CompressionTypes.GZIP]?.() as {
    compress(encoder: { buffer: Buffer }): Promise<Buffer>;
    decompress(buffer: Buffer): Promise<Buffer>;
  };
  const buffer = Buffer.from('reading '.repeat(1_000));
  const compressed = await codec.compress({ buffer });
  expect(compressed.length).toBeLessThan(buffer.length / 10);
  expect(await codec.decompress(compressed)).toEqual(buffer);
});
