import fc from 'fast-check';
import { type AlarmOrder } from '../../../../edge-agent/core/alarms/alarm';
import { AlarmBook } from '../../../../edge-agent/core/alarms/book';
import { type AlarmEvent } from '../../../../schemas/generated';

const HOUR_MS = 3_600_000;
const owner = { tenant: 'acme', agent_id: 'agent-1', boot: 'b1' };
const raise = (by = 'r1', priority = 3): AlarmOrder => ({ type: 'raise', by, priority, value: 9, message: 'high' });
const clear = (by = 'r1'): AlarmOrder => ({ type: 'clear', by, value: 1 });
const acknowledge: AlarmOrder = { type: 'acknowledge' };

class Rig {
  book = new AlarmBook(owner, []);
  do(order: AlarmOrder, now = 0): string {
    return said(this.book.apply('d1', 'high', order, 'ann', now));
  }
}

const said = (event: AlarmEvent | undefined | string): string => {
  if (event === undefined) return 'nothing';
  if (typeof event === 'string') return event;
  const flags = [event.active ? 'active' : 'cleared', event.acknowledged ? 'acknowledged' : 'unacknowledged'];
  return `${event.occurrence} ${flags.join(' ')} ${event.priority}${event.shelved_until === null ? '' : ` shelved until ${event.shelved_until}`}`;
};

test('active, acknowledged, cleared: over, and the next is another occurrence', () => {
  const rig = new Rig();
  expect(rig.do(raise())).toBe('high-b1-1 active unacknowledged 3');
  expect(rig.do(raise())).toBe('nothing');
  expect(rig.do(acknowledge)).toBe('high-b1-1 active acknowledged 3');
  expect(rig.do(acknowledge)).toBe('nothing');
  expect(rig.do(clear())).toBe('high-b1-1 cleared acknowledged 3');
  expect(rig.book.states()).toEqual([]);
  expect(rig.do(raise())).toBe('high-b1-2 active unacknowledged 3');
});

test('cleared before it is acknowledged it waits, and may come back', () => {
  const rig = new Rig();
  rig.do(raise());
  expect(rig.do(clear())).toBe('high-b1-1 cleared unacknowledged 3');
  expect(rig.do(raise())).toBe('high-b1-1 active unacknowledged 3');
  rig.do(acknowledge);
  rig.do(clear());
  expect(rig.do(acknowledge)).toMatch(/not raised/);
});

test('the priority is the gravest of the occurrence, and what gets worse is to be acknowledged anew', () => {
  const rig = new Rig();
  rig.do(raise('low', 3));
  rig.do(acknowledge);
  expect(rig.do(raise('high', 1))).toBe('high-b1-1 active unacknowledged 1');
  expect(rig.do(clear('high'))).toBe('nothing');
  expect(rig.do(raise('high', 2))).toBe('nothing');
  expect(rig.do(clear('high'))).toBe('nothing');
  expect(rig.do(clear('low'))).toBe('high-b1-1 cleared unacknowledged 1');
});

test('a shelf ends by itself; an alarm may be shelved before it is raised', () => {
  const rig = new Rig();
  expect(rig.do({ type: 'shelve', until: HOUR_MS }, 5)).toBe('high-b1-1 cleared acknowledged 4 shelved until 3600000');
  expect(rig.do(raise('r1', 2), 10)).toBe('high-b1-1 active unacknowledged 2 shelved until 3600000');
  expect(rig.book.expire(HOUR_MS - 1)).toEqual([]);
  expect(rig.book.expire(HOUR_MS).map(said)).toEqual(['high-b1-1 active unacknowledged 2']);
  expect(rig.do({ type: 'unshelve' })).toMatch(/not shelved/);
  expect(rig.do({ type: 'shelve', until: 0 }, 5)).toMatch(/to come/);
  expect(rig.do({ type: 'shelve', until: 9e9 }, 5)).toMatch(/at most 168 hours/);
});

test('why an alarm is shelved is told as long as it is', () => {
  const book = new AlarmBook(owner, []);
  const comment = (order: AlarmOrder): string | undefined => {
    const event = book.apply('d1', 'high', order, 'ann', 5);
    return typeof event === 'object' ? event.shelf_comment : 'no event';
  };
  const shelve = { type: 'shelve', until: HOUR_MS } as const;
  expect(comment({ ...shelve, comment: 'new sensor' })).toBe('new sensor');
  expect(comment(raise())).toBe('new sensor');
  expect(comment({ ...shelve, comment: 'wrong sensor' })).toBe('wrong sensor');
  expect(comment(shelve)).toBeUndefined();
  expect(comment({ ...shelve, comment: 'new sensor' })).toBe('new sensor');
  expect(comment({ type: 'unshelve' })).toBeUndefined();
});

test('what nothing raises any more is cleared; what is kept goes on after a restart', () => {
  const rig = new Rig();
  rig.do(raise('gone'));
  rig.book = new AlarmBook({ ...owner, boot: 'b2' }, JSON.parse(JSON.stringify(rig.book.states())) as never);
  expect(rig.book.prune((r) => r !== 'gone', 7).map(said)).toEqual(['high-b1-1 cleared unacknowledged 3']);
  rig.do(acknowledge);
  expect(rig.do(raise())).toBe('high-b2-1 active unacknowledged 3');
});

test('of any orders: events say what the state is, their times never go back, over means forgotten', () => {
  const order = fc.oneof(
    fc
      .record({ by: fc.constantFrom('a', 'b'), priority: fc.integer({ min: 1, max: 4 }) })
      .map((r) => raise(r.by, r.priority)),
    fc.constantFrom('a', 'b').map(clear),
    fc.constant(acknowledge),
    fc.integer({ min: 1, max: 50 }).map((until): AlarmOrder => ({ type: 'shelve', until })),
    fc.constant<AlarmOrder>({ type: 'unshelve' }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(order, fc.integer({ min: 0, max: 60 })), { maxLength: 40 }), (orders) => {
      const book = new AlarmBook(owner, []);
      const raisers = new Set<string>();
      const last = new Map<string, AlarmEvent>();
      for (const [o, now] of orders) {
        const event = book.apply('d1', 'high', o, 'ann', now);
        if (o.type === 'raise') raisers.add(o.by);
        if (o.type === 'clear') raisers.delete(o.by);
        const [state] = book.states();
        expect((state?.raisers.length ?? 0) > 0).toBe(raisers.size > 0);
        if (typeof event !== 'object') continue;
        expect(event.at).toBeGreaterThanOrEqual(last.get(event.occurrence)?.at ?? 0);
        expect(event.active).toBe(raisers.size > 0);
        last.set(event.occurrence, event);
        const over = !event.active && event.acknowledged && event.shelved_until === null;
        expect(state === undefined).toBe(over);
      }
    }),
  );
});
