/** Credit, messages in parts, and what is settled. */
import { CODE, type Frame, frame, FrameReader, protocolHeader } from '../../../../edge-agent/adapters/amqp/codec';
import { type Delivery, Incoming } from '../../../../edge-agent/adapters/amqp/incoming';
import { AmqpError, type Value } from '../../../../edge-agent/adapters/amqp/types';
import { type AmqpSource } from '../../../../edge-agent/wire/amqp/settings';

const SOURCE: AmqpSource = { address: 'q', name_in: 'subject', bind: undefined, subscriptions: [] };

class Rig {
  readonly sent: Frame[] = [];
  readonly incoming: Incoming;
  private readonly reader = new FrameReader(65_536);
  private next = 100;

  constructor(credit: number, max_message_bytes = 1_000) {
    this.reader.feed(protocolHeader('amqp'));
    this.incoming = new Incoming([SOURCE], { credit, max_message_bytes }, (code, fields, payload) => {
      for (const part of this.reader.feed(frame('amqp', 0, code, fields, payload)))
        if (part.kind === 'frame') this.sent.push(part);
    });
    this.incoming.attachAll('c', 0);
    this.incoming.attach(0, 5, [], 7);
    this.sent.splice(0, 1);
  }

  /** Credit that is there after what was sent last. */
  get credit(): Value {
    return this.sent.filter((f) => f.code === CODE.flow).at(-1)?.fields[6];
  }

  deliver(text = 'x', more = false, id = this.next++): Delivery | undefined {
    return this.incoming.transfer([5, id, undefined, 0, false, more], Buffer.from(text));
  }

  settled(): Value[] {
    this.incoming.flush();
    const told = this.sent.filter((f) => f.code === CODE.disposition);
    return told.map(({ fields: [, first, last, , state] }) => [
      first,
      last,
      (state as { descriptor: Value }).descriptor,
    ]);
  }
}

test('credit is what the profile says, less what is not settled, and is given again in portions', () => {
  const rig = new Rig(8);
  expect(rig.credit).toBe(8);
  const taken = [1, 2, 3, 4].map(() => rig.deliver() as Delivery);
  expect(rig.incoming.unsettled).toBe(4);
  rig.incoming.settle(taken[0] as Delivery, undefined);
  expect(rig.sent.filter((f) => f.code === CODE.flow)).toHaveLength(1);
  rig.incoming.settle(taken[1] as Delivery, undefined);
  // 4 given before and not used, 2 settled, 2 under way.
  expect(rig.credit).toBe(6);
  expect(rig.incoming.unsettled).toBe(2);
});

test('credit of one goes on', () => {
  const rig = new Rig(1);
  for (let i = 0; i < 3; i++) {
    expect(rig.credit).toBe(1);
    rig.incoming.settle(rig.deliver() as Delivery, undefined);
  }
  expect(rig.sent.filter((f) => f.code === CODE.flow)).toHaveLength(4);
});

test('while held no credit is given', () => {
  const rig = new Rig(2);
  rig.incoming.hold(true);
  for (let i = 0; i < 2; i++) rig.incoming.settle(rig.deliver() as Delivery, undefined);
  expect(rig.sent.filter((f) => f.code === CODE.flow)).toHaveLength(1);
  rig.incoming.hold(false);
  expect(rig.credit).toBe(2);
});

test('more than there was credit for ends the connection', () => {
  const rig = new Rig(1);
  rig.deliver();
  expect(() => rig.deliver()).toThrow(AmqpError);
});

test('what is accepted one after the other is told at once, what is refused with its reason', () => {
  const rig = new Rig(10);
  const [a, b, c, d] = [1, 2, 3, 4].map(() => rig.deliver() as Delivery);
  for (const one of [a, b, d]) rig.incoming.settle(one as Delivery, undefined);
  rig.incoming.settle(c as Delivery, 'bad_payload: no JSON');
  expect(rig.settled()).toEqual([
    [100, 101, CODE.accepted],
    [102, 102, CODE.rejected],
    [103, 103, CODE.accepted],
  ]);
});

test('a message in parts is whole with its last; one that is too long is thrown away while it comes', () => {
  const rig = new Rig(10, 6);
  expect(rig.deliver('abc', true, 100)).toBeUndefined();
  expect(rig.deliver('def', false, 100)?.bytes?.toString()).toBe('abcdef');
  for (let i = 0; i < 1_000; i++) expect(rig.deliver('abc', true, 101)).toBeUndefined();
  expect(rig.deliver('', false, 101)).toMatchObject({ bytes: undefined });
  expect(rig.incoming.unsettled).toBe(2);
});

test('what is settled already is not answered', () => {
  const rig = new Rig(10);
  const delivery = rig.incoming.transfer([5, 100, undefined, 0, true], Buffer.from('x')) as Delivery;
  rig.incoming.settle(delivery, undefined);
  expect(rig.settled()).toEqual([]);
});

test('a transfer that is broken off is no message', () => {
  const rig = new Rig(1);
  rig.deliver('a', true, 100);
  const aborted: Value[] = [5, 100, undefined, 0, false, false, undefined, undefined, undefined, true];
  expect(rig.incoming.transfer(aborted, Buffer.alloc(0))).toBeUndefined();
  expect(rig.credit).toBe(1);
});
