/** Reads the durable records of one lane, block by block, while it is being written. */
import { Turns } from '../../core/turns';
import { type Lane, type ReadBounds, type StoredBatch, type StoredRecord } from '../outbox-api';
import { BLOCK_HEADER_BYTES, checkBlock, decodeBlockHeader, parseBlock, type SegmentHeader } from './format';
import { type OutboxFile, type OutboxFs } from './fs';
import { readHeader, type Segment } from './segments';
import { type WalkedBlock, walkBlocks } from './survey';

/** Bytes read ahead of a cursor. */
const CHUNK_BYTES = 512 * 1024;
/** Cursors kept open: backlog, live and one to spare. */
const MAX_CURSORS = 3;

export interface ReaderDeps {
  readonly fs: OutboxFs;
  readonly lane: Lane;
  /** Oldest first. */
  segments(): readonly Segment[];
  /** The segment is being given up: until it is gone, or kept after all, nothing from it on is read. */
  condemned(segment: Segment): boolean;
  /** A segment holds unreadable blocks; resolves when what is missing has been declared. */
  damaged(segment: Segment): Promise<void>;
}

interface Cursor {
  readonly segment: Segment;
  readonly file: OutboxFile;
  readonly header: SegmentHeader;
  /** Where the next block begins, and the bytes of the file known from `chunkAt` on. */
  offset: number;
  chunk: Buffer;
  chunkAt: number;
  block: WalkedBlock | undefined;
  /** Index of the record to return next. */
  next: number;
}

export class LaneReader {
  private readonly cursors: Cursor[] = [];
  private readonly turns = new Turns();

  constructor(private readonly deps: ReaderDeps) {}

  /** One read after the other: two that moved the same cursor would each skip what the other had read. */
  read(from: number, bounds: ReadBounds): Promise<StoredBatch> {
    return this.turns.take(() => this.readFrom(from, bounds));
  }

  private async readFrom(from: number, bounds: ReadBounds): Promise<StoredBatch> {
    const records: StoredRecord[] = [];
    let bytes = 0;
    let next = from;
    while (records.length < bounds.maxRecords) {
      const cursor = await this.cursorAt(next);
      if (!cursor) break;
      const block = await this.blockAt(cursor);
      if (!block) {
        const after = await this.leave(cursor);
        if (after === undefined) break;
        next = after;
        continue;
      }
      next = Math.max(next, block.header.firstIndex);
      const end = block.header.firstIndex + block.header.count;
      for (; next < end && records.length < bounds.maxRecords; next++) {
        const record = this.record(cursor, block, next);
        if (records.length > 0 && bytes + record.body.length > bounds.maxBytes) return { records, next };
        records.push(record);
        bytes += record.body.length;
        cursor.next = next + 1;
      }
      cursor.next = next;
      if (next >= end) cursor.block = undefined;
    }
    return { records, next };
  }

  close(): Promise<void> {
    return this.turns.take(async () => {
      for (const cursor of this.cursors.splice(0)) await cursor.file.close();
    });
  }

  /** Closes cursors on files that are gone. */
  forget(segment: Segment): Promise<void> {
    return this.turns.take(async () => {
      for (const cursor of this.cursors.filter((c) => c.segment === segment)) await this.drop(cursor);
    });
  }

  private async cursorAt(index: number): Promise<Cursor | undefined> {
    const segments = this.deps.segments();
    const known = this.cursors.find((c) => c.next === index);
    if (known && segments.includes(known.segment)) return this.deps.condemned(known.segment) ? undefined : known;
    if (known) await this.drop(known);
    const segment = segments.find((s) => s.endIndex > index);
    if (!segment || this.deps.condemned(segment)) return undefined;
    const cursor = await this.openUnlessGone(segment, Math.max(index, segment.firstIndex));
    if (!cursor) return undefined;
    if (this.cursors.length >= MAX_CURSORS) await this.drop(this.cursors[0] as Cursor);
    this.cursors.push(cursor);
    return cursor;
  }

  /** A segment may be given up while it is being opened: then it is read no more, and the next call finds its successor. */
  private async openUnlessGone(segment: Segment, next: number): Promise<Cursor | undefined> {
    try {
      return await this.openCursor(segment, next);
    } catch (error) {
      if (this.deps.condemned(segment) || !this.deps.segments().includes(segment)) return undefined;
      throw error;
    }
  }

  private async openCursor(segment: Segment, next: number): Promise<Cursor> {
    const { header, headerBytes: offset } = await readHeader(this.deps.fs, segment.path);
    if (typeof header === 'string') throw new Error(`${segment.path}: header is unreadable (${header})`);
    const file = await this.deps.fs.openForReading(segment.path);
    return { segment, file, header, offset, chunk: Buffer.alloc(0), chunkAt: offset, block: undefined, next };
  }

  /** The block that holds the cursor's next record, or the first one after it. */
  private async blockAt(cursor: Cursor): Promise<WalkedBlock | undefined> {
    while (!cursor.block) {
      const block = await this.nextBlock(cursor);
      if (!block) return undefined;
      if (block.header.firstIndex + block.header.count > cursor.next) cursor.block = block;
    }
    return cursor.block;
  }

  private async nextBlock(cursor: Cursor): Promise<WalkedBlock | undefined> {
    const { segment, header } = cursor;
    if (cursor.offset >= segment.bytes || this.finished(cursor)) return undefined;
    const bytes = await this.bytesAt(cursor);
    const checked = checkBlock(bytes);
    if (typeof checked === 'string') return this.stepOver(cursor);
    const block = bytes.subarray(0, checked.bytes);
    if (checked.header.firstIndex >= segment.endIndex) return undefined;
    const content = parseBlock(block, checked.header, header.dictionary);
    const walked = { offset: cursor.offset, header: checked.header, bytes: block, content };
    cursor.offset += checked.bytes;
    return walked;
  }

  /** Behind the segment's last record lies at most what a failed append left. */
  private finished(cursor: Cursor): boolean {
    return cursor.next >= cursor.segment.endIndex;
  }

  /** Bytes from the cursor's offset on that hold its whole block if the file does. */
  private async bytesAt(cursor: Cursor): Promise<Buffer> {
    const known = this.known(cursor);
    const header = decodeBlockHeader(known);
    const needed = typeof header === 'string' ? BLOCK_HEADER_BYTES : BLOCK_HEADER_BYTES + header.storedBytes;
    const durable = cursor.segment.bytes - cursor.offset;
    if (known.length >= Math.min(needed, durable) && known.length >= BLOCK_HEADER_BYTES) return known;
    cursor.chunk = await cursor.file.read(cursor.offset, Math.min(durable, Math.max(CHUNK_BYTES, needed)));
    cursor.chunkAt = cursor.offset;
    const again = decodeBlockHeader(cursor.chunk);
    if (typeof again === 'string' || BLOCK_HEADER_BYTES + again.storedBytes <= cursor.chunk.length) return cursor.chunk;
    return (cursor.chunk = await cursor.file.read(
      cursor.offset,
      Math.min(durable, BLOCK_HEADER_BYTES + again.storedBytes),
    ));
  }

  private known(cursor: Cursor): Buffer {
    return cursor.chunk.subarray(cursor.offset - cursor.chunkAt);
  }

  /** Declares the damage and goes on at the next block that can be read. */
  private async stepOver(cursor: Cursor): Promise<WalkedBlock | undefined> {
    const { segment, header } = cursor;
    await this.deps.damaged(segment);
    const rest = await cursor.file.read(cursor.offset, segment.bytes - cursor.offset);
    for (const block of walkBlocks(rest, 1, header.dictionary)) {
      if (block.header.firstIndex >= segment.endIndex) break;
      cursor.offset += block.offset + block.bytes.length;
      return block;
    }
    cursor.offset = segment.bytes;
    return undefined;
  }

  /** Index to go on with in the next segment, undefined when there is none yet. */
  private async leave(cursor: Cursor): Promise<number | undefined> {
    const segments = this.deps.segments();
    const newest = segments.at(-1);
    if (cursor.segment === newest) return undefined;
    await this.drop(cursor);
    return Math.max(cursor.next, cursor.segment.endIndex);
  }

  private async drop(cursor: Cursor): Promise<void> {
    this.cursors.splice(this.cursors.indexOf(cursor), 1);
    await cursor.file.close();
  }

  private record(cursor: Cursor, block: WalkedBlock, index: number): StoredRecord {
    const stored = block.content.records[index - block.header.firstIndex];
    const stream = stored && cursor.header.streams[stored.stream];
    if (!stream) throw new Error(`${cursor.segment.path}: record ${index} has no stream`);
    const { counter, key, seq, readings, body } = stored;
    const { topic, schema, avsc } = stream;
    const at = block.header.at;
    return { index, lane: this.deps.lane, topic, schema, avsc, key, counter, seq, readings, at, body };
  }
}
