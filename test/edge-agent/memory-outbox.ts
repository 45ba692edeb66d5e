import { type OutboxRecord } from '../../edge-agent/io/outbox-api';
import { typeOf } from '../../schemas/codec';

export interface Kept {
  readonly topic: string;
  readonly key: string;
  readonly seq: number;
  readonly record: Record<string, unknown>;
}

/** An outbox in memory that is durable when told to be. */
export class MemoryOutbox {
  readonly kept: Kept[] = [];
  /** Set to make every append fail. */
  failure: Error | undefined;
  /** While set, appends wait for it. */
  hold: Promise<void> | undefined;
  appends = 0;
  private readonly seqs = new Map<string, number>();

  async append(records: readonly OutboxRecord[]): Promise<readonly number[]> {
    this.appends++;
    await this.hold;
    if (this.failure) throw this.failure;
    return records.map((r) => {
      const seq = (this.seqs.get(r.counter) ?? 0) + 1;
      this.seqs.set(r.counter, seq);
      const record = typeOf(r.schema).fromBuffer(r.encode(seq)) as Record<string, unknown>;
      this.kept.push({ topic: r.topic, key: r.key, seq, record });
      return seq;
    });
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  of(topic: string): Record<string, unknown>[] {
    return this.kept.filter((k) => k.topic === topic).map((k) => k.record);
  }
}
