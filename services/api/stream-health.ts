/** How the stream does: what each topic holds, and how far behind its projection is. */
import { type Admin } from 'kafkajs';
import { Topics } from '../../schemas/topics';
import { decodeIntent, IntentError } from '../domain/ingest/intent';
import { ApiError } from './problem';

export interface TopicHealth {
  readonly topic: string;
  readonly partitions: number;
  /** Messages ever written, by their offsets: with it a caller makes rates. */
  readonly written: number;
  /** Messages still kept. */
  readonly kept: number;
  /**
   * Not yet in SQL; null for a topic that no projection reads, or of which none is known yet. A partition that ends with
   * the marker of a transaction counts it: at most one a partition.
   */
  readonly lag: number | null;
}

export interface StreamsView {
  /** ms since 1970-01-01 UTC. */
  readonly at: number;
  readonly group: string;
  readonly topics: readonly TopicHealth[];
}

export interface StreamHealth {
  streams(): Promise<StreamsView>;
}

interface Options {
  readonly admin: Pick<Admin, 'fetchTopicOffsets' | 'fetchOffsets'>;
  /** Consumer group of the projector. */
  readonly group: string;
  /** ms since 1970-01-01 UTC. */
  readonly now: () => number;
}

/** However many look on, the broker is asked once in so long. */
const KEPT_MS = 1_000;

export class KafkaStreamHealth implements StreamHealth {
  private last: { readonly at: number; readonly view: Promise<StreamsView> } | undefined;

  constructor(private readonly options: Options) {}

  /** Throws ApiError `unavailable` when the broker does not answer. */
  streams(): Promise<StreamsView> {
    const now = this.options.now();
    if (this.last && now - this.last.at < KEPT_MS) return this.last.view;
    const view = this.ask(now);
    this.last = { at: now, view };
    view.catch(() => (this.last = undefined));
    return view;
  }

  private async ask(at: number): Promise<StreamsView> {
    const { admin, group } = this.options;
    try {
      const committed = new Map(
        (await admin.fetchOffsets({ groupId: group })).map((t) => [t.topic, t.partitions] as const),
      );
      const names = Object.values(Topics).map((t) => t.name);
      const ends = await Promise.all(names.map((name) => admin.fetchTopicOffsets(name)));
      const topics = names.map((topic, i) => healthOf(topic, ends[i] ?? [], committed.get(topic) ?? []));
      return { at, group, topics };
    } catch (cause) {
      throw new ApiError('unavailable', `the broker did not answer: ${(cause as Error).message}`, {}, { cause });
    }
  }
}

interface End {
  readonly partition: number;
  readonly low: string;
  readonly high: string;
}

interface Commit {
  readonly partition: number;
  readonly offset: string;
  readonly metadata?: string | null;
}

/** The projector commits what it is about to insert: where it ends is in the metadata (decision 0300). */
function reached({ offset, metadata }: Commit): number {
  if (!metadata) return Number(offset);
  try {
    return decodeIntent(metadata).to;
  } catch (error) {
    if (error instanceof IntentError) return Number(offset);
    throw error;
  }
}

/** Pure. What nothing was committed of counts from where the topic begins. */
export function healthOf(topic: string, ends: readonly End[], commits: readonly Commit[]): TopicHealth {
  const offsets = new Map(commits.filter((c) => Number(c.offset) >= 0).map((c) => [c.partition, reached(c)]));
  const sum = (of: (end: End) => number): number => ends.reduce((n, end) => n + of(end), 0);
  const behind = (e: End): number => Number(e.high) - Math.max(Number(e.low), offsets.get(e.partition) ?? 0);
  return {
    topic,
    partitions: ends.length,
    written: sum((e) => Number(e.high)),
    kept: sum((e) => Number(e.high) - Number(e.low)),
    lag: offsets.size === 0 ? null : sum((e) => Math.max(0, behind(e))),
  };
}
