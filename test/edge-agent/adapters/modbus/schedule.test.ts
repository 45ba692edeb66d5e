import { type PlannedRead } from '../../../../edge-agent/adapters/modbus/plan';
import { backoff_ms } from '../../../../edge-agent/core/backoff';
import { COURTESY_MS, Schedule, type ScheduledRead } from '../../../../edge-agent/adapters/modbus/schedule';

const BACKOFF = { initial_ms: 1_000, max_ms: 8_000 };
const noJitter = (): number => 1;

function read(unit: number, address: number, scan_ms = 1_000): PlannedRead {
  return { unit, fn: 3, address, count: 1, scan_ms, points: [] };
}

function schedule(plans: readonly PlannedRead[], phase_ms = 0): Schedule {
  const s = new Schedule(BACKOFF, noJitter, phase_ms);
  s.adopt(plans, 0);
  return s;
}

const name = (r: ScheduledRead | undefined): string | undefined => r && `${r.plan.unit}:${r.plan.address}`;

/** Takes everything that is due and lets it be answered. */
function scanAll(s: Schedule, now: number): string[] {
  const taken: string[] = [];
  for (let r = s.take(now); r; r = s.take(now)) {
    taken.push(name(r) ?? '');
    s.answered(r);
  }
  return taken;
}

test('units take turns, however many reads each has', () => {
  const s = schedule([read(1, 0), read(1, 1), read(1, 2), read(2, 0), read(3, 0), read(3, 1)]);
  expect(scanAll(s, 0)).toEqual(['1:0', '2:0', '3:0', '1:1', '3:1', '1:2']);
});

test('a unit with a short scan time leaves the others their turns', () => {
  const s = schedule([read(1, 0, 10), read(2, 0), read(3, 0)]);
  const order: string[] = [];
  // A line so slow that unit 1 is due again each time.
  for (let now = 0; now < 60; now += 20) {
    const r = s.take(now);
    order.push(name(r) ?? '');
    if (r) s.answered(r);
  }
  expect(order).toEqual(['1:0', '2:0', '3:0']);
});

test('slots do not drift when answers take long', () => {
  const s = schedule([read(1, 0, 100)]);
  const taken: number[] = [];
  for (let now = 0; now < 1_000; now += 7) {
    const r = s.take(now);
    if (!r) continue;
    taken.push(now);
    s.answered(r);
  }
  // Each at the first moment looked at after its slot: never later than one look.
  expect(taken).toHaveLength(10);
  taken.forEach((t, i) => expect(t - i * 100).toBeLessThan(7));
});

test('slots that could not be kept are left out and counted', () => {
  const s = schedule([read(1, 0, 100)]);
  const r = s.take(0);
  if (r) s.answered(r);
  expect(name(s.take(350))).toBe('1:0');
  expect(s.reads()[0]?.missed).toBe(2);
  expect(s.reads()[0]?.due).toBe(400);
});

test('a read under way is not taken again', () => {
  const s = schedule([read(1, 0, 100)]);
  s.take(0);
  expect(s.take(500)).toBeUndefined();
  expect(s.wakeAt()).toBe(Infinity);
});

test('a phase moves the first slot, and all others with it', () => {
  const s = schedule([read(1, 0, 100)], 30);
  expect(s.take(29)).toBeUndefined();
  expect(s.wakeAt()).toBe(30);
  expect(name(s.take(30))).toBe('1:0');
  expect(s.reads()[0]?.due).toBe(130);
});

describe('a unit that does not answer', () => {
  test('is asked once per backoff step, its neighbours as always', () => {
    const s = schedule([read(1, 0, 100), read(1, 1, 100), read(2, 0, 100)]);
    let [dead, alive] = [0, 0];
    for (let now = 0; now <= 15_000; now += 10)
      for (let r = s.take(now); r; r = s.take(now))
        if (r.plan.unit === 1) {
          dead++;
          s.unanswered(r, now);
        } else {
          alive++;
          s.answered(r);
        }
    // At 0, then after 1, 2, 4 and 8 s of rest.
    expect(dead).toBe(5);
    expect(alive).toBe(151);
  });

  test('its failure speaks for all of its reads, once', () => {
    const s = schedule([read(1, 0), read(1, 1), read(1, 2)]);
    const [a, b] = [s.take(0), s.take(0)];
    expect(a && s.unanswered(a, 1_000).reads.map((r) => r.address)).toEqual([0, 2]);
    // Sent before the first failure: its own points only, and no second step.
    expect(b && s.unanswered(b, 1_001)).toEqual({ failures: 1, reads: [b?.plan] });
  });

  test('has one request under way while it is doubted', () => {
    const s = schedule([read(1, 0), read(1, 1)]);
    const r = s.take(0);
    if (r) s.unanswered(r, 100);
    expect(s.wakeAt()).toBe(1_100);
    expect(name(s.take(1_100))).toBe('1:1');
    expect(s.take(1_100)).toBeUndefined();
  });

  test('is back with its first answer', () => {
    const s = schedule([read(1, 0, 100), read(1, 1, 100)]);
    const r = s.take(0);
    if (r) s.unanswered(r, 0);
    const probe = s.take(1_000);
    if (probe) s.answered(probe);
    expect(scanAll(s, 1_000)).toEqual(['1:0']);
    expect(s.allFailing()).toBe(false);
  });
});

test('a new plan keeps the slots of what stays and forgets what goes', () => {
  const s = schedule([read(1, 0, 100), read(2, 0, 100)]);
  scanAll(s, 30);
  s.adopt([read(2, 0, 100), read(3, 0, 100)], 50);
  expect(scanAll(s, 50)).toEqual(['3:0']);
  expect(scanAll(s, 100)).toEqual(['2:0']);
});

test('the end of a request of a unit that is gone changes nothing', () => {
  const s = schedule([read(1, 0)]);
  const r = s.take(0);
  s.adopt([read(2, 0)], 0);
  if (r) expect(s.unanswered(r, 10)).toEqual({ failures: 0, reads: [r.plan] });
  expect(s.allFailing()).toBe(false);
});

test('parts take the place of a refused read and are due at once', () => {
  const s = schedule([read(1, 0), read(1, 9)]);
  const r = s.take(0);
  if (r) s.answered(r);
  if (r) s.replace(r, [read(1, 0), read(1, 1)], 5);
  expect(scanAll(s, 5)).toEqual(['1:9', '1:0', '1:1']);
});

test('achieved scan time follows the intervals between answers', () => {
  const s = schedule([read(1, 0, 100)]);
  for (const now of [0, 100, 200, 300]) scanAll(s, now);
  expect(s.reads()[0]?.achieved_ms).toBe(100);
  for (let now = 500; now < 10_000; now += 200) scanAll(s, now);
  expect(s.reads()[0]?.achieved_ms).toBeCloseTo(200, 0);
});

test.each([
  [1, 1, 1_000],
  [2, 1, 2_000],
  [4, 1, 8_000],
  [5, 1, 8_000],
  [2_000, 1, 8_000],
  [1, 0, 750],
])('backoff before attempt %i at chance %i is %i ms', (attempt, random, expected) => {
  expect(backoff_ms(attempt, BACKOFF, random)).toBe(expected);
});

test('a silent unit is asked when nobody who answers is due, and not for ever later', () => {
  const s = schedule([read(1, 0, 100), read(2, 0, 100)]);
  const [dead, live] = [s.take(0), s.take(0)];
  if (!dead || !live) throw new Error('nothing due');
  s.unanswered(dead, 50);
  s.answered(live);
  // Both due: the one that answers goes first, though it is not its turn.
  const next = s.take(1_100);
  expect(name(next)).toBe('2:0');
  if (next) s.answered(next);
  const probe = s.take(1_100);
  expect(name(probe)).toBe('1:0');
  if (probe) s.unanswered(probe, 1_150);
  // Waiting since 3150 on a line that never has a moment.
  const late = 1_150 + 2_000 + COURTESY_MS;
  const both = [s.take(late), s.take(late)].map(name).sort();
  expect(both).toEqual(['1:0', '2:0']);
});
