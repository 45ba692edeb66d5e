/**
 * What is committed with every transaction, pure: per lane the offset is the first index not on the stream, and the
 * metadata says of which outbox, and what beyond the offset is on the stream already.
 *
 * Kafka wants an existing topic and partition for each offset. The agent's own two topics are taken, partition 0:
 * `…commands` for the priority lane, `…devices` for telemetry. It must be allowed to read them anyway, and needs no right
 * to read anybody's telemetry. The group is used for these cursors only; nobody ever joins it.
 */
import { AgentTopics, outboxGroup } from '../../../schemas/topics';
import { type Lane, type ShippedCursor } from '../outbox-api';
import { START } from '../outbox/cursor';

export interface LaneCommit {
  /** Name of the outbox whose indices these are. */
  readonly outbox: string;
  readonly cursor: ShippedCursor;
}
export type Commits = Readonly<Record<Lane, LaneCommit | undefined>>;

interface Metadata {
  readonly v: 1;
  readonly outbox: string;
  /** [from, to) pairs, flat. */
  readonly ranges?: readonly number[];
}

export interface CommittedOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly metadata: string;
}

const PARTITION = 0;

export const cursorTopic = (agentId: string, lane: Lane): string =>
  (lane === 'priority' ? AgentTopics.commands(agentId) : AgentTopics.devices(agentId)).name;

/** Arguments of `sendOffsets`. */
export function encodeCommits(agentId: string, commits: Commits): { group: string; offsets: CommittedOffset[] } {
  const offsets: CommittedOffset[] = [];
  for (const lane of ['priority', 'telemetry'] as const) {
    const commit = commits[lane];
    if (!commit) continue;
    const { next, ranges } = commit.cursor;
    const metadata: Metadata = {
      v: 1,
      outbox: commit.outbox,
      ...(ranges.length > 0 && { ranges: ranges.flatMap((r) => [r.from, r.to]) }),
    };
    const topic = cursorTopic(agentId, lane);
    offsets.push({ topic, partition: PARTITION, offset: String(next), metadata: JSON.stringify(metadata) });
  }
  return { group: outboxGroup(agentId), offsets };
}

/** Reads a lane's commit back. Undefined when nothing was ever committed, or the broker has forgotten it. */
export function decodeCommit(offset: string, metadata: string | null): LaneCommit | undefined {
  const next = Number(offset);
  if (next < 0) return undefined;
  if (!metadata) throw new RangeError(`offset ${offset} was not committed by an outbox: it has no metadata`);
  const { outbox, ranges = [] } = JSON.parse(metadata) as Metadata;
  const pairs = Array.from({ length: ranges.length / 2 }, (_, i) => ({
    from: ranges[2 * i] as number,
    to: ranges[2 * i + 1] as number,
  }));
  return { outbox, cursor: { next, ranges: pairs } };
}

export type Resume =
  | { readonly kind: 'at'; readonly cursor: ShippedCursor; readonly because: 'committed' | 'hint' | 'new' }
  | { readonly kind: 'refused'; readonly code: 'foreign-outbox' | 'outbox-behind'; readonly message: string };

/**
 * Where a lane goes on. What the stream has committed decides; only when it has nothing (brokers forget the offsets of a
 * group that was away for long) the agent's own note does.
 */
export function resumeAt(
  outbox: string,
  nextIndex: number,
  committed: LaneCommit | undefined,
  hint: LaneCommit | undefined,
): Resume {
  if (!committed) {
    if (hint?.outbox === outbox && hint.cursor.next > nextIndex) {
      const message = `this agent has shipped records up to ${hint.cursor.next}, this disk had only up to ${nextIndex}`;
      return { kind: 'refused', code: 'outbox-behind', message };
    }
    const known = hint?.outbox === outbox && hint.cursor.next <= nextIndex ? hint.cursor : undefined;
    return known ? { kind: 'at', cursor: known, because: 'hint' } : { kind: 'at', cursor: START, because: 'new' };
  }
  if (committed.outbox !== outbox) {
    const message = `the stream has records of this agent from outbox ${committed.outbox}, this disk holds ${outbox}`;
    return { kind: 'refused', code: 'foreign-outbox', message };
  }
  const end = committed.cursor.ranges.at(-1)?.to ?? committed.cursor.next;
  if (end > nextIndex) {
    const message = `the stream has records up to ${end}, this disk had only up to ${nextIndex}`;
    return { kind: 'refused', code: 'outbox-behind', message };
  }
  return { kind: 'at', cursor: committed.cursor, because: 'committed' };
}
