/** Where a partition goes on, decided from what three witnesses say: the group's commit, the ledger, the log itself. */
import { contentHash, decodeIntent, type Intent } from './intent';
import { type OffsetRange, showRange } from './range';

/** Newest entry of the ledger of ingested ranges, kept beside the tables. */
export interface LedgerHead extends OffsetRange {
  readonly hash: string;
}

export interface PartitionFacts {
  /** Group commit; undefined when the group has none. */
  readonly committed: { readonly offset: number; readonly metadata: string } | undefined;
  readonly ledger: LedgerHead | undefined;
  /** First offset the log still has. */
  readonly low: number;
  /** One past the last offset a reader of committed records may see. */
  readonly high: number;
  /** The operator allows going on after the ledger's last entry although the group has lost its commits. */
  readonly adoptLedger: boolean;
}

export type ConflictCode =
  | 'offsets-lost'
  | 'offsets-moved'
  | 'foreign-metadata'
  | 'tables-behind'
  | 'tables-ahead'
  | 'range-expired'
  | 'log-truncated'
  | 'content-changed'
  | 'token-forgotten';

export interface Conflict {
  readonly kind: 'conflict';
  readonly code: ConflictCode;
  readonly reason: string;
  /** What an operator can do about it. */
  readonly hint: string;
}

export type Start =
  /** Nothing is pending: read on from `at`. `first`: the ledger has no entry yet. */
  | { readonly kind: 'go-on'; readonly at: number; readonly first: boolean }
  /** This insert may have happened, in part or not at all: repeat exactly it. */
  | { readonly kind: 'replay'; readonly intent: Intent }
  /** The witnesses contradict each other. Going on would lose or repeat: stop until somebody decides. */
  | Conflict;

/** Exhaustive over the combinations of witnesses; see deploy/decisions/0300. */
export function decideStart(facts: PartitionFacts): Start {
  const { committed, ledger } = facts;
  if (!committed) return ledger ? withoutCommit(facts, ledger) : goOn(facts, facts.low, true);
  if (committed.metadata === '') return withoutIntent(facts, committed.offset);
  let intent: Intent;
  try {
    intent = decodeIntent(committed.metadata);
  } catch (e) {
    return foreignMetadata((e as Error).message);
  }
  if (intent.from !== committed.offset) return foreignMetadata(`it speaks of ${showRange(intent)}`);
  return withIntent(facts, intent);
}

function withIntent(facts: PartitionFacts, intent: Intent): Start {
  const { ledger } = facts;
  if (ledger && ledger.from === intent.from && ledger.to === intent.to && ledger.hash === contentHash(intent))
    return goOn(facts, intent.to, false);
  if (ledger ? ledger.to === intent.from : intent.first) return replay(facts, intent);
  if (ledger && ledger.to > intent.from)
    return conflict(
      'tables-ahead',
      `the ledger has ${showRange(ledger)} but the group was about to insert ${showRange(intent)}`,
      'the group’s offsets were moved back, or the log was made anew: move them to the ledger’s end, or run millrace rebuild',
    );
  return conflict(
    'tables-behind',
    `the group was about to insert ${showRange(intent)} but the ledger ends at ${ledger ? ledger.to : 'nothing'}`,
    'the tables were restored from an older copy or emptied: run millrace rebuild',
  );
}

function replay(facts: PartitionFacts, intent: Intent): Start {
  if (intent.from < facts.low) return expired(intent.from, facts.low);
  if (intent.to > facts.high) return truncated(intent.to, facts.high);
  return { kind: 'replay', intent };
}

function withoutIntent(facts: PartitionFacts, offset: number): Start {
  if (!facts.ledger || facts.ledger.to === offset) return goOn(facts, offset, !facts.ledger);
  const hint = 'somebody set the group’s offsets: move them to the ledger’s end, or run millrace rebuild';
  return conflict('offsets-moved', `the group is at ${offset}, the ledger ends at ${facts.ledger.to}`, hint);
}

function withoutCommit(facts: PartitionFacts, ledger: LedgerHead): Start {
  if (facts.adoptLedger) return goOn(facts, ledger.to, false);
  return conflict(
    'offsets-lost',
    `the group has no commit but the ledger ends at ${ledger.to}`,
    'the group’s offsets expired, or the log was made anew. If it is the same log and the projector was stopped in order, ' +
      'start it once with PROJECTOR_ADOPT_LEDGER=1; otherwise run millrace rebuild',
  );
}

function goOn(facts: PartitionFacts, at: number, first: boolean): Start {
  if (at < facts.low) return expired(at, facts.low);
  if (at > facts.high) return truncated(at, facts.high);
  return { kind: 'go-on', at, first };
}

const expired = (from: number, low: number): Conflict =>
  conflict(
    'range-expired',
    `offsets ${from} to ${low} were deleted from the log before they were projected`,
    'they are lost: set the group’s offset to the log’s start and write down the gap, and lengthen the topic’s retention',
  );

const truncated = (at: number, high: number): Conflict =>
  conflict(
    'log-truncated',
    `the log ends at ${high}, before ${at}`,
    'the broker lost acknowledged records or the topic was made anew: run millrace rebuild',
  );

const foreignMetadata = (message: string): Conflict =>
  conflict(
    'foreign-metadata',
    `the group’s commit is not this projector’s: ${message}`,
    'is another program committing in this group, or was a newer release rolled back?',
  );

const conflict = (code: ConflictCode, reason: string, hint: string): Conflict => ({
  kind: 'conflict',
  code,
  reason,
  hint,
});
