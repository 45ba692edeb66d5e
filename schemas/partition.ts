/** Where a key lives: the partition that Kafka's Java client and kafkajs choose, without the 64-bit arithmetic of the latter. */

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** MurmurHash2 of 32 bits, as org.apache.kafka.common.utils.Utils.murmur2 computes it. */
export function murmur2(data: Uint8Array): number {
  const { length } = data;
  const tail = length & ~3;
  const at = (i: number): number => data[i] ?? 0;
  let h = SEED ^ length;
  for (let i = 0; i < tail; i += 4) {
    let k = at(i) | (at(i + 1) << 8) | (at(i + 2) << 16) | (at(i + 3) << 24);
    k = Math.imul(k, M);
    k = Math.imul(k ^ (k >>> 24), M);
    h = Math.imul(h, M) ^ k;
  }
  if (length > tail) {
    for (let i = length - 1; i >= tail; i--) h ^= at(i) << (8 * (i - tail));
    h = Math.imul(h, M);
  }
  h = Math.imul(h ^ (h >>> 13), M);
  return h ^ (h >>> 15);
}

export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}
