/** The shipper on a stream in memory: batches, restarts, refusals, and fresh data before the backlog. */
import { systemClock } from '../../../../edge-agent/io/clock';
import { type Commits, type LaneCommit } from '../../../../edge-agent/io/shipper/commit';
import { type Message } from '../../../../edge-agent/io/shipper/link';
import { commandEvent, frame, open } from '../outbox/helpers';
import { MemoryFs } from '../outbox/memory-fs';
import { MemoryStream, refusal, shipping } from './memory-stream';

const all = (stream: MemoryStream): Message[] => stream.messages;
const at = (outbox: string, next: number): LaneCommit => ({ outbox, cursor: { next, ranges: [] } });
const until = async (check: () => boolean): Promise<void> => {
  while (!check()) await systemClock.sleep(5);
};

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

test('a stream that was put back to an earlier moment gets what came after it again, and whoever told it otherwise is told', async () => {
  const stream = new MemoryStream();
  let forgotten = 0;
  const { outbox, shipper, close } = await shipping(stream, new MemoryFs(), { onForgotten: () => forgotten++ });
  await outbox.append([frame('a')]);
  await shipper.whenShipped('telemetry', 1);
  const backup = stream.commits;
  await outbox.append([frame('a')]);
  await shipper.whenShipped('telemetry', 2);
  const awayOnce = (meanwhile: () => void) => (): void => {
    stream.refuse = () => undefined;
    meanwhile();
    throw new Error('broker is away');
  };
  stream.refuse = awayOnce(() => undefined);
  await outbox.append([frame('a')]);
  await shipper.whenShipped('telemetry', 3);
  expect([forgotten, all(stream).length]).toEqual([0, 3]);
  stream.refuse = awayOnce(() => (stream.commits = backup));
  await outbox.append([frame('a')]);
  // The three that came after the first.
  await until(() => all(stream).length === 6);
  expect(forgotten).toBe(1);
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

test('a record whose schema the registry refuses for good goes aside; the rest of the priority lane goes on', async () => {
  const stream = new MemoryStream();
  const refused = Object.assign(new Error('HTTP 409: incompatible'), { status: 409 });
  const idOf = (topic: string): Promise<number> =>
    topic === 'm2m.command-events' ? Promise.reject(refused) : Promise.resolve(1);
  const { outbox, shipper, events, close } = await shipping(stream, new MemoryFs(), { schemaIds: { idOf } });
  await outbox.append([commandEvent('c-1')]);
  await outbox.append([frame('a')]);
  await shipper.whenShipped('priority', 1);
  await shipper.whenShipped('telemetry', 1);
  expect(new Set(all(stream).map((m) => m.topic))).toEqual(new Set(['m2m.dead-letters', 'm2m.telemetry']));
  expect(events.filter((e) => e.kind === 'dead-lettered')).toMatchObject([{ reason: 'HTTP 409: incompatible' }]);
  await close();
});

describe('whose disk is it', () => {
  async function diskWith(frames: number): Promise<MemoryFs> {
    const fs = new MemoryFs();
    const { outbox } = await open(fs);
    for (let i = 0; i < frames; i++) await outbox.append([frame('a')]);
    await outbox.close();
    return fs.copy();
  }
  const committed = (telemetry: LaneCommit): Commits => ({ priority: undefined, telemetry });

  test('a copy of the agent on another disk is refused before it fences the one at work', async () => {
    const stream = new MemoryStream();
    stream.commits = committed(at('another-outbox', 7));
    const { shipper, close } = await shipping(stream);
    await until(() => shipper.status.failure === 'outbox');
    expect(shipper.status.lastError).toMatch(/from outbox another-outbox, this disk holds outbox-1/);
    expect(stream.fenced).toBe(0);
    await close();
  });

  test('a disk that lost what the stream has is refused, also when it has grown past that meanwhile', async () => {
    const stream = new MemoryStream();
    stream.commits = committed(at('outbox-1', 12));
    stream.away = new Error('no network');
    const { outbox, shipper, close } = await shipping(stream, await diskWith(10));
    for (let i = 0; i < 5; i++) await outbox.append([frame('a')]);
    stream.away = undefined;
    await until(() => shipper.status.failure === 'outbox');
    expect(shipper.status.lastError).toMatch(/records up to 12, this disk had only up to 10/);
    expect(all(stream)).toEqual([]);
    await close();
  });

  test('without a network the note says what is shipped, and a disk behind it is told at once', async () => {
    const stream = new MemoryStream();
    stream.away = new Error('no network');
    const hint = (next: number) => ({
      read: () => Promise.resolve(committed(at('outbox-1', next))),
      write: () => Promise.resolve(),
    });
    const fs = await diskWith(10);
    const good = await shipping(stream, fs.copy(), { hint: hint(6) });
    await good.shipper.whenShipped('telemetry', 6);
    expect(good.shipper.status.cursors.telemetry).toEqual({ next: 6, ranges: [] });
    await good.close();
    stream.away = undefined;
    const behind = await shipping(stream, fs.copy(), { hint: hint(11) });
    await until(() => behind.shipper.status.failure === 'outbox');
    expect(behind.shipper.status.lastError).toMatch(/has shipped records up to 11/);
    await behind.close();
  });
});

test.each([
  [Object.assign(new Error('Connection error: certificate has expired'), { code: 'CERT_HAS_EXPIRED' }), 'tls'],
  [refusal('TRANSACTIONAL_ID_AUTHORIZATION_FAILED'), 'not-authorized'],
])('%s: said by its kind, readings are kept, and it goes on when that is over', async (error, failure) => {
  const stream = new MemoryStream();
  stream.away = error;
  const { outbox, shipper, close } = await shipping(stream);
  await outbox.append([frame('a')]);
  await until(() => shipper.status.failures > 0);
  expect(shipper.status).toMatchObject({ failure, lastError: error.message });
  stream.away = undefined;
  await shipper.whenShipped('telemetry', 1);
  await until(() => shipper.status.failure === undefined);
  await close();
});
