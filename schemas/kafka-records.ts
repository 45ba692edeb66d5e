/**
 * Records out of a batch of a fetch, in one pass over its bytes: kafkajs makes a buffer, a decoder and several 64-bit objects of each,
 * which for a small record is more than decoding what is in it. The same objects come out, in kafkajs's words. Layout: kafka-batch.ts.
 */
export interface BatchContext {
  readonly firstOffset: string;
  readonly firstTimestamp: string;
  readonly partitionLeaderEpoch: number;
  readonly inTransaction: boolean;
  readonly isControlBatch: boolean;
  readonly lastOffsetDelta: number;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly maxTimestamp: string;
  /** 0: each record has its own; 1: the broker's, one for all. */
  readonly timestampType: number;
  readonly magicByte: number;
}

type Header = Buffer | null;

export interface ReadRecord {
  readonly magicByte: number;
  readonly attributes: number;
  readonly timestamp: string;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Of a name that occurs several times all values, in order. */
  readonly headers: Record<string, Header | Header[]>;
  isControlRecord: boolean;
  readonly batchContext: BatchContext;
}

export const BATCH_HEADER_BYTES = 49;
const FLAGS = { logAppendTime: 0x08, transactional: 0x10, control: 0x20 } as const;

/** `batch`: what its Length counts, from the leader's epoch on. */
export function contextOf(batch: Buffer, firstOffset: bigint): BatchContext & { readonly attributes: number } {
  const attributes = batch.readInt16BE(9);
  return {
    ...{ firstOffset: String(firstOffset), firstTimestamp: String(batch.readBigInt64BE(15)) },
    partitionLeaderEpoch: batch.readInt32BE(0),
    inTransaction: (attributes & FLAGS.transactional) !== 0,
    isControlBatch: (attributes & FLAGS.control) !== 0,
    lastOffsetDelta: batch.readInt32BE(11),
    ...{ producerId: String(batch.readBigInt64BE(31)), producerEpoch: batch.readInt16BE(39) },
    ...{ firstSequence: batch.readInt32BE(41), maxTimestamp: String(batch.readBigInt64BE(23)) },
    ...{ timestampType: (attributes & FLAGS.logAppendTime) === 0 ? 0 : 1, magicByte: batch.readInt8(4), attributes },
  };
}

/** `bytes`: the records, inflated; keys and values are views of it. */
export function recordsIn(bytes: Buffer, count: number, context: BatchContext): ReadRecord[] {
  const { magicByte, isControlBatch } = context;
  const firstOffset = Number(context.firstOffset);
  const firstTimestamp = Number(context.firstTimestamp);
  const appended = context.timestampType === 1 ? context.maxTimestamp : undefined;
  const at = new Reader(bytes);
  return Array.from({ length: Math.max(0, count) }, () => {
    const length = at.number();
    const end = at.pos + length;
    const attributes = at.byte();
    const timestamp = appended ?? String(firstTimestamp + at.number());
    if (appended !== undefined) at.number();
    const offset = String(firstOffset + at.number());
    const key = at.bytes();
    const value = at.bytes();
    const headers = at.headers();
    at.pos = end;
    const isControlRecord = isControlBatch;
    return { magicByte, attributes, timestamp, offset, key, value, headers, isControlRecord, batchContext: context };
  });
}

class Reader {
  pos = 0;
  constructor(private readonly from: Buffer) {}

  byte(): number {
    return this.from.readInt8(this.pos++);
  }

  /** Zigzag, exact up to 53 bits. */
  number(): number {
    let byte = this.from[this.pos++] as number;
    let sum = byte & 0x7f;
    for (let scale = 128; byte >= 0x80; scale *= 128) {
      byte = this.from[this.pos++] as number;
      sum += (byte & 0x7f) * scale;
    }
    return sum % 2 === 0 ? sum / 2 : -(sum + 1) / 2;
  }

  bytes(): Buffer | null {
    const length = this.number();
    if (length === -1) return null;
    const start = this.pos;
    return this.from.subarray(start, (this.pos = start + length));
  }

  headers(): ReadRecord['headers'] {
    const headers: ReadRecord['headers'] = {};
    for (let n = this.number(); n > 0; n--) {
      const name = String(this.bytes() ?? '');
      const value = this.bytes();
      const before = headers[name];
      headers[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
    }
    return headers;
  }
}
