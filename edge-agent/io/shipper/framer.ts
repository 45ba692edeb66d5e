/** Turns what was read from the outbox into messages of the stream, under the schemas it was written with. */
import { frame } from '../../../schemas/codec';
import { type Lane, type StoredBatch, type StoredRecord } from '../outbox-api';
import { schemaRefused, wholeMessage } from './classify';
import { type ShipperOptions } from './contract';
import { DEAD_LETTER_CUTS, deadLetter, type DeadLetterMessage } from './dead-letter';
import { type Message } from './link';
import { type PoisonHunt } from './poison';

export interface Read {
  readonly lane: Lane;
  readonly from: number;
  readonly batch: StoredBatch;
}

/** A record on its way to the dead letters. */
export interface Aside {
  readonly record: StoredRecord;
  readonly reason: string;
}

export interface Framed {
  readonly shipped: readonly Read[];
  readonly messages: readonly Message[];
  readonly aside: readonly Aside[];
  /** Why a lane waits. */
  readonly refused: Error | undefined;
}

export class Framer {
  private readonly ids = new WeakMap<object, number>();

  constructor(
    private readonly options: Pick<ShipperOptions, 'agentId' | 'schemaIds' | 'clock' | 'traces'>,
    private readonly poison: PoisonHunt,
  ) {}

  /** A lane whose schema cannot be had now waits; the other one goes. Throws when none can go. */
  async all(reads: readonly Read[]): Promise<Framed> {
    const shipped: Read[] = [];
    const messages: Message[] = [];
    const aside: Aside[] = [];
    let refused: Error | undefined;
    for (const read of reads) {
      try {
        const framed: Message[] = [];
        for (const record of read.batch.records)
          framed.push(this.traced(record, this.quick(record) ?? (await this.one(record, aside))));
        messages.push(...framed);
        shipped.push(read);
      } catch (error) {
        refused ??= error as Error;
      }
    }
    if (shipped.length === 0 && refused) throw refused;
    return { shipped, messages, aside, refused };
  }

  /** Without a promise for each of the thousands of records whose schema is known. */
  private quick(record: StoredRecord): Message | undefined {
    const id = this.ids.get(record.avsc);
    if (id === undefined || this.poison.aside(record)) return undefined;
    return { topic: record.topic, key: record.key, value: frame(id, record.body) };
  }

  private traced(record: StoredRecord, message: Message): Message {
    const headers = this.options.traces?.headersOf(record);
    return headers ? { ...message, headers } : message;
  }

  private async one(record: StoredRecord, aside: Aside[]): Promise<Message> {
    const { agentId, clock } = this.options;
    const poisoned = this.poison.aside(record);
    if (poisoned) return this.framed(deadLetter(agentId, record, poisoned.reason, clock.now(), poisoned.cut));
    try {
      return await this.framed(record);
    } catch (error) {
      // Telemetry is of one schema and waits for somebody to put that right. Of the priority lane the rest must go on.
      if (record.lane === 'telemetry' || !schemaRefused(error)) throw error;
      const reason = wholeMessage(error);
      aside.push({ record, reason });
      return this.framed(deadLetter(agentId, record, reason, clock.now(), DEAD_LETTER_CUTS[0] ?? 0));
    }
  }

  private async framed({ topic, key, avsc, body }: DeadLetterMessage | StoredRecord): Promise<Message> {
    const id = await this.options.schemaIds.idOf(topic, avsc);
    this.ids.set(avsc, id);
    return { topic, key, value: frame(id, body) };
  }
}
