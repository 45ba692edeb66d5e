/** Which segments a lane gives up to stay within its disk, pure. Oldest first, whole, never the one being written. */

export interface SegmentSize {
  readonly firstIndex: number;
  /** Index of the next segment's first record. */
  readonly endIndex: number;
  readonly bytes: number;
}

export interface Pinned {
  readonly from: number;
  readonly to: number;
}

/**
 * Segments to give up, oldest first, until `excessBytes` are free; fewer when there are no more. Segments that hold
 * pinned records are under way to the stream and stay: giving them up could declare lost what arrives.
 */
export function planEviction<S extends SegmentSize>(
  sealed: readonly S[],
  excessBytes: number,
  pinned: Pinned | undefined,
): readonly S[] {
  const chosen: S[] = [];
  let freed = 0;
  for (const segment of sealed) {
    if (freed >= excessBytes) break;
    if (pinned && segment.firstIndex < pinned.to && pinned.from < segment.endIndex) continue;
    chosen.push(segment);
    freed += segment.bytes;
  }
  return chosen;
}
