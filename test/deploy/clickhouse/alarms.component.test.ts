/** What the agent's alarm book says is what the view alarms shows: each occurrence as it stands. */
import { type AlarmOrder } from '../../../edge-agent/core/alarms/alarm';
import { AlarmBook } from '../../../edge-agent/core/alarms/book';
import { type Front, startFront } from './front-process';

jest.setTimeout(180_000);

let front: Front;
beforeAll(async () => {
  front = await startFront();
  await front.migrate();
});
afterAll(() => front.stop());

const HOUR_MS = 3_600_000;
const raise = (by: string, priority: number, value: number): AlarmOrder => {
  return { type: 'raise', by, priority, value, message: 'too high' };
};

test('raised, acknowledged, shelved and cleared alarms, told twice or not', async () => {
  const book = new AlarmBook({ tenant: 'acme', agent_id: 'a1', boot: 'b1' }, []);
  const start = Date.UTC(2026, 0, 1);
  const orders: [string, AlarmOrder][] = [
    ['over', raise('r1', 3, 11)],
    ['over', { type: 'acknowledge' }],
    ['over', raise('r2', 1, 15)],
    ['open', raise('r1', 2, 1)],
    ['open', { type: 'shelve', until: start + HOUR_MS, comment: 'new sensor' }],
    ['over', { type: 'clear', by: 'r1', value: 8 }],
    ['over', { type: 'clear', by: 'r2', value: 7 }],
    ['over', { type: 'acknowledge' }],
    ['over', raise('r1', 4, 12)],
  ];
  const events = orders.flatMap(([alarm, order], i) => {
    const event = book.apply('s1', alarm, order, 'ann', start + 1_000 * i);
    return typeof event === 'object' ? [{ ...event, seq: i + 1 }] : [];
  });
  const rows = [...events, events.at(-1)].map((e) => JSON.stringify(e)).join('\n');
  await front.insert('millrace.in_alarms', 'JSONEachRow', rows);
  const shown = await front.sql(
    `SELECT alarm, priority, active, acknowledged, shelved_until IS NOT NULL, shelf_comment, value, message, toUnixTimestamp(raised_at) - ${start / 1_000}
     FROM millrace.alarms ORDER BY alarm, raised_at`,
  );
  expect(shown.split('\n')).toEqual([
    'open\t2\ttrue\tfalse\t1\tnew sensor\t1\ttoo high\t3',
    'over\t1\tfalse\ttrue\t0\t\t7\ttoo high\t0',
    'over\t4\ttrue\tfalse\t0\t\t12\ttoo high\t8',
  ]);
});
