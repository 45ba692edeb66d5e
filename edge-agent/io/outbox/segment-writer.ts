/** The newest segment file of a lane. After a failed write it is left for a new one: a second fdatasync may lie. */
import { isDeepStrictEqual } from 'node:util';
import { type Lane } from '../outbox-api';
import { type OutboxBounds, segmentBytes } from './bounds';
import {
  encodeBlock,
  encodeSegmentHeader,
  FORMAT_VERSION,
  MAX_DICTIONARY_BYTES,
  type SegmentHeader,
  type Stream,
} from './format';
import { type OutboxFile, type OutboxFs } from './fs';
import { type Segment, segmentPath } from './segments';

interface Open {
  readonly segment: Segment;
  readonly dictionary: Buffer;
  file?: OutboxFile;
}

type NewSegment = Omit<SegmentHeader, 'version' | 'dictionary'> & { readonly number: number };

export class SegmentWriter {
  private open: Open | undefined;

  constructor(
    private readonly fs: OutboxFs,
    private readonly directory: string,
  ) {}

  get isOpen(): boolean {
    return this.open !== undefined;
  }

  /** Goes on with the newest segment of an earlier run, unless its streams are not today's. */
  resume(segment: Segment, header: SegmentHeader, streams: readonly Stream[]): void {
    const same = isDeepStrictEqual(JSON.parse(JSON.stringify(streams)), header.streams);
    if (same) this.open = { segment, dictionary: header.dictionary };
  }

  fits(payloadBytes: number, bounds: OutboxBounds, lane: Lane): boolean {
    return this.open !== undefined && this.open.segment.bytes + payloadBytes <= segmentBytes(bounds, lane);
  }

  /** Writes a block behind the last one; durable when it returns. */
  async add(payload: Buffer, count: number, firstIndex: number, at: number): Promise<void> {
    if (!this.open) throw new Error('no segment is open');
    const { segment, dictionary } = this.open;
    const block = encodeBlock(payload, count, firstIndex, at, dictionary);
    this.open.file ??= await this.fs.openForWriting(segment.path);
    await this.open.file.write(block, segment.bytes);
    await this.open.file.datasync();
    segment.bytes += block.length;
  }

  /** Makes a new file with its first block; both durable when it returns. The block is also the dictionary's sample. */
  async start(place: NewSegment, payload: Buffer, count: number): Promise<Segment> {
    const { number, ...rest } = place;
    const dictionary = Buffer.from(payload.subarray(0, MAX_DICTIONARY_BYTES));
    const header = encodeSegmentHeader({ version: FORMAT_VERSION, ...rest, dictionary });
    const bytes = Buffer.concat([header, encodeBlock(payload, count, rest.firstIndex, rest.createdAt, dictionary)]);
    const path = segmentPath(this.directory, number);
    const file = await this.fs.create(path);
    try {
      await file.write(bytes, 0);
      await file.datasync();
      await this.fs.syncDirectory(this.directory);
    } catch (error) {
      await file.close().catch(ignore);
      await this.fs.remove(path).catch(ignore);
      throw error;
    }
    const { firstIndex, createdAt } = rest;
    const segment = { number, path, firstIndex, endIndex: firstIndex, bytes: bytes.length, createdAt };
    this.open = { segment, dictionary, file };
    return segment;
  }

  /** After a failed write: takes the unsynced bytes off if the disk lets us, and never touches the file again. */
  async abandon(): Promise<void> {
    const open = this.open;
    this.open = undefined;
    if (!open?.file) return;
    await open.file.truncate(open.segment.bytes).catch(ignore);
    await open.file.close().catch(ignore);
  }

  async close(): Promise<void> {
    const open = this.open;
    this.open = undefined;
    await open?.file?.close();
  }
}

/** The next segment's header makes whatever is left behind void: nothing is lost when tidying up fails. */
function ignore(): void {
  return;
}
