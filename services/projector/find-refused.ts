/** Finds the messages that the engine refuses although they fit their schema, by halving. Nothing is written. */
import { container } from '../domain/ingest/container';
import { bodyOf, type Group } from './batch';
import { type Sink } from './ports';

/** Probes spent on one group; beyond, something else than single messages is wrong. */
export const MAX_PROBES = 2_000;

/** Offsets that the engine refuses, ascending; empty when it takes them all, undefined when there are too many to tell. */
export async function findRefused(
  sink: Pick<Sink, 'probe'>,
  table: string,
  header: Buffer,
  { messages }: Pick<Group, 'messages'>,
): Promise<number[] | undefined> {
  const found: number[] = [];
  const open: [number, number][] = [[0, messages.length]];
  for (let probes = 0; open.length > 0; probes++) {
    if (probes >= MAX_PROBES) return undefined;
    const [start, end] = open.pop()!;
    const part = messages.slice(start, end).map(bodyOf);
    const bytes = part.reduce((sum, b) => sum + b.length, 0);
    if (part.length === 0 || (await sink.probe(table, container(header, part, bytes)))) continue;
    if (end - start === 1) found.push(messages[start]!.offset);
    else open.push([Math.floor((start + end) / 2), end], [start, Math.floor((start + end) / 2)]);
  }
  return found;
}
