/** Dead letters as people look at them: decoded as far as that goes, and their bytes. */
import { CodecError, Decoder, unframe } from '../../schemas/codec';
import { type EventName, Topics } from '../../schemas/topics';
import { type Letter } from '../lib/dead-letters/letter';
import { type Replayed } from '../lib/dead-letters/replay';
import { type Coordinates } from './overview';

/** Sends letters back to their topics, each once for ever. */
export type Replayer = (letters: readonly Letter[]) => Promise<Replayed>;

/** Schema of a writer by its id. Throws when it cannot be had. */
export type SchemaOf = (id: number) => Promise<object>;

export type Decoded =
  { readonly event: EventName; readonly schema_id: number; readonly record: unknown } | { readonly error: string };

/** `topic:partition:offset`; undefined when the text is no such thing. */
export function coordinatesFrom(text: string): Coordinates | undefined {
  const [, topic, partition, offset] = /^([\w.-]{1,249}):(\d{1,9}):(\d{1,18})$/.exec(text) ?? [];
  if (topic === undefined || partition === undefined || offset === undefined) return undefined;
  return { topic, partition: Number(partition), offset };
}

const eventOf = (topic: string): EventName | undefined => Object.values(Topics).find((t) => t.name === topic)?.schema;

/** The record, or in words why there is none to show. */
export async function decodeLetter(topic: string, value_hex: string | null, schemaOf: SchemaOf): Promise<Decoded> {
  const event = eventOf(topic);
  if (value_hex === null) return { error: 'the message has no value' };
  if (!event) return { error: `${topic} is none of our topics` };
  try {
    const { schemaId, body } = unframe(Buffer.from(value_hex, 'hex'));
    const schema = await schemaOf(schemaId);
    return { event, schema_id: schemaId, record: new Decoder(event).decodeFrom(schemaId, () => schema, body) };
  } catch (error) {
    if (error instanceof CodecError) return { error: error.message };
    return { error: `its schema cannot be had: ${(error as Error).message}` };
  }
}

/** JSON of a decoded record: 64-bit integers as text, as nothing else keeps them whole. */
export const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? v.toString() : v)));
