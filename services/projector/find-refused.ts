/** Finds the messages that the engine refuses although they fit their schema, by halving. Nothing is written. */
import { container } from '../domain/ingest/container';
import { bodyOf, type Group } from './batch';
import { type LogMessage, type Sink } from './ports';

/** Probes spent on one group; beyond, something else than single messages is wrong. */
export const MAX_PROBES = 2_000;

/**
 * Searches that must find the same messages before an answer that may mean anything (`doubted`) is believed. Between two
 * of them the projector waits, longer each time: what the engine merely suffers from for a moment is over by then.
 */
export const DOUBT_ROUNDS = 5;
/** More of them than this are no bad messages but an engine in trouble, which is not asked any further. */
export const MAX_DOUBTED = 16;

export interface Found {
  /** Offsets that the engine refuses, each alone; ascending, empty when it takes them all. */
  readonly offsets: readonly number[];
  /** One of them at least was refused by an answer that may mean anything. */
  readonly doubtful: boolean;
}

/** Undefined when it cannot be told: too many are refused, or in doubt whether anything else would go in now. */
export async function findRefused(
  sink: Pick<Sink, 'probe'>,
  table: string,
  header: Buffer,
  { messages }: Pick<Group, 'messages'>,
): Promise<Found | undefined> {
  const probe = (part: readonly LogMessage[]): ReturnType<Sink['probe']> => {
    const bodies = part.map(bodyOf);
    const bytes = bodies.reduce((sum, b) => sum + b.length, 0);
    return sink.probe(table, container(header, bodies, bytes));
  };
  const found: number[] = [];
  let doubted = 0;
  const open: [number, number][] = [[0, messages.length]];
  for (let probes = 0; open.length > 0; probes++) {
    if (probes >= MAX_PROBES || doubted > MAX_DOUBTED) return undefined;
    const [start, end] = open.pop()!;
    if (start === end) continue;
    const answer = await probe(messages.slice(start, end));
    if (answer === 'taken') continue;
    if (end - start > 1) open.push([Math.floor((start + end) / 2), end], [start, Math.floor((start + end) / 2)]);
    else if (found.push(messages[start]!.offset) && answer === 'doubted') doubted++;
  }
  if (doubted === 0) return { offsets: found, doubtful: false };
  const out = new Set(found);
  const others = messages.filter((m) => !out.has(m.offset));
  // Of a message that is alone only this can be said: a container of its schema goes in that has no record.
  const telling = others.length > 0 || messages.length === 1;
  return telling && (await probe(others)) === 'taken' ? { offsets: found, doubtful: true } : undefined;
}

/** Keeps count of searches that found the same messages in doubt, one after the other. */
export class Doubt {
  private key = '';
  private rounds = 0;

  /** True when the messages may be taken for bad ones. `within`: what they lie in. */
  settled(within: string, { offsets, doubtful }: Found): boolean {
    if (!doubtful) return true;
    const key = `${within}:${offsets.join()}`;
    this.rounds = key === this.key ? this.rounds + 1 : 1;
    this.key = key;
    return this.rounds >= DOUBT_ROUNDS;
  }
}
