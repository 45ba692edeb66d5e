import fc from 'fast-check';
import { type Receipts as Durables } from '../../../../edge-agent/adapter';
import { amqpDialect, type AmqpMessage } from '../../../../edge-agent/wire/amqp/dialect';
import { Memory } from '../../../../edge-agent/wire/amqp/memory';
import { type Arrival, fingerprint, Receipts, type Settle } from '../../../../edge-agent/wire/amqp/receipts';

import { MessagesAdapter } from '../../../../edge-agent/wire/broker/adapter';
import { type SessionListener } from '../../../../edge-agent/wire/broker/session';
import { Observer } from '../../../contract/adapter/observer';
import { connectionOf } from '../../plan-of';

const none: Settle = () => undefined;

test('what comes again over another link is settled there and not handed on', () => {
  const receipts = new Receipts(10);
  const settled: string[] = [];
  receipts.opened();
  const first = receipts.arrive('m', true, () => settled.push('first'));
  receipts.opened();
  expect(receipts.arrive('m', true, () => settled.push('second'))).toEqual({ kind: 'again' });
  if (first.kind === 'new') first.durable();
  expect(settled).toEqual(['second']);
});

test('what was refused is refused when it comes again, with the same reason', () => {
  const receipts = new Receipts(10);
  const refusals: (string | undefined)[] = [];
  receipts.opened();
  const first = receipts.arrive('m', false, none);
  if (first.kind === 'new') first.durable('bad_payload: no JSON');
  receipts.opened();
  receipts.arrive('m', true, (refusal) => refusals.push(refusal));
  expect(refusals).toEqual(['bad_payload: no JSON']);
});

test('what was refused and is given back is accepted: it must not come again for ever', () => {
  const receipts = new Receipts(10);
  const settled: (string | undefined)[] = [];
  receipts.opened();
  const first = receipts.arrive('m', true, (refusal) => settled.push(refusal));
  if (first.kind === 'new') first.durable('bad_payload: no JSON');
  expect(receipts.arrive('m', true, (refusal) => settled.push(refusal), true)).toEqual({ kind: 'again' });
  // Another one that is alike, sent for the first time.
  expect(receipts.arrive('m', true, none).kind).toBe('new');
  expect(settled).toEqual(['bad_payload: no JSON', undefined]);
});

test('two messages that are alike on one link are two, and each comes again once', () => {
  const receipts = new Receipts(10);
  receipts.opened();
  expect([0, 1].map(() => receipts.arrive('m', true, none).kind)).toEqual(['new', 'new']);
  receipts.opened();
  expect([0, 1, 2].map(() => receipts.arrive('m', true, none).kind)).toEqual(['again', 'again', 'new']);
});

test('a message that the broker calls new is new', () => {
  const receipts = new Receipts(10);
  receipts.opened();
  receipts.arrive('m', false, none);
  receipts.opened();
  expect(receipts.arrive('m', false, none).kind).toBe('new');
});

test('no more is remembered than was said, but for what is not durable', () => {
  const receipts = new Receipts(5);
  receipts.opened();
  const taken = Array.from({ length: 8 }, (_, i) => receipts.arrive(String(i), false, none));
  expect(receipts.size).toBe(8);
  for (const one of taken) if (one.kind === 'new') one.durable();
  for (let i = 8; i < 40; i++) {
    const one = receipts.arrive(String(i), false, none);
    if (one.kind === 'new') one.durable();
  }
  expect(receipts.size).toBe(8);
});

test('the parts of a message cannot be shifted into each other', () => {
  expect(fingerprint(['ab', 'c'])).not.toBe(fingerprint(['a', 'bc']));
  expect(fingerprint([undefined])).not.toBe(fingerprint(['']));
});

/** A broker that keeps a message until it is settled, and a wire that is cut at any point. */
test('every message is handed on once, wherever the link breaks', () => {
  const step = fc.constantFrom('send' as const, 'durable' as const, 'cut' as const, 'lose-answers' as const);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const receipts = new Receipts(1_000);
      const handed = new Map<string, number>();
      const waiting: Settle[] = [];
      let queue: { id: string; sent: boolean }[] = [];
      let link = 0;
      let answers = true;
      let next = 0;
      const deliver = (): void => {
        for (const message of queue.filter((m) => !m.sent)) {
          const over = link;
          const settle: Settle = () => {
            if (over === link && answers) queue = queue.filter((m) => m.id !== message.id);
          };
          message.sent = true;
          const arrival = receipts.arrive(message.id, true, settle);
          if (arrival.kind === 'again') continue;
          handed.set(message.id, (handed.get(message.id) ?? 0) + 1);
          waiting.push(arrival.durable);
        }
      };
      const cut = (): void => {
        link++;
        answers = true;
        receipts.opened();
        for (const message of queue) message.sent = false;
        deliver();
      };
      receipts.opened();
      for (const one of steps) {
        if (one === 'send') queue.push({ id: String(next++), sent: false });
        if (one === 'durable') waiting.shift()?.();
        if (one === 'lose-answers') answers = false;
        if (one === 'cut') cut();
        deliver();
      }
      for (const durable of waiting) durable();
      cut();
      expect(queue).toEqual([]);
      expect([...handed.values()].every((n) => n === 1)).toBe(true);
      expect(handed.size).toBe(next);
    }),
    { numRuns: 300 },
  );
});

test('an agent that was killed before it settled knows again what its readings are durable of', () => {
  const before = new Receipts(10, new Memory('queue', 5, new Map()));
  before.opened();
  const prints = ['a', 'b'].map((part) => fingerprint([part]));
  const kept = new Map(prints.flatMap((print) => [...taken(before.arrive(print, true, none))]));
  const after = new Receipts(10, new Memory('queue', 5, kept));
  const settled: (string | undefined)[] = [];
  const arrive = (part: string, returned: boolean): string =>
    after.arrive(fingerprint([part]), true, (refusal) => settled.push(refusal), returned).kind;
  after.opened();
  expect(arrive('a', true)).toBe('again');
  expect(settled).toEqual([undefined]);
  // Sent for the first time, alike or not; and what comes once more after it was known again is new.
  expect([arrive('b', false), arrive('c', true), arrive('a', true)]).toEqual(['new', 'new', 'new']);
});

const taken = (arrival: Arrival): Durables => (arrival.kind === 'new' ? (arrival.receipts ?? new Map()) : new Map());

test('what a suspended device says is given back with the reason, and what another says is taken', async () => {
  const device = (id: string): string => `{ id: ${id}, connection: b, points: [{ metric: v }] }`;
  const connection = connectionOf(`
agent: { id: a }
connections: [{ name: b, protocol: amqp-0-9-1, host: h, amqp: { sources: [{ address: q }] } }]
devices: [${device('ours')}, ${device('suspended')}]
`);
  const clock = { now: () => 1_700_000_000_000, monotonic: () => 0 };
  let broker: SessionListener<AmqpMessage> | undefined;
  const session = (listener: SessionListener<AmqpMessage>) => {
    broker = listener;
    return { start: none, hold: none, close: none, connected: false, stats: {}, lastError: '', unanswered: 0 } as never;
  };
  const adapter = new MessagesAdapter(connection, { clock, random: () => 0.5 }, amqpDialect(connection), session);
  adapter.start(new Observer());
  adapter.exclude(new Set(['suspended']));
  const settled = ['ours', 'suspended'].map(
    (name) =>
      new Promise((resolve) =>
        broker?.message({ source: 0, name, payload: Buffer.from('{"v":1}'), fault: '', durable: resolve }),
      ),
  );
  expect(await Promise.all(settled)).toEqual([undefined, 'suspended is suspended or decommissioned']);
  expect(adapter.status().counters).toMatchObject({ messages: 2, excluded: 1 });
  await adapter.close();
});
