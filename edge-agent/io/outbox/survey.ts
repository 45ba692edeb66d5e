/** What a segment file still holds and what of it is lost, pure. */
import {
  BLOCK_MAGIC,
  checkBlock,
  type BlockContent,
  type BlockHeader,
  type Counters,
  type CounterState,
  decodeSegmentHeader,
  type Marks,
  parseBlock,
  type SegmentHeader,
  type Unreadable,
} from './format';
import { isOfSeal, sealedCounters } from './seal';

/** Numbers of a counter that no readable record carries. */
export interface MissingRange {
  readonly counter: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  /** Readings lost with them; 0 when nothing is left that tells. */
  readonly readings: number;
}

export interface Survey {
  readonly header: SegmentHeader;
  readonly headerBytes: number;
  /** Index after the segment's last record, lost ones counted. */
  readonly nextIndex: number;
  readonly counters: Counters;
  readonly marks: Marks;
  /** End of the last readable block. */
  readonly validBytes: number;
  /** Bytes behind it that are no block: a write that was torn, never acknowledged. 0 when `end` is given. */
  readonly tornBytes: number;
  /** Records in damaged blocks. */
  readonly lostRecords: number;
  readonly missing: readonly MissingRange[];
}

/** State at which the next segment begins: known for every segment but the newest. */
export interface SegmentEnd {
  readonly index: number;
  readonly counters: Counters;
}

export interface WalkedBlock {
  readonly offset: number;
  readonly header: BlockHeader;
  /** The block's bytes, header included: a view of the file. */
  readonly bytes: Buffer;
  readonly content: BlockContent;
}

const MAGIC_BYTES = Buffer.alloc(4);
MAGIC_BYTES.writeUInt32LE(BLOCK_MAGIC);

/** Readable blocks in order; damaged bytes are stepped over to the next block whose checksum holds. */
export function* walkBlocks(file: Buffer, offset: number, dictionary: Buffer): Generator<WalkedBlock> {
  for (let at = offset; at < file.length;) {
    const block = readableBlock(file, at, dictionary);
    if (block) {
      yield block;
      at += block.bytes.length;
      continue;
    }
    const magic = file.indexOf(MAGIC_BYTES, at + 1);
    if (magic < 0) return;
    at = magic;
  }
}

function readableBlock(file: Buffer, offset: number, dictionary: Buffer): WalkedBlock | undefined {
  const checked = checkBlock(file.subarray(offset));
  if (typeof checked === 'string') return undefined;
  const bytes = file.subarray(offset, offset + checked.bytes);
  try {
    return { offset, header: checked.header, bytes, content: parseBlock(bytes, checked.header, dictionary) };
  } catch {
    return undefined;
  }
}

/** Surveys a whole segment file. `end` is absent for the newest segment only. */
export function surveySegment(file: Buffer, end?: SegmentEnd): Survey | Unreadable {
  const decoded = decodeSegmentHeader(file);
  if (typeof decoded === 'string') return decoded;
  const tally = new Tally(decoded.header);
  let validBytes = decoded.bytes;
  for (const block of walkBlocks(file, decoded.bytes, decoded.header.dictionary)) {
    if (end && block.header.firstIndex >= end.index) break;
    if (block.header.firstIndex < tally.nextIndex) continue;
    tally.add(block);
    validBytes = block.offset + block.bytes.length;
  }
  if (end) tally.close(end);
  else tally.leap();
  return {
    header: decoded.header,
    headerBytes: decoded.bytes,
    ...tally.result(),
    validBytes,
    tornBytes: end ? 0 : file.length - validBytes,
  };
}

/** Follows the counters through a segment: a number that does not follow the last one means lost records. */
class Tally {
  nextIndex: number;
  private readonly counters: Map<string, CounterState>;
  private readonly marks: Map<string, number>;
  private readonly missing: MissingRange[] = [];
  private readonly seenSinceLoss = new Set<string>();
  private lostRecords = 0;

  constructor(header: SegmentHeader) {
    this.nextIndex = header.firstIndex;
    this.counters = new Map(header.counters);
    this.marks = new Map(header.marks);
  }

  add(block: WalkedBlock): void {
    this.lose(block.header.firstIndex - this.nextIndex);
    for (const record of block.content.records) {
      const last = this.last(record.counter);
      if (record.seq > last.seq + 1) this.miss(record.counter, last.seq + 1, record.seq - 1, 0);
      this.seenSinceLoss.add(record.counter);
      this.counters.set(record.counter, { seq: record.seq, readings: last.readings + record.readings });
    }
    for (const [counter, state] of sealedCounters(block.content.marks)) this.reach(counter, state);
    for (const [name, value] of block.content.marks) if (!isOfSeal(name)) this.marks.set(name, value);
    this.nextIndex = block.header.firstIndex + block.header.count;
  }

  /** The next segment's header says exactly what is missing. */
  close(end: SegmentEnd): void {
    this.lose(end.index - this.nextIndex);
    for (const [counter, state] of end.counters) this.reach(counter, state);
    this.nextIndex = end.index;
  }

  /** A counter is known to have stood here: what is missing up to it, with its readings, is known too. */
  private reach(counter: string, state: CounterState): void {
    const last = this.last(counter);
    const readings = state.readings - last.readings;
    if (state.seq > last.seq) this.miss(counter, last.seq + 1, state.seq, 0);
    if (readings > 0) this.attribute(counter, readings);
    this.counters.set(counter, state);
  }

  /**
   * Nothing follows that could tell which counters the lost records were of: those not seen since jump over as many
   * numbers as there may have been, so that none is ever drawn twice.
   */
  leap(): void {
    const untold = this.lostRecords - this.missing.reduce((n, m) => n + m.toSeq - m.fromSeq + 1, 0);
    if (untold <= 0) return;
    for (const [counter, state] of this.counters)
      if (!this.seenSinceLoss.has(counter)) {
        this.miss(counter, state.seq + 1, state.seq + untold, 0);
        this.counters.set(counter, { seq: state.seq + untold, readings: state.readings });
      }
  }

  result(): Pick<Survey, 'nextIndex' | 'counters' | 'marks' | 'lostRecords' | 'missing'> {
    const { nextIndex, counters, marks, lostRecords, missing } = this;
    return { nextIndex, counters, marks, lostRecords, missing };
  }

  private lose(records: number): void {
    if (records <= 0) return;
    this.lostRecords += records;
    this.seenSinceLoss.clear();
  }

  private last(counter: string): CounterState {
    return this.counters.get(counter) ?? { seq: 0, readings: 0 };
  }

  private miss(counter: string, fromSeq: number, toSeq: number, readings: number): void {
    this.missing.push({ counter, fromSeq, toSeq, readings });
  }

  private attribute(counter: string, readings: number): void {
    const at = this.missing.findIndex((m) => m.counter === counter);
    const range = this.missing[at];
    if (range) this.missing[at] = { ...range, readings };
  }
}
