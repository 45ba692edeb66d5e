import fc from 'fast-check';
import { hideAborted, type RawRecord } from '../../schemas/read-committed';

// eslint-disable-next-line @typescript-eslint/no-require-imports -- not among its public types
const Batch = require('kafkajs/src/consumer/batch') as new (
  topic: string,
  fetchedOffset: string,
  partition: object,
) => { messages: RawRecord[]; lastOffset(): string };

interface Step {
  readonly producer: number;
  readonly does: 'write' | 'commit' | 'abort';
}
const steps = fc.array(
  fc.record<Step>({
    producer: fc.nat(3),
    does: fc.oneof({ weight: 5, arbitrary: fc.constant('write' as const) }, fc.constantFrom('commit', 'abort')),
  }),
  { minLength: 1, maxLength: 60 },
);

interface Log {
  readonly records: readonly (RawRecord & { outcome: 'open' | 'commit' | 'abort' | 'marker' })[];
  /** In the order in which they ended, as a broker lists them. */
  readonly aborted: readonly { producerId: string; firstOffset: string; last: number }[];
}

/** What a partition holds after producers wrote to it in turn, each in transactions of its own. */
function logOf(taken: readonly Step[]): Log {
  const records: Log['records'][number][] = [];
  const aborted: Log['aborted'][number][] = [];
  const open = new Map<number, Log['records'][number][]>();
  const put = (producer: number, control: boolean, key: Buffer): Log['records'][number] => {
    const offset = String(records.length);
    const record = {
      ...{ offset, timestamp: '0', key, value: null, headers: {}, isControlRecord: control },
      batchContext: { producerId: String(producer), inTransaction: true },
      outcome: control ? ('marker' as const) : ('open' as 'open' | 'commit' | 'abort'),
    };
    records.push(record);
    return record;
  };
  for (const { producer, does } of taken) {
    if (does === 'write') {
      open.set(producer, [...(open.get(producer) ?? []), put(producer, false, Buffer.from('key'))]);
      continue;
    }
    const written = open.get(producer);
    if (!written) continue;
    open.delete(producer);
    for (const record of written) record.outcome = does;
    const { offset } = put(producer, true, Buffer.from([0, 0, 0, does === 'commit' ? 1 : 0]));
    if (does === 'abort')
      aborted.push({ producerId: String(producer), firstOffset: written[0]!.offset, last: Number(offset) });
  }
  return { records, aborted };
}

test('from wherever a fetch begins, kafkajs hands out what was committed, all of it and nothing else', () => {
  fc.assert(
    fc.property(steps, fc.nat(60), (taken, start) => {
      const { records, aborted } = logOf(taken);
      const ended = records.filter((r) => r.outcome !== 'open');
      const from = Math.min(start, records.length);
      // A broker gives whole record batches: here from the fetched offset on, and transactions that reach into them.
      const messages = ended.filter((r) => Number(r.offset) >= from).map((r) => ({ ...r }));
      const abortedTransactions = aborted.filter((t) => t.last >= from);
      const partition = { partition: 0, highWatermark: String(records.length), messages, abortedTransactions };
      hideAborted(partition);
      const { messages: given } = new Batch('t', String(from), partition);
      const expected = ended.filter((r) => r.outcome === 'commit' && Number(r.offset) >= from);
      expect(given.map((r) => r.offset)).toEqual(expected.map((r) => r.offset));
    }),
    { numRuns: 500 },
  );
});

test('the last offset counts what is hidden, so that reading goes on behind it', () => {
  const { records, aborted } = logOf([
    { producer: 0, does: 'write' },
    { producer: 1, does: 'write' },
    { producer: 1, does: 'abort' },
    { producer: 0, does: 'write' },
    { producer: 0, does: 'abort' },
  ]);
  const partition = { partition: 0, highWatermark: '5', messages: [...records], abortedTransactions: aborted };
  hideAborted(partition);
  const batch = new Batch('t', '0', partition);
  expect([batch.messages, batch.lastOffset()]).toEqual([[], '4']);
});
