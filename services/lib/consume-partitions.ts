import { type Admin } from 'kafkajs';
import { ConsumeError } from './consume-error';

/** Topics whose partition p must hold the same keys. Resolves with how many partitions; throws `partitions-differ`. */
export async function samePartitions(
  admin: Pick<Admin, 'fetchTopicMetadata'>,
  topics: readonly string[],
): Promise<number> {
  const { topics: found } = await admin.fetchTopicMetadata({ topics: [...topics] });
  const distinct = new Set(found.map((t) => t.partitions.length));
  const [count] = distinct;
  if (distinct.size === 1 && count !== undefined) return count;
  const list = found.map((t) => `${t.name} has ${t.partitions.length}`).join(', ');
  const hint = 'partitions must never be added to these topics: replay them into new ones';
  throw new ConsumeError('partitions-differ', 'compare partitions', list, hint);
}
