/** A dead letter as it is handed over: bytes in hex, one JSON object a line. */
import { coordinatesKey } from '../../../schemas/topics';

export interface Letter {
  readonly source_topic: string;
  readonly source_partition: number;
  readonly source_offset: string;
  readonly key_hex: string | null;
  readonly value_hex: string | null;
  readonly headers_hex: Readonly<Record<string, string>>;
}

export const coordinatesOf = (l: Letter): string => coordinatesKey(l.source_topic, l.source_partition, l.source_offset);

export const lettersOf = (text: string): Letter[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Letter);

/** Header by which a consumer can tell a replayed message from an original. */
export const REPLAY_HEADER = 'millrace-replay-of';

export const bytesOf = (hex: string | null): Buffer | null => (hex === null ? null : Buffer.from(hex, 'hex'));

export function headersOf(l: Letter): Record<string, Buffer | string> {
  const own = Object.entries(l.headers_hex).map(([name, hex]) => [name, Buffer.from(hex, 'hex')] as const);
  return { ...Object.fromEntries(own), [REPLAY_HEADER]: coordinatesOf(l) };
}

export interface Sorted {
  /** To be sent, each once. */
  readonly fresh: readonly Letter[];
  /** Sent back before: coordinates. */
  readonly already: readonly string[];
}

/** What is still to be sent, in the order given. Pure. */
export function sort(letters: readonly Letter[], sentBefore: ReadonlySet<string>): Sorted {
  const fresh = new Map<string, Letter>();
  const already = new Set<string>();
  for (const letter of letters) {
    const name = coordinatesOf(letter);
    if (sentBefore.has(name)) already.add(name);
    else fresh.set(name, letter);
  }
  return { fresh: [...fresh.values()], already: [...already] };
}
