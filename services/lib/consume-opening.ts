/** Takes partitions over: fences who had them, reads the committed position, rebuilds the state. */
import { type Kafka } from 'kafkajs';
import { transactionalProducer } from '../../schemas/stream';
import { ConsumeError } from './consume-error';
import { fence, OwnedPartition, type PartitionWork } from './consume-partition';

export interface Opened<W> {
  readonly work: W;
  /** Highest input offset that the rebuilt state is known to contain; saves us when the group's offsets are lost. */
  readonly seen?: bigint | undefined;
}

export interface OpeningOptions<W extends PartitionWork> {
  /** The input. */
  readonly topic: string;
  readonly groupId: string;
  transactionalId(partition: number): string;
  /** Rebuilds the state of partitions, after they have been fenced. */
  open(partitions: readonly number[]): Promise<ReadonlyMap<number, Opened<W>>>;
}

/** Fence, then the committed position, then the state: in any other order a zombie could slip in between. */
export async function openPartitions<W extends PartitionWork>(
  kafka: Kafka,
  options: OpeningOptions<W>,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, OwnedPartition<W>>> {
  const { topic, groupId, transactionalId } = options;
  const producers = new Map(partitions.map((p) => [p, transactionalProducer(kafka, transactionalId(p))]));
  try {
    await Promise.all([...producers.values()].map(fence));
    const positions = await readPositions(kafka, options);
    const opened = await options.open(partitions);
    const owners = new Map<number, OwnedPartition<W>>();
    for (const [partition, producer] of producers) {
      const { work, seen } = owned(opened, partition);
      const next = startOffset(positions.get(partition), seen);
      owners.set(partition, new OwnedPartition(work, producer, { groupId, topic, partition }, next));
    }
    return owners;
  } catch (err) {
    await Promise.all([...producers.values()].map((p) => p.disconnect()));
    throw err;
  }
}

interface Position {
  /** -1: none. */
  readonly committed: bigint;
  readonly end: bigint;
}

/** Without a committed offset what the outputs say they contain is next best, unless the input topic is a new one. */
export function startOffset(position: Position | undefined, seen: bigint | undefined): bigint {
  if (position && position.committed >= 0n) return position.committed;
  return seen !== undefined && position && seen < position.end ? seen + 1n : 0n;
}

async function readPositions(
  kafka: Kafka,
  { topic, groupId }: Pick<OpeningOptions<PartitionWork>, 'topic' | 'groupId'>,
): Promise<ReadonlyMap<number, Position>> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const ends = new Map((await admin.fetchTopicOffsets(topic)).map((o) => [o.partition, BigInt(o.high)]));
    const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
    const committed = (offsets?.partitions ?? []).map((o) => [o.partition, BigInt(o.offset)] as const);
    return new Map(committed.map(([p, offset]) => [p, { committed: offset, end: ends.get(p) ?? 0n }]));
  } finally {
    await admin.disconnect();
  }
}

export function owned<T>(map: ReadonlyMap<number, T>, partition: number): T {
  const value = map.get(partition);
  if (value === undefined) throw new ConsumeError('revoked', `partition ${partition}`, 'was not opened', 'try again');
  return value;
}
