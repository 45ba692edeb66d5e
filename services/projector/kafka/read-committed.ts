/**
 * Records of committed transactions only. Kafka marks the end of every transaction with a control record and says with
 * each fetch which transactions in it were aborted, by producer and first offset (KIP-98).
 */

/** A record as kafkajs decodes it. */
export interface RawRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean };
}

export interface AbortedTransaction {
  readonly producerId: string;
  readonly firstOffset: string;
}

/** Second 16 bits of a control record's key: 0 ends an aborted transaction, 1 a committed one. */
const isAbortMarker = (key: Buffer | null): boolean => key !== null && key.length >= 4 && key.readInt16BE(2) === 0;

/** Data records of `records` at or after `from` that no aborted transaction wrote. */
export function committedRecords(
  records: readonly RawRecord[],
  aborted: readonly AbortedTransaction[],
  from: number,
): RawRecord[] {
  const begins = aborted
    .map((t) => ({ producerId: t.producerId, first: Number(t.firstOffset) }))
    .sort((a, b) => a.first - b.first);
  const open = new Set<string>();
  let next = 0;
  return records.filter((record) => {
    const offset = Number(record.offset);
    while (next < begins.length && begins[next]!.first <= offset) open.add(begins[next++]!.producerId);
    const { producerId, inTransaction } = record.batchContext;
    if (record.isControlRecord) {
      if (isAbortMarker(record.key)) open.delete(producerId);
      return false;
    }
    return offset >= from && !(inTransaction && open.has(producerId));
  });
}
