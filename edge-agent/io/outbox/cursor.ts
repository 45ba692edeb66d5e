/** What of a lane is on the stream, pure: a prefix and, while a backlog drains behind fresh data, ranges beyond it. */
import { type IndexRange, type ShippedCursor } from '../outbox-api';

/** Ranges a cursor may hold; the commit metadata that carries them is bounded by the broker (4096 bytes by default). */
export const MAX_RANGES = 16;

export const START: ShippedCursor = { next: 0, ranges: [] };

export function isShipped(cursor: ShippedCursor, index: number): boolean {
  return index < cursor.next || cursor.ranges.some((r) => r.from <= index && index < r.to);
}

/** All of from..to-1 is on the stream. */
export function coversAll(cursor: ShippedCursor, from: number, to: number): boolean {
  if (from >= to || to <= cursor.next) return true;
  const start = Math.max(from, cursor.next);
  return cursor.ranges.some((r) => r.from <= start && to <= r.to);
}

/** Something of from..to-1 is on the stream. */
export function coversSome(cursor: ShippedCursor, from: number, to: number): boolean {
  if (from >= to) return false;
  return from < cursor.next || cursor.ranges.some((r) => r.from < to && from < r.to);
}

/** Adds from..to-1. Touching ranges become one, and those that touch the prefix become part of it. */
export function add(cursor: ShippedCursor, from: number, to: number): ShippedCursor {
  if (from >= to) return cursor;
  const merged: IndexRange[] = [];
  const all = [...cursor.ranges, { from, to }].sort((a, b) => a.from - b.from);
  let next = cursor.next;
  for (const range of all) {
    const last = merged.at(-1);
    if (range.from <= next) next = Math.max(next, range.to);
    else if (last && range.from <= last.to)
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    else merged.push(range);
  }
  return { next, ranges: merged };
}

/** First index not on the stream, from `from` on. */
export function firstUnshipped(cursor: ShippedCursor, from: number): number {
  let index = Math.max(from, cursor.next);
  for (const r of cursor.ranges) if (r.from <= index && index < r.to) index = r.to;
  return index;
}

/** Where the shipped range after `from` begins: a reader of a backlog stops there. */
export function nextShippedFrom(cursor: ShippedCursor, from: number): number {
  return cursor.ranges.find((r) => r.from >= from)?.from ?? Number.MAX_SAFE_INTEGER;
}
