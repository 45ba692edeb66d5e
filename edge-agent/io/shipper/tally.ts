/** What was shipped since the start. */
import { type Lane, type StoredBatch } from '../outbox-api';
import { type Message } from './link';

export class Tally {
  transactions = 0;
  deadLetters = 0;
  readings = 0;
  /** Values, uncompressed. */
  bytes = 0;
  lastShippedAt: number | undefined;
  readonly records: Record<Lane, number> = { priority: 0, telemetry: 0 };

  shipped(
    batches: readonly { readonly lane: Lane; readonly batch: StoredBatch }[],
    messages: readonly Message[],
    at: number,
  ): void {
    this.transactions++;
    this.lastShippedAt = at;
    for (const message of messages) this.bytes += message.value.length;
    for (const { lane, batch } of batches) {
      this.records[lane] += batch.records.length;
      for (const record of batch.records) this.readings += record.readings;
    }
  }
}
