import { MAX_WAITING_MESSAGES, type Message, Publisher } from '../../schemas/publisher';

const message = (n: number, topic = 'a'): Message => ({ topic, key: String(n), value: Buffer.from(String(n)) });
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A broker that answers when told to. */
class FakeBroker {
  readonly batches: string[][] = [];
  producers = 0;
  disconnected = 0;
  private answers: { resolve: (x: []) => void; reject: (e: Error) => void }[] = [];

  readonly make = () => {
    this.producers++;
    return {
      connect: () => Promise.resolve(),
      disconnect: () => Promise.resolve(void this.disconnected++),
      sendBatch: ({ topicMessages = [] }: { topicMessages?: { topic: string; messages: { key?: unknown }[] }[] }) => {
        this.batches.push(topicMessages.flatMap((t) => t.messages.map((m) => `${t.topic}:${String(m.key)}`)));
        return new Promise<[]>((resolve, reject) => this.answers.push({ resolve, reject }));
      },
    };
  };

  async answer(error?: Error): Promise<void> {
    await settled();
    const next = this.answers.shift();
    if (error) next?.reject(error);
    else next?.resolve([]);
    await settled();
  }
}

test('a single send waits for nothing; what comes meanwhile goes together with the next', async () => {
  const broker = new FakeBroker();
  const publisher = new Publisher(broker.make);
  const sends = [
    publisher.send([message(1), message(2, 'b')]),
    publisher.send([message(3)]),
    publisher.send([message(4)]),
  ];
  await broker.answer();
  await broker.answer();
  await Promise.all(sends);
  expect(broker.batches).toEqual([
    ['a:1', 'b:2'],
    ['a:3', 'a:4'],
  ]);
  expect(publisher.waiting).toBe(0);
});

test('after a failure the producer is a new one: the old one’s sequence numbers may be taken', async () => {
  const broker = new FakeBroker();
  const publisher = new Publisher(broker.make);
  const first = publisher.send([message(1)]);
  const refused = expect(first).rejects.toMatchObject({ code: 'not-written', cause: { message: 'timed out' } });
  await broker.answer(new Error('timed out'));
  await refused;
  const second = publisher.send([message(2)]);
  await broker.answer();
  await second;
  expect([broker.producers, broker.disconnected]).toEqual([2, 1]);
});

test('at the bound sends are refused, and nothing is forgotten', async () => {
  const broker = new FakeBroker();
  const publisher = new Publisher(broker.make);
  const first = publisher.send([message(0)]);
  const waiting = publisher.send(Array.from({ length: MAX_WAITING_MESSAGES - 1 }, (_, n) => message(n)));
  await expect(publisher.send([message(1)])).rejects.toMatchObject({ code: 'overloaded' });
  await broker.answer();
  await broker.answer();
  await Promise.all([first, waiting]);
  expect(publisher.waiting).toBe(0);
});

test('closing writes what is waiting and takes no more', async () => {
  const broker = new FakeBroker();
  const publisher = new Publisher(broker.make);
  const sent = publisher.send([message(1)]);
  const closed = publisher.close();
  await expect(publisher.send([message(2)])).rejects.toMatchObject({ code: 'closed' });
  await broker.answer();
  await Promise.all([sent, closed]);
  expect(broker.disconnected).toBe(1);
});
