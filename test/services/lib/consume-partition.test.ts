import { type KafkaMessage, type Producer } from 'kafkajs';
import { startOffset } from '../../../services/lib/consume-opening';
import { type Handled, OwnedPartition, type PartitionWork } from '../../../services/lib/consume-partition';

const message = (offset: number): KafkaMessage => ({ offset: String(offset) }) as KafkaMessage;
const INPUT = { groupId: 'g', topic: 't', partition: 1 };
const OUTPUT = [{ topic: 'out', messages: [{ value: 'x' }] }];

/** What each transaction did, in order; `failing` is what throws. */
function setUp(answer: (offsets: readonly string[]) => Handled, failing?: 'send' | 'commit') {
  const done: string[] = [];
  let committed = 0;
  const fail = (what: string): Promise<void> =>
    what === failing ? Promise.reject(new Error('fenced')) : Promise.resolve(void done.push(what));
  const transaction = {
    sendBatch: () => fail('send'),
    sendOffsets: ({ topics }: { topics: { partitions: { offset: string }[] }[] }) =>
      fail(`offset ${topics[0]?.partitions[0]?.offset}`),
    commit: () => fail('commit'),
  };
  const producer = {
    transaction: () => Promise.resolve(transaction),
    disconnect: () => fail('disconnect'),
  } as unknown as Producer;
  const work: PartitionWork = {
    handle: (messages) => Promise.resolve(answer(messages.map((m) => m.offset))),
    committed: () => void committed++,
  };
  return { owner: new OwnedPartition(work, producer, INPUT, 10n), done, facts: () => committed };
}

test('outputs and position go in one transaction, and only then are facts', async () => {
  const { owner, done, facts } = setUp((o) => ({ outputs: OUTPUT, handled: o.length }));
  await owner.handle([message(10), message(12)]);
  expect(done).toEqual(['send', 'offset 13', 'commit']);
  expect(facts()).toBe(1);
});

test('what is before the committed position was handled already', async () => {
  const seen: string[] = [];
  const { owner, done } = setUp((o) => {
    seen.push(...o);
    return { outputs: [], handled: o.length };
  });
  await owner.handle([message(8), message(9)]);
  await owner.handle([message(9), message(10)]);
  await owner.handle([message(10)]);
  expect(seen).toEqual(['10']);
  expect(done).toEqual(['offset 11', 'commit']);
});

test('a work that takes a part is asked for the rest, one transaction each', async () => {
  const { owner, done } = setUp(() => ({ outputs: OUTPUT, handled: 2 }));
  await owner.handle([10, 11, 12, 13].map(message));
  expect(done).toEqual(['send', 'offset 12', 'commit', 'send', 'offset 14', 'commit']);
});

test('what may be handled again costs no transaction until something is written, or flushed', async () => {
  let outputs: typeof OUTPUT = [];
  const { owner, done } = setUp((o) => ({ outputs, handled: o.length, repeatable: true }));
  await owner.handle([message(10)]);
  expect(done).toEqual([]);
  await owner.flush();
  expect(done.splice(0)).toEqual(['offset 11', 'commit']);
  await owner.flush();
  await owner.handle([message(11)]);
  expect(done).toEqual([]);
  await owner.write(() => [OUTPUT]);
  expect(done.splice(0)).toEqual(['send', 'offset 12', 'commit']);
  outputs = OUTPUT;
  await owner.handle([message(12)]);
  expect(done).toEqual(['send', 'offset 13', 'commit']);
});

test.each(['send', 'commit'] as const)('a failed %s makes nothing a fact and says so', async (what) => {
  const { owner, facts } = setUp((o) => ({ outputs: OUTPUT, handled: o.length }), what);
  await expect(owner.handle([message(10)])).rejects.toMatchObject({ code: 'transaction-failed', message: /fenced/ });
  expect(facts()).toBe(0);
});

test('closing waits for what is under way', async () => {
  const { owner, done } = setUp((o) => ({ outputs: OUTPUT, handled: o.length }));
  await Promise.all([owner.handle([message(10)]), owner.close()]);
  expect(done).toEqual(['send', 'offset 11', 'commit', 'disconnect']);
});

test('a work that handles nothing would go on for ever', async () => {
  const { owner } = setUp(() => ({ outputs: [], handled: 0 }));
  await expect(owner.handle([message(10)])).rejects.toThrow('0 of 1 messages handled');
});

test.each<[string, Parameters<typeof startOffset>, bigint]>([
  ['the committed position', [{ committed: 7n, end: 20n }, 15n], 7n],
  ['after what the state contains, when the group is forgotten', [{ committed: -1n, end: 20n }, 15n], 16n],
  ['the beginning, when nothing is known', [{ committed: -1n, end: 20n }, undefined], 0n],
  ['the beginning of a topic that was made anew', [{ committed: -1n, end: 5n }, 15n], 0n],
])('starts at %s', (_, args, offset) => {
  expect(startOffset(...args)).toBe(offset);
});
