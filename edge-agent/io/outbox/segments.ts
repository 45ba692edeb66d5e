/** The files of one lane: their names, their headers, and where the lane stands when the agent starts. */
import { join } from 'node:path';
import { type Lane } from '../outbox-api';
import {
  type Counters,
  decodeSegmentHeader,
  type Marks,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentHeaderBytes,
  type Unreadable,
} from './format';
import { type OutboxFs, readWhole } from './fs';
import { wholeSegment } from './ranges';
import { type MissingRange, type Survey, surveySegment } from './survey';

const SEGMENT_NAME = /^(\d{10})\.seg$/;

export interface Segment {
  readonly number: number;
  readonly path: string;
  readonly firstIndex: number;
  /** Index of the next segment's first record; of the newest segment, the next record to be durable. */
  endIndex: number;
  /** Durable bytes of the file. */
  bytes: number;
  /** Clock at its making, ms since 1970-01-01 UTC. */
  readonly createdAt: number;
}

/** Something that was not as it was left. */
export type RecoveryNote =
  | { readonly kind: 'torn-tail'; readonly path: string; readonly bytes: number }
  | { readonly kind: 'empty-segment'; readonly path: string; readonly why: Unreadable }
  | {
      readonly kind: 'damaged';
      readonly number: number;
      readonly path: string;
      readonly why: Unreadable | 'blocks';
      /** Segments of which everything missing is in `missing`, besides this one. */
      readonly also?: readonly number[];
      readonly records: number;
      readonly missing: readonly MissingRange[];
    };

export interface LaneStart {
  readonly segments: Segment[];
  readonly nextIndex: number;
  readonly nextNumber: number;
  readonly counters: Counters;
  readonly marks: Marks;
  /** Header of the newest segment when records may be added to it. */
  readonly resume?: SegmentHeader;
  readonly outbox?: string;
  readonly notes: readonly RecoveryNote[];
}

type Readable = Listed & { readonly header: SegmentHeader };

interface Listed {
  readonly number: number;
  readonly path: string;
  readonly bytes: number;
  readonly header: SegmentHeader | Unreadable;
}

export const segmentPath = (directory: string, number: number): string =>
  join(directory, `${String(number).padStart(10, '0')}.seg`);

/** Reads where a lane stands. Changes nothing but the newest file's torn end, which it cuts off. */
export async function startLane(fs: OutboxFs, directory: string, lane: Lane): Promise<LaneStart> {
  const listed = await listSegments(fs, directory);
  const notes: RecoveryNote[] = [];
  const readable = listed.filter((s): s is Readable => typeof s.header !== 'string');
  for (const s of listed)
    if (typeof s.header !== 'string' && s.header.lane !== lane) throw new Error(`${s.path} is of another lane`);
  const nextNumber = (listed.at(-1)?.number ?? 0) + 1;
  const newest = readable.at(-1);
  const behind = listed.filter((s) => s.number > (newest?.number ?? 0));
  const state = newest ? await surveyNewest(fs, newest.path) : undefined;
  const segments = toSegments(readable, state);
  const marks = new Map(state?.marks);
  for (const s of listed) if (typeof s.header === 'string') notes.push(await noteUnreadable(fs, s, readable));
  const resume = newest && state && (await resumable(fs, newest, state, notes)) && behind.length === 0;
  return {
    segments,
    nextIndex: state?.nextIndex ?? 0,
    nextNumber,
    counters: state?.counters ?? new Map(),
    marks,
    ...(resume && { resume: newest.header }),
    ...(newest && { outbox: newest.header.outbox }),
    notes,
  };
}

async function listSegments(fs: OutboxFs, directory: string): Promise<Listed[]> {
  const names = (await fs.list(directory)).filter((n) => SEGMENT_NAME.test(n)).sort();
  const listed: Listed[] = [];
  for (const name of names) {
    const path = join(directory, name);
    const number = Number(SEGMENT_NAME.exec(name)?.[1]);
    listed.push({ number, path, ...(await readHeader(fs, path)) });
  }
  return listed;
}

/** Header of a segment file, where its blocks begin, and the file's length. */
export async function readHeader(
  fs: OutboxFs,
  path: string,
): Promise<{ bytes: number; header: SegmentHeader | Unreadable; headerBytes: number }> {
  const file = await fs.openForReading(path);
  try {
    const bytes = await file.size();
    const length = segmentHeaderBytes(await file.read(0, SEGMENT_HEADER_BYTES));
    let decoded = typeof length === 'string' ? length : decodeSegmentHeader(await file.read(0, length));
    // Its copy may be further on.
    if (typeof decoded === 'string') decoded = decodeSegmentHeader(await file.read(0, bytes));
    if (typeof decoded === 'string') return { bytes, header: decoded, headerBytes: 0 };
    return { bytes, header: decoded.header, headerBytes: decoded.bytes };
  } finally {
    await file.close();
  }
}

async function surveyNewest(fs: OutboxFs, path: string): Promise<Survey> {
  const survey = surveySegment(await readWhole(fs, path));
  if (typeof survey === 'string') throw new Error(`${path} changed while it was read`);
  return survey;
}

function toSegments(readable: readonly Readable[], newest: Survey | undefined): Segment[] {
  return readable.map((s, i) => {
    const { firstIndex, createdAt } = s.header;
    const endIndex = readable[i + 1]?.header.firstIndex ?? newest?.nextIndex ?? firstIndex;
    const bytes = i === readable.length - 1 ? (newest?.validBytes ?? s.bytes) : s.bytes;
    return { number: s.number, path: s.path, firstIndex, endIndex, bytes, createdAt };
  });
}

/**
 * A file without a readable header at the end of the lane is a segment whose making was interrupted: nothing in it was
 * acknowledged. Anywhere else it is damage, and what is missing shows between its neighbours.
 */
async function noteUnreadable(
  fs: OutboxFs,
  { number, path, header }: Listed,
  readable: readonly Readable[],
): Promise<RecoveryNote> {
  const why = header as Unreadable;
  const after = readable.find((s) => s.number > number);
  if (!after) return { kind: 'empty-segment', path, why };
  const before = readable.filter((s) => s.number < number).at(-1);
  const damaged = { kind: 'damaged', number, path, why } as const;
  if (!before)
    return { ...damaged, records: 0, missing: number === 1 ? wholeSegment(new Map(), after.header.counters) : [] };
  const end = { index: after.header.firstIndex, counters: after.header.counters };
  const survey = surveySegment(await readWhole(fs, before.path), end);
  if (typeof survey === 'string') throw new Error(`${before.path} changed while it was read`);
  return { ...damaged, records: survey.lostRecords, missing: survey.missing, also: [before.number] };
}

/** Cuts a torn end off. Records may be added behind a whole file only. */
async function resumable(fs: OutboxFs, newest: Listed, state: Survey, notes: RecoveryNote[]): Promise<boolean> {
  const { number, path } = newest;
  if (state.lostRecords > 0) {
    const { lostRecords: records, missing } = state;
    notes.push({ kind: 'damaged', number, path, why: 'blocks', records, missing });
    return false;
  }
  if (state.tornBytes === 0) return true;
  notes.push({ kind: 'torn-tail', path, bytes: state.tornBytes });
  const file = await fs.openForWriting(path);
  try {
    await file.truncate(state.validBytes);
    await file.datasync();
  } finally {
    await file.close();
  }
  return true;
}
