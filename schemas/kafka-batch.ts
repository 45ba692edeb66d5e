/**
 * What a producer sends, written in one pass into one buffer of the right size: kafkajs writes the same bytes through a buffer
 * of 512 bytes for each record, arithmetic on 64-bit objects and six copies, which is most of what sending a record costs.
 *
 *   RecordBatch => FirstOffset:int64 Length:int32 LeaderEpoch:int32 Magic:int8 CRC:int32 Attributes:int16 LastOffsetDelta:int32
 *                  FirstTimestamp:int64 MaxTimestamp:int64 ProducerId:int64 ProducerEpoch:int16 FirstSequence:int32 [Record]
 *   Record      => Length:varint Attributes:int8 TimestampDelta:varlong OffsetDelta:varint Key:varint-bytes Value:varint-bytes
 *                  [HeaderKey:varint-string HeaderValue:varint-bytes]
 */
import { crc32c } from '@node-rs/crc32';

type Bytes = Buffer | string | null | undefined;

export interface SentMessage {
  readonly key?: Bytes;
  readonly value?: Bytes;
  /** ms since 1970-01-01 UTC; of sending, when it says none. */
  readonly timestamp?: string | number | null;
  readonly headers?: Readonly<Record<string, Bytes | readonly Bytes[]>>;
}

export interface Batch {
  readonly messages: readonly SentMessage[];
  /** ms since 1970-01-01 UTC. */
  readonly now: number;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly transactional: boolean;
}

/** Kafka's number of the codec, and what it makes of the records. */
export interface Compressed {
  readonly codec: number;
  compress(records: Buffer): Promise<Buffer>;
}

const MAGIC = 2;
const TRANSACTIONAL = 16;
/** FirstOffset and Length: what Length does not count. */
const BEFORE_LENGTH_BYTES = 12;
const CRC_AT = 17;
/** Attributes, the first field that the checksum covers. */
const BODY_AT = 21;
const HEADER_BYTES = 61;

export async function writeBatch(batch: Batch, compressed?: Compressed): Promise<Buffer> {
  const { first, max, deltas } = timesOf(batch);
  const { messages } = batch;
  let bytes = 0;
  const bodies = messages.map((message, i) => {
    const body = bodyBytes(message, i, deltas[i] ?? 0);
    bytes += sizeOfVarint(body) + body;
    return body;
  });
  let out = Buffer.allocUnsafe(HEADER_BYTES + bytes);
  let at = HEADER_BYTES;
  for (const [i, message] of messages.entries()) at = putRecord(out, at, message, bodies[i] ?? 0, i, deltas[i] ?? 0);
  if (compressed) {
    const packed = await compressed.compress(out.subarray(HEADER_BYTES));
    out = Buffer.concat([out.subarray(0, HEADER_BYTES), packed]);
  }
  putHeader(out, batch, first, max, compressed?.codec ?? 0);
  return out;
}

function timesOf({ messages, now }: Batch): { first: number; max: number; deltas: readonly number[] } {
  const times = messages.map(({ timestamp }) => (timestamp === undefined || timestamp === null ? now : +timestamp));
  let first = times[0] ?? now;
  let max = first;
  for (const time of times) {
    if (time < first) first = time;
    if (time > max) max = time;
  }
  return { first, max, deltas: times.map((time) => time - first) };
}

function putHeader(out: Buffer, batch: Batch, first: number, max: number, codec: number): void {
  const count = batch.messages.length;
  out.writeBigInt64BE(0n, 0);
  out.writeInt32BE(out.length - BEFORE_LENGTH_BYTES, 8);
  out.writeInt32BE(0, 12);
  out.writeInt8(MAGIC, 16);
  out.writeInt16BE(codec | (batch.transactional ? TRANSACTIONAL : 0), BODY_AT);
  out.writeInt32BE(count - 1, 23);
  out.writeBigInt64BE(BigInt(first), 27);
  out.writeBigInt64BE(BigInt(max), 35);
  out.writeBigInt64BE(batch.producerId, 43);
  out.writeInt16BE(batch.producerEpoch, 51);
  out.writeInt32BE(batch.firstSequence, 53);
  out.writeInt32BE(count, 57);
  out.writeUInt32BE(crc32c(out.subarray(BODY_AT)), CRC_AT);
}

/** Of a record without its length. */
function bodyBytes({ key, value, headers }: SentMessage, offsetDelta: number, timestampDelta: number): number {
  let bytes = 1 + sizeOfVarlong(timestampDelta) + sizeOfVarint(offsetDelta) + sizeOf(key) + sizeOf(value);
  const pairs = pairsOf(headers);
  bytes += sizeOfVarint(pairs.length);
  for (const [name, content] of pairs) bytes += sizeOf(name) + sizeOf(content);
  return bytes;
}

function putRecord(out: Buffer, from: number, m: SentMessage, body: number, offset: number, time: number): number {
  let at = putVarint(out, body, from);
  out[at++] = 0;
  at = putVarlong(out, time, at);
  at = putVarint(out, offset, at);
  at = putBytes(out, m.key, at);
  at = putBytes(out, m.value, at);
  const pairs = pairsOf(m.headers);
  at = putVarint(out, pairs.length, at);
  for (const [name, content] of pairs) at = putBytes(out, content, putBytes(out, name, at));
  return at;
}

const NO_HEADERS: readonly (readonly [string, Bytes])[] = [];

/** A header with several values is one header for each. */
function pairsOf(headers: SentMessage['headers']): readonly (readonly [string, Bytes])[] {
  if (headers === undefined) return NO_HEADERS;
  return Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as readonly Bytes[]) : [value as Bytes]).map((v) => [name, v] as const),
  );
}

const lengthOf = (value: Buffer | string): number =>
  typeof value === 'string' ? Buffer.byteLength(value) : value.length;

/** Of bytes with their length before them; -1 is the length of none. */
function sizeOf(value: Bytes): number {
  if (value === null || value === undefined) return sizeOfVarint(-1);
  const length = lengthOf(value);
  return sizeOfVarint(length) + length;
}

function putBytes(out: Buffer, value: Bytes, at: number): number {
  if (value === null || value === undefined) return putVarint(out, -1, at);
  const length = lengthOf(value);
  const next = putVarint(out, length, at);
  if (typeof value === 'string') out.write(value, next);
  else out.set(value, next);
  return next + length;
}

/** Above it the upper half of a 64-bit zigzag number is not empty. */
const MAX_SMALL = 2 ** 30;
const isSmall = (n: number): boolean => n < MAX_SMALL && n >= -MAX_SMALL;
const zigzag = (n: number): number => ((n << 1) ^ (n >> 31)) >>> 0;
const zigzag64 = (n: number): bigint => BigInt.asUintN(64, (BigInt(n) << 1n) ^ (BigInt(n) >> 63n));

function sizeOfVarint(n: number): number {
  let size = 1;
  for (let rest = zigzag(n); rest > 0x7f; rest >>>= 7) size++;
  return size;
}

function putVarint(out: Buffer, n: number, at: number): number {
  let rest = zigzag(n);
  for (; rest > 0x7f; rest >>>= 7) out[at++] = (rest & 0x7f) | 0x80;
  out[at++] = rest;
  return at;
}

function sizeOfVarlong(n: number): number {
  if (isSmall(n)) return sizeOfVarint(n);
  let size = 1;
  for (let rest = zigzag64(n); rest > 0x7fn; rest >>= 7n) size++;
  return size;
}

function putVarlong(out: Buffer, n: number, at: number): number {
  if (isSmall(n)) return putVarint(out, n, at);
  let rest = zigzag64(n);
  for (; rest > 0x7fn; rest >>= 7n) out[at++] = Number(rest & 0x7fn) | 0x80;
  out[at++] = Number(rest);
  return at;
}
