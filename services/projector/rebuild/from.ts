/** From where a rebuild replays: a time, or a message; what is older comes from the old tables. */
import { Cursor } from '../../domain/ingest/cursor';
import { FRAME_HEADER_BYTES, type Writer } from '../../domain/ingest/judge';
import { Seen } from '../../domain/ingest/walk';
import { walk } from '../../domain/ingest/walker';
import { type Log, type LogMessage, type Writers } from '../ports';
import { type Projection } from '../projections';
import { RebuildError } from './rebuild';

export interface MessageName {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

const WAIT_MS = 10_000;
const NEVER = new AbortController().signal;

/** `2026-01-31T08:00:00Z`, or `topic:partition:offset` as dead letters are named. Throws RebuildError `usage`. */
export function parseFrom(text: string): number | MessageName {
  const [, topic, partition, offset] = /^(.+):(\d+):(\d+)$/.exec(text) ?? [];
  if (topic?.startsWith('m2m.')) return { topic, partition: Number(partition), offset: Number(offset) };
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  const hint = 'such as 2026-01-31T08:00:00Z, or m2m.telemetry:0:123456 for a message';
  throw new RebuildError('usage', 'rebuild', `--from ${text} is neither a time nor a message`, hint);
}

/**
 * The earliest time of its own that any record of the partition has from that offset on: replaying from there replays
 * all of them, also what an agent sent late.
 */
export async function earliestFrom(
  log: Pick<Log, 'watermarks' | 'open'>,
  writers: Writers,
  projection: Projection,
  { topic, partition, offset }: MessageName,
): Promise<number> {
  const { low, high } = await log.watermarks(topic, partition);
  if (offset < low || offset >= high)
    throw new RebuildError(
      'usage',
      'rebuild',
      `${topic}:${partition} holds ${low} to ${high}, not ${offset}`,
      'see it',
    );
  const feed = log.open(topic, partition, offset);
  let earliest = Infinity;
  try {
    for (let position = offset; position < high;) {
      const chunk = await feed.next(WAIT_MS, NEVER);
      if (!chunk) continue;
      for (const message of chunk.messages) earliest = Math.min(earliest, await timeOf(message, writers, projection));
      position = chunk.position;
      feed.release(chunk.bytes);
    }
  } finally {
    feed.close();
  }
  return earliest === Infinity ? -Infinity : earliest;
}

/** Infinity for what carries no time of its own, or nothing that can be read. */
async function timeOf({ value }: LogMessage, writers: Writers, projection: Projection): Promise<number> {
  if (value === null || value.length < FRAME_HEADER_BYTES || value[0] !== 0) return Infinity;
  const id = value.readUInt32BE(1);
  const writer: Writer = writers.known(projection, id) ?? (await writers.learn(projection, id));
  if (!('walker' in writer)) return Infinity;
  const seen = new Seen();
  const rows = walk(writer.walker, new Cursor(), seen, value, FRAME_HEADER_BYTES, value.length);
  return rows >= 0 && Number.isFinite(seen.at) ? seen.at : Infinity;
}
