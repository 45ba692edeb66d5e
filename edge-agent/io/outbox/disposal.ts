/** How segments leave the disk: shipped, given up, or damaged. Nothing leaves unshipped without a gap on record first. */
import { dirname } from 'node:path';
import { Turns } from '../../core/turns';
import { type Clock } from '../clock';
import { type IndexRange, type Lane, type ShippedCursor } from '../outbox-api';
import { coversAll, coversSome } from './cursor';
import { planEviction } from './eviction';
import { type OutboxFs, readWhole } from './fs';
import { type GapOwner, gapRecords, type GapReason } from './gaps';
import { type LaneWriter } from './lane';
import { unshippedPart, wholeSegment } from './ranges';
import { readHeader, type RecoveryNote, type Segment } from './segments';
import { type MissingRange, type SegmentEnd, surveySegment } from './survey';

export type OutboxEvent =
  | RecoveryNote
  | {
      readonly kind: 'gap';
      readonly lane: Lane;
      readonly reason: GapReason;
      readonly missing: readonly MissingRange[];
    };

export interface DisposalDeps extends GapOwner {
  readonly fs: OutboxFs;
  readonly clock: Clock;
  onEvent(event: OutboxEvent): void;
}

export interface DisposalView {
  pinned(lane: Lane): IndexRange | undefined;
  shipped(lane: Lane): ShippedCursor;
  removed(lane: Lane, segment: Segment): Promise<void>;
}

const evicted = (number: number): string => `evicted:telemetry:${number}`;
const damaged = (lane: Lane, number: number): string => `damaged:${lane}:${number}`;

export class Disposal {
  /** Segments on their way out. */
  private readonly condemned = new Set<Segment>();
  /** Removals one after the other: two must not take the same segment. */
  private readonly removals = new Turns();

  constructor(
    private readonly deps: DisposalDeps,
    private readonly writers: Readonly<Record<Lane, LaneWriter>>,
    private readonly view: DisposalView,
  ) {}

  isCondemned(segment: Segment): boolean {
    return this.condemned.has(segment);
  }

  /** Sealed segments that are not on their way out. */
  private sealed(lane: Lane): readonly Segment[] {
    return this.writers[lane].segments.slice(0, -1).filter((s) => !this.condemned.has(s));
  }

  touches(lane: Lane, range: IndexRange): boolean {
    return this.writers[lane].segments.some(
      (s) => this.condemned.has(s) && s.firstIndex < range.to && range.from < s.endIndex,
    );
  }

  /** A mark is worth keeping while the file it speaks of exists. */
  keepMark(name: string): boolean {
    const [, lane, number] = name.split(':');
    return this.writers[lane as Lane].segments.some((s) => s.number === Number(number));
  }

  /** Gives up the oldest telemetry segments. False when nothing can be. */
  evict(excessBytes: number, reason: 'disk-bound' | 'disk-full'): Promise<boolean> {
    return this.removals.take(() => this.evictNow(excessBytes, reason));
  }

  async idle(): Promise<void> {
    await this.removals.idle();
  }

  /** Removes segments whose gap was on record when the agent stopped before it could remove them. */
  async finishEvictions(): Promise<void> {
    const done = this.writers.telemetry.segments.filter(
      (s) => this.writers.priority.mark(evicted(s.number)) !== undefined,
    );
    for (const segment of done) await this.remove('telemetry', segment);
  }

  async recovered(lane: Lane, notes: readonly RecoveryNote[]): Promise<void> {
    for (const note of notes) {
      this.deps.onEvent(note);
      if (note.kind === 'empty-segment') await this.deps.fs.remove(note.path);
      if (note.kind !== 'damaged') continue;
      const also = (note.also ?? []).map((number) => damaged(lane, number));
      await this.declare(lane, note.missing, 'corrupt-segment', damaged(lane, note.number), also);
      // Not among the segments: nobody would put it aside later, and every start would find it again.
      if (note.why !== 'blocks') await this.putAside(note.path);
    }
  }

  /** A segment turned out to hold blocks that cannot be read: says what of it is missing, once. */
  async declareDamage(lane: Lane, segment: Segment): Promise<void> {
    const mark = damaged(lane, segment.number);
    if (this.writers.priority.mark(mark) !== undefined) return;
    const end = await this.endOf(lane, segment);
    const survey = surveySegment((await readWhole(this.deps.fs, segment.path)).subarray(0, segment.bytes), end);
    const { missing, lostRecords: records } =
      typeof survey === 'string' ? { missing: [], lostRecords: segment.endIndex - segment.firstIndex } : survey;
    const { number, path } = segment;
    this.deps.onEvent({ kind: 'damaged', number, path, why: 'blocks', records, missing });
    await this.declare(lane, missing, 'corrupt-segment', mark);
  }

  /** Everything of these segments is on the stream. A damaged file is kept aside for whoever wants to look at it. */
  removeShipped(lane: Lane): Promise<void> {
    const shipped = this.view.shipped(lane);
    const done = (s: Segment): boolean => coversAll(shipped, s.firstIndex, s.endIndex);
    if (!this.sealed(lane).some(done)) return Promise.resolve();
    return this.removals.take(async () => {
      for (const segment of this.sealed(lane).filter(done)) await this.remove(lane, segment);
    });
  }

  private async evictNow(excessBytes: number, reason: 'disk-bound' | 'disk-full'): Promise<boolean> {
    const sealed = this.sealed('telemetry');
    const chosen = planEviction(sealed, excessBytes, this.view.pinned('telemetry'));
    if (chosen.length === 0) return false;
    for (const segment of chosen) this.condemned.add(segment);
    try {
      for (const segment of chosen) {
        await this.declare('telemetry', await this.unshipped(segment), reason, evicted(segment.number));
        await this.remove('telemetry', segment);
      }
    } finally {
      for (const segment of chosen) this.condemned.delete(segment);
    }
    return true;
  }

  private async unshipped(segment: Segment): Promise<MissingRange[]> {
    const { fs } = this.deps;
    const shipped = this.view.shipped('telemetry');
    const end = await this.endOf('telemetry', segment);
    const { header, headerBytes } = await readHeader(fs, segment.path);
    if (typeof header === 'string') return [];
    if (!coversSome(shipped, segment.firstIndex, segment.endIndex)) return wholeSegment(header.counters, end.counters);
    return unshippedPart(await readWhole(fs, segment.path), headerBytes, header, end, shipped);
  }

  /** Where a segment ends: where the next one begins, or where the lane stands. */
  private async endOf(lane: Lane, segment: Segment): Promise<SegmentEnd> {
    const { segments } = this.writers[lane];
    const next = segments[segments.indexOf(segment) + 1];
    if (!next) return { index: segment.endIndex, counters: new Map(this.writers[lane].durableCounters()) };
    const { header } = await readHeader(this.deps.fs, next.path);
    if (typeof header === 'string') return { index: segment.endIndex, counters: new Map() };
    return { index: header.firstIndex, counters: header.counters };
  }

  private async declare(
    lane: Lane,
    missing: readonly MissingRange[],
    reason: GapReason,
    mark: string,
    also: readonly string[] = [],
  ): Promise<void> {
    if (this.writers.priority.mark(mark) !== undefined) return;
    const records = gapRecords(this.deps, missing, reason, this.deps.clock.now());
    await this.writers.priority.append(records, new Map([mark, ...also].map((name) => [name, 1])));
    if (missing.length > 0) this.deps.onEvent({ kind: 'gap', lane, reason, missing });
  }

  private async remove(lane: Lane, segment: Segment): Promise<void> {
    const { fs } = this.deps;
    const { segments } = this.writers[lane];
    await this.view.removed(lane, segment);
    if (this.writers.priority.mark(damaged(lane, segment.number)) !== undefined) await this.putAside(segment.path);
    else {
      await fs.remove(segment.path);
      await fs.syncDirectory(dirname(segment.path));
    }
    const at = segments.indexOf(segment);
    if (at >= 0) segments.splice(at, 1);
  }

  /** For whoever wants to look at it. */
  private async putAside(path: string): Promise<void> {
    const { fs } = this.deps;
    await fs.rename(path, path.replace(/\.seg$/, '.corrupt'));
    await fs.syncDirectory(dirname(path));
  }
}
