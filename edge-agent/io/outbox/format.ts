/**
 * Segment file, pure.
 *
 *   segment = header header block*
 *   header  = 'MRS2' stored_bytes:u32 crc32c:u32 raw_bytes:u32 deflated(JSON SegmentHeader)
 *   block   = 'MRB1' stored_bytes:u32 crc32c:u32 flags:u32 raw_bytes:u32 count:u32 first_index:u64 at:u64 0:u32 payload
 *   payload = marks record*, deflated when flags has DEFLATED, with the header's dictionary
 *   marks   = n:uint (name:text value:uint){n}
 *   record  = stream:uint counter:text key:text seq:uint readings:uint body:bytes
 *
 * Fixed-width integers are little-endian; uint, text and bytes are those of bytes.ts. A block's checksum covers everything
 * of it behind the checksum, the header's its stored bytes. One block is one write and one fdatasync, and the next block
 * is not written before that returned: so an unreadable end of a file is a torn write, an unreadable middle is damage.
 * The header is there twice, because without it no block of the segment could be read; version 1 has it once, as 'MRS1'.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { crc32c } from '@node-rs/crc32';
import { type EventName } from '../../../schemas/topics';
import { type Lane } from '../outbox-api';
import { ByteReader, ByteWriter } from './bytes';

export const FORMAT_VERSION = 2;
export const SEGMENT_HEADER_BYTES = 16;
export const BLOCK_HEADER_BYTES = 44;
/** Raw bytes of a block, bound of what a damaged length can make us allocate. */
export const MAX_BLOCK_BYTES = 24 * 1024 * 1024;
export const MAX_DICTIONARY_BYTES = 8 * 1024;
/** Below this deflating costs more than it saves. */
const MIN_DEFLATE_BYTES = 64;
const MAX_HEADER_BYTES = 16 * 1024 * 1024;
const SEGMENT_MAGIC = 0x3253524d;
const SEGMENT_MAGIC_1 = 0x3153524d;
const SEGMENT_MAGIC_BYTES = Buffer.alloc(4);
SEGMENT_MAGIC_BYTES.writeUInt32LE(SEGMENT_MAGIC);
export const BLOCK_MAGIC = 0x3142524d;
const DEFLATED = 1;

/** Last number drawn from a counter and the readings drawn with it, both since the outbox was made. */
export interface CounterState {
  readonly seq: number;
  readonly readings: number;
}
export type Counters = ReadonlyMap<string, CounterState>;
/** Facts that must become durable together with records, such as "lost up to here is declared". */
export type Marks = ReadonlyMap<string, number>;

export interface Stream {
  readonly topic: string;
  readonly schema: EventName;
  readonly avsc: object;
}

/** All a reader needs to know: a segment stands by itself. */
export interface SegmentHeader {
  readonly version: number;
  readonly outbox: string;
  readonly lane: Lane;
  /** Index of the first record. The segment before it ends here, whatever it holds beyond. */
  readonly firstIndex: number;
  readonly createdAt: number;
  readonly counters: Counters;
  readonly marks: Marks;
  readonly streams: readonly Stream[];
  /** Sample of the payloads, so that small blocks deflate as well as large ones. */
  readonly dictionary: Buffer;
}

export interface BlockHeader {
  readonly storedBytes: number;
  readonly rawBytes: number;
  readonly count: number;
  readonly firstIndex: number;
  /** ms since 1970-01-01 UTC */
  readonly at: number;
  readonly deflated: boolean;
}

export interface BlockRecord {
  readonly stream: number;
  readonly counter: string;
  readonly key: string;
  readonly seq: number;
  readonly readings: number;
  readonly body: Buffer;
}

export interface BlockContent {
  readonly marks: Marks;
  readonly records: readonly BlockRecord[];
}

/** Why bytes are not a segment header or a block. `short`: the file ends first; everything else is damage. */
export type Unreadable = 'short' | 'not-magic' | 'checksum' | 'malformed' | 'version';

type HeaderJson = Omit<SegmentHeader, 'counters' | 'marks' | 'dictionary'> & {
  readonly counters: readonly (readonly [string, number, number])[];
  readonly marks: readonly (readonly [string, number])[];
  readonly dictionary: string;
};

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const json: HeaderJson = {
    ...header,
    counters: [...header.counters].map(([name, c]) => [name, c.seq, c.readings] as const),
    marks: [...header.marks],
    dictionary: header.dictionary.toString('base64'),
  };
  const raw = Buffer.from(JSON.stringify(json));
  const stored = deflateRawSync(raw, { level: 1 });
  const out = Buffer.alloc(SEGMENT_HEADER_BYTES + stored.length);
  out.writeUInt32LE(SEGMENT_MAGIC, 0);
  out.writeUInt32LE(stored.length, 4);
  out.writeUInt32LE(crc32c(stored), 8);
  out.writeUInt32LE(raw.length, 12);
  stored.copy(out, SEGMENT_HEADER_BYTES);
  return Buffer.concat([out, out]);
}

/** Bytes the header and its copy take, from the first SEGMENT_HEADER_BYTES. */
export function segmentHeaderBytes(start: Buffer): number | Unreadable {
  const copy = copyBytes(start);
  if (typeof copy === 'string') return copy;
  return start.readUInt32LE(0) === SEGMENT_MAGIC ? 2 * copy : copy;
}

/** Bytes of one copy of the header. */
function copyBytes(start: Buffer): number | Unreadable {
  if (start.length < SEGMENT_HEADER_BYTES) return 'short';
  const magic = start.readUInt32LE(0);
  if (magic !== SEGMENT_MAGIC && magic !== SEGMENT_MAGIC_1) return 'not-magic';
  const stored = start.readUInt32LE(4);
  return stored > MAX_HEADER_BYTES ? 'malformed' : SEGMENT_HEADER_BYTES + stored;
}

/** The header of a segment file, and where its blocks begin. A copy that cannot be read is made good by the other one. */
export function decodeSegmentHeader(file: Buffer): { header: SegmentHeader; bytes: number } | Unreadable {
  const first = decodeCopy(file);
  if (typeof first !== 'string') {
    const bytes = segmentHeaderBytes(file) as number;
    return file.length < bytes ? 'short' : { header: first, bytes };
  }
  for (let at = file.indexOf(SEGMENT_MAGIC_BYTES, 1); at > 0; at = file.indexOf(SEGMENT_MAGIC_BYTES, at + 1)) {
    const copy = file.subarray(at);
    const header = decodeCopy(copy);
    if (typeof header !== 'string') return { header, bytes: at + (copyBytes(copy) as number) };
  }
  return first;
}

function decodeCopy(file: Buffer): SegmentHeader | Unreadable {
  const bytes = copyBytes(file);
  if (typeof bytes === 'string') return bytes;
  if (file.length < bytes) return 'short';
  const stored = file.subarray(SEGMENT_HEADER_BYTES, bytes);
  if (crc32c(stored) !== file.readUInt32LE(8)) return 'checksum';
  try {
    const json = JSON.parse(inflateRawSync(stored).toString()) as HeaderJson;
    if (json.version > FORMAT_VERSION) return 'version';
    return {
      ...json,
      counters: new Map(json.counters.map(([name, seq, readings]) => [name, { seq, readings }])),
      marks: new Map(json.marks),
      dictionary: Buffer.from(json.dictionary, 'base64'),
    };
  } catch {
    return 'malformed';
  }
}

/** Writes one record into a payload that began with its marks. */
export function writeRecord(out: ByteWriter, record: BlockRecord): void {
  out.uint(record.stream);
  out.text(record.counter);
  out.text(record.key);
  out.uint(record.seq);
  out.uint(record.readings);
  out.bytes(record.body);
}

export function encodeMarks(marks: Marks): Buffer {
  const out = new ByteWriter();
  out.uint(marks.size);
  for (const [name, value] of marks) {
    out.text(name);
    out.uint(value);
  }
  return Buffer.from(out.view());
}

/** A block around a raw payload. */
export function encodeBlock(raw: Buffer, count: number, firstIndex: number, at: number, dictionary: Buffer): Buffer {
  const deflated = raw.length >= MIN_DEFLATE_BYTES ? deflateRawSync(raw, { level: 1, dictionary }) : undefined;
  const payload = deflated && deflated.length < raw.length ? deflated : raw;
  const out = Buffer.allocUnsafe(BLOCK_HEADER_BYTES + payload.length);
  out.writeUInt32LE(BLOCK_MAGIC, 0);
  out.writeUInt32LE(payload.length, 4);
  out.writeUInt32LE(payload === raw ? 0 : DEFLATED, 12);
  out.writeUInt32LE(raw.length, 16);
  out.writeUInt32LE(count, 20);
  out.writeBigUInt64LE(BigInt(firstIndex), 24);
  out.writeBigUInt64LE(BigInt(at), 32);
  out.writeUInt32LE(0, 40);
  payload.copy(out, BLOCK_HEADER_BYTES);
  out.writeUInt32LE(crc32c(out.subarray(12)), 8);
  return out;
}

/** Reads a block's header alone; its checksum is verified by `decodeBlock`. */
export function decodeBlockHeader(bytes: Buffer): BlockHeader | Unreadable {
  if (bytes.length < BLOCK_HEADER_BYTES) return 'short';
  if (bytes.readUInt32LE(0) !== BLOCK_MAGIC) return 'not-magic';
  const storedBytes = bytes.readUInt32LE(4);
  const rawBytes = bytes.readUInt32LE(16);
  if (storedBytes > MAX_BLOCK_BYTES || rawBytes > MAX_BLOCK_BYTES) return 'malformed';
  const firstIndex = Number(bytes.readBigUInt64LE(24));
  const at = Number(bytes.readBigUInt64LE(32));
  if (!Number.isSafeInteger(firstIndex) || !Number.isSafeInteger(at)) return 'malformed';
  const deflated = (bytes.readUInt32LE(12) & DEFLATED) !== 0;
  return { storedBytes, rawBytes, count: bytes.readUInt32LE(20), firstIndex, at, deflated };
}

/** The block at the start of `bytes`, its checksum verified. The payload is not parsed yet. */
export function checkBlock(bytes: Buffer): { header: BlockHeader; bytes: number } | Unreadable {
  const header = decodeBlockHeader(bytes);
  if (typeof header === 'string') return header;
  const end = BLOCK_HEADER_BYTES + header.storedBytes;
  if (bytes.length < end) return 'short';
  if (crc32c(bytes.subarray(12, end)) !== bytes.readUInt32LE(8)) return 'checksum';
  return { header, bytes: end };
}

/** Marks and records of a block whose checksum held. Throws RangeError when it is not one of ours all the same. */
export function parseBlock(block: Buffer, header: BlockHeader, dictionary: Buffer): BlockContent {
  const stored = block.subarray(BLOCK_HEADER_BYTES, BLOCK_HEADER_BYTES + header.storedBytes);
  const raw = header.deflated ? inflateRawSync(stored, { dictionary, maxOutputLength: header.rawBytes }) : stored;
  if (raw.length !== header.rawBytes) throw new RangeError(`payload has ${raw.length} bytes, not ${header.rawBytes}`);
  const reader = new ByteReader(raw);
  const marks = new Map<string, number>();
  for (let n = reader.uint(); n > 0; n--) marks.set(reader.text(), reader.uint());
  const records: BlockRecord[] = [];
  while (!reader.done)
    records.push({
      stream: reader.uint(),
      counter: reader.text(),
      key: reader.text(),
      seq: reader.uint(),
      readings: reader.uint(),
      body: reader.bytes(),
    });
  if (records.length !== header.count) throw new RangeError(`${records.length} records, not ${header.count}`);
  return { marks, records };
}
