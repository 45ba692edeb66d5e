/**
 * What a partition is about to insert, committed as the metadata of offset `from` before the first byte goes to the
 * tables. Whoever owns the partition next can therefore repeat exactly this insert, and nothing else.
 */
import { decodeOffsets, encodeOffsets } from './offset-set';
import { isRange, type OffsetRange } from './range';
import { type Shape } from './shape';

/** Kafka refuses longer metadata (`offset.metadata.max.bytes`). */
export const MAX_METADATA_BYTES = 4096;
/** What the excluded offsets may take of it; a batch is cut before the run that would not fit. */
export const MAX_POISON_TEXT = 3072;
/** Writer schemas in one batch; a batch is cut before the message that would bring one more. */
export const MAX_GROUPS = 8;

/** Messages of one writer schema in a batch: one INSERT. */
export interface IntentGroup {
  readonly schemaId: number;
  readonly messages: number;
  /** Digest of the bodies, in offset order (16 bytes of SHA-256, base64url). */
  readonly hash: string;
}

export interface Intent extends OffsetRange {
  /** Ascending schema id: the order of the inserts. Empty when nothing is left to insert. */
  readonly groups: readonly IntentGroup[];
  /** Offsets that went to the dead letters instead, ascending. */
  readonly poison: readonly number[];
  /** True when the ledger knew nothing of the partition: there must be no entry before this one. */
  readonly first: boolean;
  /** When it was made, by the projector's clock, ms since 1970-01-01 UTC. */
  readonly at: number;
  /** How its records go to the tables. */
  readonly shape: Shape;
}

export class IntentError extends Error {
  readonly code = 'malformed-intent';
}

/** Releases before there were series wrote 1, and refuse what is not. */
const VERSIONS: Readonly<Record<Shape, number>> = { frames: 1, series: 2 };
type Wire = { v: number; f: number; t: number; a: number; g: [number, number, string][]; x?: string; n?: 1 };

/** Metadata text of at most MAX_METADATA_BYTES bytes, ASCII. Throws IntentError when it would be longer. */
export function encodeIntent(intent: Intent): string {
  if (!isRange(intent)) throw new IntentError(`not a range: ${intent.from} to ${intent.to}`);
  const wire: Wire = {
    v: VERSIONS[intent.shape],
    f: intent.from,
    t: intent.to,
    a: intent.at,
    g: intent.groups.map((g) => [g.schemaId, g.messages, g.hash]),
    ...(intent.poison.length > 0 && { x: encodeOffsets(intent.from, intent.poison) }),
    ...(intent.first && { n: 1 as const }),
  };
  const text = JSON.stringify(wire);
  if (text.length > MAX_METADATA_BYTES) throw new IntentError(`${text.length} bytes of metadata`);
  return text;
}

/** The inverse of encodeIntent. Throws IntentError: such metadata is not ours, or of a newer version. */
export function decodeIntent(text: string): Intent {
  try {
    const wire = JSON.parse(text) as Wire;
    const range = { from: wire.f, to: wire.t };
    const shape = (['frames', 'series'] as const).find((s) => VERSIONS[s] === wire.v);
    if (!shape || !isRange(range) || !wire.g.every(isGroup) || typeof wire.a !== 'number')
      throw new IntentError('unknown version');
    const groups = wire.g.map(([schemaId, messages, hash]) => ({ schemaId, messages, hash }));
    return { ...range, groups, poison: decodeOffsets(range, wire.x ?? ''), first: wire.n === 1, at: wire.a, shape };
  } catch (cause) {
    throw new IntentError(`metadata is no intent: ${text.slice(0, 80)}`, { cause });
  }
}

const isGroup = (g: unknown): boolean =>
  Array.isArray(g) && Number.isSafeInteger(g[0]) && Number.isSafeInteger(g[1]) && typeof g[2] === 'string';

/** What the ledger keeps of the content: one text for all groups. */
export function contentHash(intent: Pick<Intent, 'groups'>): string {
  return intent.groups.map((g) => `${g.schemaId}:${g.hash}`).join(',');
}

/**
 * Token under which one group is inserted. It binds the content: the engine drops a second insert of the same token
 * whatever its rows are, so the same token must mean the same rows.
 */
export function insertToken(topic: string, partition: number, range: OffsetRange, group: IntentGroup): string {
  return `${topic}:${partition}:${range.from}-${range.to}:${group.schemaId}:${group.hash}`;
}

export function ledgerToken(topic: string, partition: number, intent: Intent): string {
  return `ledger:${topic}:${partition}:${intent.from}-${intent.to}:${contentHash(intent)}`;
}

export const sameContent = (a: Intent, b: Intent): boolean =>
  a.from === b.from && a.to === b.to && contentHash(a) === contentHash(b);
