/** The shipper on a stream in memory: batches, restarts, refusals, and fresh data before the backlog. */
import { systemClock } from '../../../../edge-agent/io/clock';
import { type Commits } from '../../../../edge-agent/io/shipper/commit';
import { type Message, type StreamLink } from '../../../../edge-agent/io/shipper/link';
import { Shipper, type ShipperError, type ShipperEvent } from '../../../../edge-agent/io/shipper/shipper';
import { frame, open } from '../outbox/helpers';
import { MemoryFs } from '../outbox/memory-fs';

class MemoryStream implements StreamLink {
  readonly transactions: Message[][] = [];
  commits: Commits = { priority: undefined, telemetry: undefined };
  slow_ms = 0;
  /** Called before a transaction; throws to refuse it. */
  refuse: (messages: readonly Message[]) => void = () => undefined;

  connect(): Promise<Commits> {
    return Promise.resolve(this.commits);
  }

  async ship(messages: readonly Message[], commits: Commits): Promise<void> {
    await systemClock.sleep(this.slow_ms);
    this.refuse(messages);
    this.transactions.push([...messages]);
    this.commits = commits;
  }

  disconnect(): Promise<void> {
    return Promise.resolve();
  }
}

const refusal = (type: string): Error => Object.assign(new Error(type), { type });

async function shipping(stream: MemoryStream, fs = new MemoryFs()) {
  const { outbox } = await open(fs);
  const events: ShipperEvent[] = [];
  const fatal: ShipperError[] = [];
  const shipper = new Shipper({
    agentId: 'agent-1',
    outbox,
    link: stream,
    schemaIds: { idOf: () => Promise.resolve(1) },
    hint: { read: () => Promise.resolve(undefined), write: () => Promise.resolve() },
    clock: systemClock,
    random: () => 0,
    onEvent: (e) => events.push(e),
    onFatal: (e) => fatal.push(e),
  });
  shipper.start();
  const close = async (): Promise<void> => {
    await shipper.stop();
    await outbox.close();
  };
  return { outbox, shipper, events, fatal, close };
}

const all = (stream: MemoryStream): Message[] => stream.transactions.flat();

test('a slow stream gets everything that waits in its next transaction', async () => {
  const stream = new MemoryStream();
  stream.slow_ms = 100;
  const { outbox, shipper, close } = await shipping(stream);
  for (let i = 0; i < 60; i++) {
    await outbox.append([frame('a')]);
    await systemClock.sleep(2);
  }
  await shipper.whenShipped('telemetry', 60);
  expect(all(stream)).toHaveLength(60);
  expect(stream.transactions.length).toBeLessThan(20);
  await close();
});

test('a record that is refused goes aside, all others arrive once', async () => {
  const stream = new MemoryStream();
  stream.refuse = (messages) => {
    if (messages.some((m) => m.topic === 'm2m.telemetry' && m.key.endsWith('/bad'))) throw refusal('MESSAGE_TOO_LARGE');
  };
  const { outbox, shipper, events, close } = await shipping(stream);
  await outbox.append(Array.from({ length: 40 }, (_, i) => frame(i === 17 ? 'bad' : 'good')));
  await shipper.whenShipped('telemetry', 40);
  const topics = all(stream).map((m) => m.topic);
  expect(topics.filter((t) => t === 'm2m.telemetry')).toHaveLength(39);
  expect(topics.filter((t) => t === 'm2m.dead-letters')).toHaveLength(1);
  expect(events.filter((e) => e.kind === 'dead-lettered')).toMatchObject([{ record: { counter: 'bad', index: 17 } }]);
  await close();
});

test('a transient failure is tried again, visibly', async () => {
  const stream = new MemoryStream();
  let failures = 2;
  stream.refuse = () => {
    if (failures-- > 0) throw new Error('broker is away');
  };
  const { outbox, shipper, events, close } = await shipping(stream);
  await outbox.append([frame('a')]);
  await shipper.whenShipped('telemetry', 1);
  expect(events.filter((e) => e.kind === 'failed')).toMatchObject([{ failure: 'transient' }, { failure: 'transient' }]);
  expect(all(stream)).toHaveLength(1);
  expect(shipper.status).toMatchObject({ failures: 2, lastError: undefined });
  await close();
});

test('fenced: fatal, and nothing is shipped any more', async () => {
  const stream = new MemoryStream();
  stream.refuse = () => {
    throw refusal('INVALID_PRODUCER_EPOCH');
  };
  const { outbox, shipper, fatal, close } = await shipping(stream);
  await outbox.append([frame('a')]);
  while (fatal.length === 0) await systemClock.sleep(5);
  expect(fatal[0]?.code).toBe('fenced');
  expect(shipper.status.state).toBe('fenced');
  await close();
});

test('fresh data overtakes a backlog, each record once, and both end as one cursor', async () => {
  const stream = new MemoryStream();
  const fs = new MemoryFs();
  const { outbox } = await open(fs);
  for (let i = 0; i < 30; i++) await outbox.append(Array.from({ length: 100 }, () => frame('a')));
  await outbox.close();
  stream.slow_ms = 5;
  const run = await shipping(stream, fs);
  await systemClock.sleep(1);
  await run.outbox.append([frame('fresh')]);
  await run.shipper.whenShipped('telemetry', 3_001);
  const keys = all(stream).map((m) => m.key);
  expect(keys).toHaveLength(3_001);
  expect(run.shipper.status.cursors.telemetry).toEqual({ next: 3_001, ranges: [] });
  await run.close();
});
