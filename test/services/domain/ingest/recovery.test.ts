/** Three witnesses, every combination: what the partition does. */
import { encodeIntent, contentHash, type Intent } from '../../../../services/domain/ingest/intent';
import { decideStart, type LedgerHead, type PartitionFacts } from '../../../../services/domain/ingest/recovery';

const intent: Intent = {
  from: 100,
  to: 200,
  groups: [{ schemaId: 1, messages: 5, hash: 'h' }],
  poison: [],
  first: false,
  at: 0,
  shape: 'frames',
};
const first: Intent = { ...intent, first: true };
const done: LedgerHead = { from: 100, to: 200, hash: contentHash(intent) };
const before: LedgerHead = { from: 50, to: 100, hash: '1:x' };

const facts = (f: Partial<PartitionFacts>): PartitionFacts => ({
  ...{ committed: undefined, ledger: undefined, low: 0, high: 1_000, adoptLedger: false },
  ...f,
});
const intends = (i: Intent): PartitionFacts['committed'] => ({ offset: i.from, metadata: encodeIntent(i) });
const at = (offset: number): PartitionFacts['committed'] => ({ offset, metadata: '' });

interface Case {
  readonly given: string;
  readonly facts: PartitionFacts;
  readonly then: string;
}

const CASES: readonly Case[] = [
  { given: 'nothing anywhere', facts: facts({ low: 30 }), then: 'go-on at 30, first' },
  {
    given: 'an intent that the ledger has',
    facts: facts({ committed: intends(intent), ledger: done }),
    then: 'go-on at 200',
  },
  {
    given: 'an intent after the ledger’s end',
    facts: facts({ committed: intends(intent), ledger: before }),
    then: 'replay 100-200',
  },
  { given: 'the first intent of all', facts: facts({ committed: intends(first) }), then: 'replay 100-200' },
  {
    given: 'an intent, but the ledger is empty',
    facts: facts({ committed: intends(intent) }),
    then: 'conflict tables-behind',
  },
  {
    given: 'an intent, but the ledger ends earlier',
    facts: facts({ committed: intends(intent), ledger: { ...before, to: 90 } }),
    then: 'conflict tables-behind',
  },
  {
    given: 'an intent that the ledger has with another content',
    facts: facts({ committed: intends(intent), ledger: { ...done, hash: '1:other' } }),
    then: 'conflict tables-ahead',
  },
  {
    given: 'an intent inside what the ledger has',
    facts: facts({ committed: intends(intent), ledger: { ...done, to: 300 } }),
    then: 'conflict tables-ahead',
  },
  {
    given: 'the first intent, but the ledger has entries',
    facts: facts({ committed: intends(first), ledger: before }),
    then: 'replay 100-200',
  },
  {
    given: 'an intent whose range has expired',
    facts: facts({ committed: intends(intent), ledger: before, low: 150 }),
    then: 'conflict range-expired',
  },
  {
    given: 'an intent beyond the end of the log',
    facts: facts({ committed: intends(intent), ledger: before, high: 180 }),
    then: 'conflict log-truncated',
  },
  {
    given: 'a finished intent at the end of the log',
    facts: facts({ committed: intends(intent), ledger: done, high: 200 }),
    then: 'go-on at 200',
  },
  {
    given: 'a finished intent, and the next offsets expired',
    facts: facts({ committed: intends(intent), ledger: done, low: 201 }),
    then: 'conflict range-expired',
  },
  {
    given: 'a commit without intent at the ledger’s end',
    facts: facts({ committed: at(100), ledger: before }),
    then: 'go-on at 100',
  },
  { given: 'a commit without intent and no ledger', facts: facts({ committed: at(70) }), then: 'go-on at 70, first' },
  { given: 'a commit moved back', facts: facts({ committed: at(60), ledger: before }), then: 'conflict offsets-moved' },
  { given: 'a commit moved on', facts: facts({ committed: at(500), ledger: before }), then: 'conflict offsets-moved' },
  { given: 'a commit lost, the ledger there', facts: facts({ ledger: before }), then: 'conflict offsets-lost' },
  {
    given: 'a commit lost, the ledger adopted',
    facts: facts({ ledger: before, adoptLedger: true }),
    then: 'go-on at 100',
  },
  {
    given: 'a commit lost, the ledger adopted, another log',
    facts: facts({ ledger: before, adoptLedger: true, high: 10 }),
    then: 'conflict log-truncated',
  },
  {
    given: 'somebody else’s metadata',
    facts: facts({ committed: { offset: 100, metadata: 'hello' }, ledger: before }),
    then: 'conflict foreign-metadata',
  },
  {
    given: 'an intent at another offset',
    facts: facts({ committed: { ...intends(intent)!, offset: 101 }, ledger: before }),
    then: 'conflict foreign-metadata',
  },
];

test.each(CASES)('given $given, then $then', ({ facts: f, then }) => {
  const start = decideStart(f);
  const shown = {
    'go-on': () => `go-on at ${'at' in start ? `${start.at}${start.first ? ', first' : ''}` : ''}`,
    replay: () => ('intent' in start ? `replay ${start.intent.from}-${start.intent.to}` : ''),
    conflict: () => ('code' in start ? `conflict ${start.code}` : ''),
  }[start.kind]();
  expect(shown).toBe(then);
  if (start.kind === 'conflict') expect(start.hint.length).toBeGreaterThan(20);
});
