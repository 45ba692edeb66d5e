/**
 * Records of committed transactions only. Kafka marks the end of every transaction with a control record and says with
 * each fetch which transactions in it were aborted, by producer and first offset (KIP-98), in the order they ended.
 * kafkajs takes them to be in the order they began, and steps into one of them per record at most: where producers share
 * a partition, what an aborted transaction wrote comes through (deploy/decisions/0226). So the answers are mended before
 * kafkajs looks at them: aborted records become control records, which it never hands out.
 */
import Broker from 'kafkajs/src/broker';

/** A record as kafkajs decodes it. */
export interface RawRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
  isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
}

export interface AbortedTransaction {
  readonly producerId: string;
  readonly firstOffset: string;
}

/** A partition's part of the answer to a fetch, in kafkajs's words. */
export interface FetchedPartition {
  readonly messages: readonly RawRecord[];
  abortedTransactions?: readonly AbortedTransaction[] | null;
}

/** Second 16 bits of a control record's key: 0 ends an aborted transaction, 1 a committed one. */
export const isAbortMarker = (key: Buffer | null): boolean =>
  key !== null && key.length >= 4 && key.readInt16BE(2) === 0;

/** The records that an aborted transaction wrote. Pure. */
export function abortedRecords(records: readonly RawRecord[], aborted: readonly AbortedTransaction[]): RawRecord[] {
  if (aborted.length === 0) return [];
  const begins = aborted
    .map((t) => ({ producerId: t.producerId, first: Number(t.firstOffset) }))
    .sort((a, b) => a.first - b.first);
  const open = new Set<string>();
  let next = 0;
  return records.filter((record) => {
    const offset = Number(record.offset);
    while (next < begins.length && begins[next]!.first <= offset) open.add(begins[next++]!.producerId);
    const { producerId, inTransaction } = record.batchContext;
    if (!record.isControlRecord) return inTransaction && open.has(producerId);
    if (isAbortMarker(record.key)) open.delete(producerId);
    return false;
  });
}

/** Makes what was aborted look like control records, and leaves nothing for kafkajs to find by itself. */
export function hideAborted(partition: FetchedPartition): void {
  for (const record of abortedRecords(partition.messages, partition.abortedTransactions ?? []))
    record.isControlRecord = true;
  partition.abortedTransactions = [];
}

interface FetchAnswer {
  readonly responses?: readonly { readonly partitions: readonly FetchedPartition[] }[];
}

let mended = false;

/** Of the whole process: every consumer fetches through the one class. */
export function readCommittedOnly(): void {
  if (mended) return;
  mended = true;
  const { prototype } = Broker;
  const fetch = Object.getOwnPropertyDescriptor(prototype, 'fetch')?.value as typeof prototype.fetch | undefined;
  if (!fetch) throw new TypeError('kafkajs no longer fetches where it did: what is aborted would come through');
  prototype.fetch = async function (request) {
    const answer = (await fetch.call(this, request)) as FetchAnswer | undefined;
    for (const { partitions } of answer?.responses ?? []) partitions.forEach(hideAborted);
    return answer;
  };
}
