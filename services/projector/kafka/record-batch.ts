/**
 * Records out of the bytes of a fetch, without an object per field on the way: kafkajs takes 12 µs for a record, more
 * than everything else the projector does with it (deploy/decisions/0311). Record batches of magic 2, KIP-98:
 *   batch  = baseOffset:i64 length:i32 leaderEpoch:i32 magic:i8 crc32c:u32 attributes:i16 lastOffsetDelta:i32
 *            baseTimestamp:i64 maxTimestamp:i64 producerId:i64 producerEpoch:i16 baseSequence:i32 count:i32 records
 *   record = length attributes:i8 timestampDelta offsetDelta key value headers; numbers and lengths zigzag varints
 * The records of a batch may be compressed as a whole; length and crc are of what follows them.
 */
import { gunzipSync } from 'node:zlib';
import { crc32c } from '@node-rs/crc32';
import { isAbortMarker } from '../../../schemas/read-committed';
import { Cursor } from '../../domain/ingest/cursor';
import { ProjectorError } from '../errors';
import { type LogMessage } from '../ports';

/** A batch may not grow beyond this when it is inflated: a broker takes 1 MB of it unless told otherwise. */
export const MAX_INFLATED_BYTES = 64 * 1024 * 1024;

/** Producers whose transaction was aborted, with its first offset, as the broker says with each fetch. */
export interface Aborted {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

export interface Records {
  /** Committed ones at or after the offset asked for. */
  readonly messages: LogMessage[];
  /** After the last record of the last whole batch, the offset asked for when there is none. */
  readonly position: number;
}

const AT = { length: 8, magic: 16, crc: 17, attributes: 21, lastOffsetDelta: 23, baseTimestamp: 27 } as const;
const MAX_TIMESTAMP_AT = 35;
const PRODUCER_ID_AT = 43;
const COUNT_AT = 57;
const RECORDS_AT = 61;
/** Bytes before the part that `length` counts. */
const LENGTH_END = 12;
const MAGIC = 2;
const ATTRIBUTES = { codec: 0x07, logAppendTime: 0x08, transactional: 0x10, control: 0x20 } as const;
const GZIP = 1;

/** Throws ProjectorError `corrupt-log` for bytes that are no record batches. The last batch may be cut short: it is left. */
export function readBatches(buf: Buffer, from: number, aborted: readonly Aborted[] = []): Records {
  const transactions = new Transactions(aborted);
  const messages: LogMessage[] = [];
  let position = from;
  for (let at = 0; at + RECORDS_AT <= buf.length;) {
    const end = at + LENGTH_END + buf.readInt32BE(at + AT.length);
    if (end > buf.length) break;
    const batch = buf.subarray(at, end);
    check(batch);
    readBatch(batch, from, transactions, messages);
    position = Math.max(position, offsetAt(batch, 0) + batch.readInt32BE(AT.lastOffsetDelta) + 1);
    at = end;
  }
  return { messages, position };
}

function check(batch: Buffer): void {
  const magic = batch.length < RECORDS_AT ? undefined : batch.readInt8(AT.magic);
  if (magic !== MAGIC) throw corrupt(batch, `magic ${magic} in ${batch.length} bytes`);
  if (crc32c(batch.subarray(AT.attributes)) !== batch.readUInt32BE(AT.crc))
    throw corrupt(batch, 'its checksum differs');
}

function readBatch(batch: Buffer, from: number, transactions: Transactions, messages: LogMessage[]): void {
  const attributes = batch.readInt16BE(AT.attributes);
  const producerId = batch.readBigInt64BE(PRODUCER_ID_AT);
  const baseOffset = offsetAt(batch, 0);
  const control = (attributes & ATTRIBUTES.control) !== 0;
  transactions.comeTo(baseOffset);
  if (!control && (attributes & ATTRIBUTES.transactional) !== 0 && transactions.aborted(producerId)) return;
  const records = new RecordCursor(batch, attributes);
  for (let n = batch.readInt32BE(COUNT_AT); n > 0; n--) {
    const record = records.next();
    if (control) transactions.end(producerId, record.key);
    else if (record.offset >= from) messages.push(record);
  }
}

/** Which producers' records are of a transaction that was aborted, while the log is gone through in order. */
class Transactions {
  private readonly ahead: readonly Aborted[];
  private readonly open = new Set<bigint>();
  private next = 0;

  constructor(aborted: readonly Aborted[]) {
    this.ahead = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  comeTo(offset: number): void {
    for (let t = this.ahead[this.next]; t && t.firstOffset <= offset; t = this.ahead[++this.next])
      this.open.add(t.producerId);
  }

  aborted(producerId: bigint): boolean {
    return this.open.has(producerId);
  }

  end(producerId: bigint, key: Buffer | null): void {
    if (isAbortMarker(key)) this.open.delete(producerId);
  }
}

const NO_HEADERS: LogMessage['headers'] = {};

class RecordCursor {
  private readonly cursor = new Cursor();
  private readonly buf: Buffer;
  private readonly baseOffset: number;
  private readonly baseTimestamp: number;
  /** Time of all records, where the broker stamps them. */
  private readonly appended: number | undefined;

  constructor(
    private readonly batch: Buffer,
    attributes: number,
  ) {
    this.buf = inflated(batch, attributes & ATTRIBUTES.codec);
    this.cursor.over(this.buf, 0, this.buf.length);
    this.baseOffset = offsetAt(batch, 0);
    this.baseTimestamp = offsetAt(batch, AT.baseTimestamp);
    if ((attributes & ATTRIBUTES.logAppendTime) !== 0) this.appended = offsetAt(batch, MAX_TIMESTAMP_AT);
  }

  next(): LogMessage {
    const { cursor } = this;
    const length = cursor.readLong();
    const end = cursor.pos + length;
    cursor.skip(1);
    const timestamp = this.appended ?? this.baseTimestamp + cursor.readLong();
    if (this.appended !== undefined) cursor.skipLong();
    const offset = this.baseOffset + cursor.readLong();
    const key = this.bytes();
    const value = this.bytes();
    const headers = this.headers();
    // A length that is none makes `end` NaN, and so everything that went wrong before ends here.
    if (cursor.pos !== end || end > this.buf.length) throw corrupt(this.batch, 'a record does not end where it says');
    return { offset, timestamp, key, value, headers };
  }

  private bytes(): Buffer | null {
    const length = this.cursor.readLong();
    if (length === -1) return null;
    const start = this.cursor.pos;
    if (!(length >= 0) || !this.cursor.skip(length)) throw corrupt(this.batch, 'a field is longer than its record');
    return this.buf.subarray(start, start + length);
  }

  /** Of a header given several times the last one is kept. */
  private headers(): LogMessage['headers'] {
    let n = this.cursor.readLong();
    if (n === 0) return NO_HEADERS;
    const headers: Record<string, Buffer> = {};
    for (; n > 0; n--) {
      const name = this.bytes();
      headers[String(name)] = this.bytes() ?? Buffer.alloc(0);
    }
    return headers;
  }
}

function inflated(batch: Buffer, codec: number): Buffer {
  const records = batch.subarray(RECORDS_AT);
  if (codec === 0) return records;
  if (codec !== GZIP)
    throw corrupt(batch, `compression ${codec} (2 snappy, 3 lz4, 4 zstd) is not read here`, 'let producers use gzip');
  try {
    return gunzipSync(records, { maxOutputLength: MAX_INFLATED_BYTES });
  } catch (cause) {
    throw corrupt(batch, `does not inflate: ${(cause as Error).message}`);
  }
}

/** Kafka's 64-bit numbers are exact as doubles here: offsets and times stay below 2^53. */
const offsetAt = (buf: Buffer, at: number): number => buf.readInt32BE(at) * 2 ** 32 + buf.readUInt32BE(at + 4);

function corrupt(batch: Buffer, reason: string, hint?: string): ProjectorError {
  const at = batch.length < 8 ? '' : ` at offset ${offsetAt(batch, 0)}`;
  return new ProjectorError(
    'corrupt-log',
    'read the log',
    `the record batch${at}: ${reason}`,
    hint ?? 'it is fetched again; if this stays, compare the brokers’ copies of the partition (kafka-dump-log)',
  );
}
