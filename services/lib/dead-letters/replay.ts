/**
 * Sends dead letters back to their topics, each once for ever: the message and the note that it was sent are one
 * transaction, and whoever sends reads the notes after having fenced everybody else who might be sending.
 */
import { type Kafka } from 'kafkajs';
import { type EventWriter, transactionalProducer } from '../../../schemas/stream';
import { Topics } from '../../../schemas/topics';
import { readToEnd } from '../consume-snapshot';
import { bytesOf, coordinatesOf, headersOf, type Letter, sort } from './letter';

/** Of everybody who replays: two at once would not know of each other. */
const TRANSACTIONAL_ID = 'millrace-dead-letters-replay';
/** Messages of one transaction; each may have 900,000 bytes, and a produce request is one message of a topic. */
const PER_TRANSACTION = 100;

export interface ReplayDeps {
  readonly kafka: Kafka;
  readonly notes: EventWriter<'dead-letter-replay'>;
  /** ms since 1970-01-01 UTC. */
  now(): number;
  newId(): string;
}

export interface Replayed {
  /** Coordinates. */
  readonly sent: readonly string[];
  readonly already: readonly string[];
}

export async function replay(deps: ReplayDeps, letters: readonly Letter[]): Promise<Replayed> {
  const producer = transactionalProducer(deps.kafka, TRANSACTIONAL_ID);
  await producer.connect();
  try {
    // Ends what a predecessor left open and fences it; an empty transaction sends nothing.
    await (await producer.transaction()).abort();
    const { fresh, already } = sort(letters, await notesOf(deps));
    for (let i = 0; i < fresh.length; i += PER_TRANSACTION) {
      const transaction = await producer.transaction();
      try {
        for (const letter of fresh.slice(i, i + PER_TRANSACTION)) await send(transaction, letter, deps);
        await transaction.commit();
      } catch (error) {
        await transaction.abort().catch(() => undefined);
        throw error;
      }
    }
    return { sent: fresh.map(coordinatesOf), already };
  } finally {
    await producer.disconnect();
  }
}

async function notesOf({ kafka, newId }: ReplayDeps): Promise<Set<string>> {
  const names = new Set<string>();
  await readToEnd(kafka, {
    groupId: `dead-letters-replay-${newId()}`,
    topic: Topics.replays.name,
    partitions: [0],
    onMessage: ({ key }) => void names.add(key?.toString() ?? ''),
  });
  return names;
}

type Sender = Pick<ReturnType<typeof transactionalProducer>, 'send'>;

async function send(sender: Sender, letter: Letter, { notes, now }: ReplayDeps): Promise<void> {
  const { source_topic, source_partition, source_offset, key_hex, value_hex } = letter;
  const message = { key: bytesOf(key_hex), value: bytesOf(value_hex), headers: headersOf(letter) };
  await sender.send({ topic: source_topic, acks: -1, messages: [message] });
  const note = { source_topic, source_partition, source_offset: Number(source_offset), at: now() };
  const key = coordinatesOf(letter);
  await sender.send({ topic: notes.topic.name, acks: -1, messages: [{ key, value: notes.write(note) }] });
}
