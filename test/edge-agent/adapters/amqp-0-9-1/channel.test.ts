/** What is put before npm amqplib: bodies that are too long, and what became of what was published. */
import { type Message } from 'amqplib';
import { boundBodies } from '../../../../edge-agent/adapters/amqp-0-9-1/bounds';
import { Confirms, MAX_UNCONFIRMED } from '../../../../edge-agent/adapters/amqp-0-9-1/confirms';

test('a body that is too long comes as an empty one, what is empty not at all, and what follows comes as it is', () => {
  const seen: unknown[] = [];
  const channel = { accept: (frame: unknown) => seen.push(frame) };
  const oversize = boundBodies(channel as never, 10);
  const long = { id: 60, size: 25, fields: { messageId: 'long' } };
  const short = { id: 60, size: 10, fields: { messageId: 'short' } };
  const parts = [Buffer.alloc(20), Buffer.alloc(5)].map((content) => ({ content }));
  const body = { content: Buffer.alloc(10) };
  const nothing = { content: Buffer.alloc(0) };
  for (const frame of [long, ...parts, nothing, short, nothing, body]) channel.accept(frame);
  expect(seen).toEqual([{ ...long, size: 0 }, short, body]);
  const sizeOf = (properties: object): number | undefined => oversize({ properties } as Message);
  expect([sizeOf(long.fields), sizeOf(short.fields)]).toEqual([25, undefined]);
});

const published = (confirms: Confirms): { done: Promise<unknown>; id: string; confirm: (refusal: unknown) => void } => {
  let told: { id: string; confirm: (refusal: unknown) => void } | undefined;
  const done = confirms.publish('q', 60_000, (id, confirm) => (told = { id, confirm })).catch((e: unknown) => e);
  return { done, id: told?.id ?? '', confirm: (refusal) => told?.confirm(refusal) };
};

test.each([
  ['confirmed', null, undefined],
  ['refused', new Error('message nacked'), { kind: 'refused' }],
  ['not known of when the channel ends', new Error('channel closed'), { kind: 'closed' }],
])('a message is %s', async (_, answer, outcome) => {
  const { done, confirm } = published(new Confirms());
  confirm(answer);
  if (outcome) expect(await done).toMatchObject(outcome);
  else expect(await done).toBeUndefined();
});

test('a message that no queue takes is refused, though it is confirmed right after', async () => {
  const confirms = new Confirms();
  const { done, id, confirm } = published(confirms);
  confirms.returned(id, 'nowhere');
  confirm(null);
  expect(await done).toMatchObject({ kind: 'refused', message: expect.stringContaining('nowhere') as string });
});

test('no more wait for an answer than there may be', async () => {
  const confirms = new Confirms();
  const waiting = Array.from({ length: MAX_UNCONFIRMED }, () => published(confirms).done);
  expect(await published(confirms).done).toMatchObject({ kind: 'not-connected' });
  confirms.closed(new Error('cut'));
  for (const one of await Promise.all(waiting)) expect(one).toMatchObject({ kind: 'closed', message: 'cut' });
});
