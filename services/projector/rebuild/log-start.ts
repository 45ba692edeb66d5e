import { type Kafka } from 'kafkajs';
import { type Logger } from 'pino';
import { realClock } from '../clock';
import { connection } from '../kafka/connection';
import { LogReader } from '../kafka/log-reader';
import { type Writers } from '../ports';
import { type Projection } from '../projections';
import { earliestFrom, type MessageName } from './from';
import { RebuildError } from './rebuild';

/** Records near a cut may have older neighbours that are gone: this much is left to the old tables. */
const MARGIN_MS = 3_600_000;
const WAIT_MS = 10_000;
const NEVER = new AbortController().signal;

/**
 * From when on each topic is replayed, by the records' own time: from where `from` says, but not from before the log is
 * complete. A topic that still begins at its first record is complete; one that retention has cut is, from an hour after
 * the cut.
 */
export async function replayStarts(
  kafka: Kafka,
  projections: readonly Projection[],
  writers: Writers,
  from: number | MessageName,
  log: Logger,
): Promise<(topic: string) => number> {
  const kept = projections.filter((p) => !p.compacted);
  const topics = kept.map((p) => p.topic);
  const { cluster } = connection(kafka, { groupId: 'millrace-rebuild-reader' });
  const reader = new LogReader(cluster, topics, realClock, log);
  await reader.start();
  try {
    const asked = typeof from === 'number' ? from : await earliestFrom(reader, writers, projectionOf(kept, from), from);
    const starts = new Map<string, number>();
    for (const topic of topics) {
      const cut = await cutOf(reader, topic, cluster.findTopicPartitionMetadata(topic).length);
      starts.set(topic, Math.max(asked, cut === undefined ? -Infinity : cut + MARGIN_MS));
      if (cut !== undefined)
        log.info({ topic, cut: new Date(cut).toISOString() }, 'the log was cut: older rows come from the old tables');
    }
    return (topic) => starts.get(topic) ?? -Infinity;
  } finally {
    await reader.close();
  }
}

function projectionOf(kept: readonly Projection[], { topic }: MessageName): Projection {
  const found = kept.find((p) => p.topic === topic);
  if (found) return found;
  const hint = `one of ${kept.map((p) => p.topic).join(', ')}`;
  throw new RebuildError('usage', 'rebuild', `--from names a message of ${topic}`, hint);
}

/** Stamp of the newest of the partitions' first records, undefined when no partition was cut. */
async function cutOf(reader: LogReader, topic: string, partitions: number): Promise<number | undefined> {
  let newest: number | undefined;
  for (let partition = 0; partition < partitions; partition++) {
    const { low, high } = await reader.watermarks(topic, partition);
    if (low === 0 || low >= high) continue;
    const feed = reader.open(topic, partition, low);
    const chunk = await feed.next(WAIT_MS, NEVER);
    feed.close();
    const first = chunk?.messages[0]?.timestamp;
    if (first !== undefined) newest = Math.max(newest ?? 0, first);
  }
  return newest;
}
