import fc from 'fast-check';
import {
  begin,
  type BatchState,
  begun,
  due,
  ended,
  isOpen,
  isOver,
  type Limits,
  nextOpening_ms,
  opensIn_ms,
  paceOf,
  pauseFor_ms,
  reportOf,
  stop,
  type TimeWindow,
  windowFault,
} from '../../../../services/domain/batch';

const targets = (n: number) =>
  Array.from({ length: n }, (_, i) => ({ device_id: `d${i}`, agent_id: 'a', needs_approval: false }));

/** Runs a batch to its end: `outcomes` says how each device ends, `order` which of those under way ends next. */
function run(n: number, limits: Limits, outcomes: (i: number) => string, order: (n: number) => number) {
  let state: BatchState = begin(targets(n), 0);
  const sent: string[] = [];
  let most = 0;
  for (let steps = 0; !isOver(state); steps++) {
    expect(steps).toBeLessThan(10 * n + 10);
    const next = due(state, limits);
    expect(next.length).toBeLessThanOrEqual(limits.rate_per_s);
    state = begun(state, next);
    sent.push(...next.map((t) => t.device_id));
    most = Math.max(most, state.under_way.length);
    const ending = state.under_way[order(state.under_way.length)];
    if (ending !== undefined)
      state = ended(state, { device_id: ending, state: outcomes(Number(ending.slice(1))), detail: '' }, limits);
  }
  return { state, sent, most };
}

const limits = fc.record(
  {
    rate_per_s: fc.integer({ min: 1, max: 20 }),
    in_flight: fc.integer({ min: 1, max: 20 }),
    stop_after_failures: fc.integer({ min: 1, max: 5 }),
  },
  { requiredKeys: ['rate_per_s', 'in_flight'] },
) as fc.Arbitrary<Limits>;

test('no device twice, never more under way than allowed, and every one is accounted for', () => {
  fc.assert(
    fc.property(fc.nat(60), limits, fc.array(fc.boolean()), fc.nat(), (n, limit, bad, seed) => {
      const { state, sent, most } = run(
        n,
        limit,
        (i) => (bad[i] ? 'failed' : 'verified'),
        (k) => seed % Math.max(1, k),
      );
      expect(new Set(sent).size).toBe(sent.length);
      expect(most).toBeLessThanOrEqual(limit.in_flight);
      const report = reportOf(state);
      expect(Object.values(report.ended).reduce((a, b) => a + b, 0)).toBe(sent.length);
      expect(sent.length + report.waiting).toBe(n);
      if (report.waiting > 0) expect(report.stopped).not.toBe('');
    }),
  );
});

test('too many failures stop it: none is begun after the last one allowed', () => {
  const { state, sent } = run(
    100,
    { rate_per_s: 5, in_flight: 5, stop_after_failures: 3 },
    () => 'expired',
    () => 0,
  );
  expect(sent.length).toBeLessThanOrEqual(5 + 3);
  expect(state).toMatchObject({ stopped: expect.stringContaining('ended badly') });
  expect(reportOf(state).over).toBe(true);
});

test('stopped: what is under way still ends, and is counted', () => {
  let state = begun(begin(targets(3), 0), targets(1));
  state = stop(state, 'enough');
  expect([due(state, { rate_per_s: 9, in_flight: 9 }), isOver(state)]).toEqual([[], false]);
  state = ended(state, { device_id: 'd0', state: 'cancelled', detail: 'enough' }, { rate_per_s: 9, in_flight: 9 });
  expect(isOver(state)).toBe(true);
  expect(reportOf(state)).toMatchObject({ waiting: 2, failed: 1, failures: [{ device_id: 'd0', state: 'cancelled' }] });
});

test.each([
  [{ rate_per_s: 7 }, { parcel: 7, every_ms: 1_000 }],
  [
    { rate_per_s: 100, pause_ms: 1 },
    { parcel: 100, every_ms: 1_000 },
  ],
  [
    { rate_per_s: 100, pause_ms: 250 },
    { parcel: 4, every_ms: 1_000 },
  ],
  [
    { rate_per_s: 2, pause_ms: 250 },
    { parcel: 2, every_ms: 1_000 },
  ],
  [
    { rate_per_s: 7, pause_ms: 1_000 },
    { parcel: 1, every_ms: 1_000 },
  ],
  [
    { rate_per_s: 7, pause_ms: 90_000 },
    { parcel: 1, every_ms: 90_000 },
  ],
])('%j: %j', (limits, pace) => {
  expect(paceOf({ in_flight: 50, ...limits })).toEqual(pace);
});

test('files begun at that pause are together not above the rate', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 30 }), fc.integer({ min: 1, max: 1e10 }), (bytes, bytes_per_s) => {
      const { parcel, every_ms } = paceOf({
        rate_per_s: 100,
        in_flight: 50,
        pause_ms: pauseFor_ms(bytes, bytes_per_s),
      });
      expect((parcel * bytes * 1_000) / every_ms).toBeLessThanOrEqual(bytes_per_s * (1 + 1e-9));
    }),
  );
});

describe('hours', () => {
  const NIGHT: TimeWindow = { from: '22:00', to: '05:00', time_zone: 'UTC' };
  const at = (iso: string): number => new Date(iso).getTime();
  const HOUR_MS = 3_600_000;

  test.each<[string, Partial<TimeWindow>, string, string, boolean]>([
    ['as it opens', {}, 'UTC', '2026-06-01T22:00:00Z', true],
    ['a moment before', {}, 'UTC', '2026-06-01T21:59:59.999Z', false],
    ['after midnight', {}, 'UTC', '2026-06-02T04:59:59Z', true],
    ['as it closes', {}, 'UTC', '2026-06-02T05:00:00Z', false],
    ['where it is evening already', {}, 'Asia/Tokyo', '2026-06-01T13:00:00Z', true],
    ['where it is not yet', {}, 'America/New_York', '2026-06-01T22:00:00Z', false],
    ['by day', { from: '08:00', to: '16:30' }, 'Asia/Kolkata', '2026-06-01T10:59:00Z', true],
    ['the night of a Friday, on Saturday', { days: ['fri'] }, 'UTC', '2026-06-06T04:00:00Z', true],
    ['the night of a Saturday, on Saturday', { days: ['fri'] }, 'UTC', '2026-06-06T22:00:00Z', false],
    ['the night of a Sunday, on Monday', { days: ['sun'] }, 'UTC', '2026-06-08T04:00:00Z', true],
    ['the hour that comes twice, first', { from: '02:00', to: '03:00' }, 'Europe/Vienna', '2026-10-25T00:30:00Z', true],
    ['and again', { from: '02:00', to: '03:00' }, 'Europe/Vienna', '2026-10-25T01:30:00Z', true],
    ['and no more', { from: '02:00', to: '03:00' }, 'Europe/Vienna', '2026-10-25T02:00:00Z', false],
  ])('%s', (_, of, zone, when, open) => {
    expect(isOpen({ ...NIGHT, ...of }, zone, at(when))).toBe(open);
  });

  test.each<[string, Partial<TimeWindow>, string, string, string]>([
    ['tonight', {}, 'UTC', '2026-06-01T12:00:30Z', '2026-06-01T22:00:00Z'],
    ['now', {}, 'UTC', '2026-06-01T23:00:00Z', '2026-06-01T23:00:00Z'],
    ['tonight, in winter time again', {}, 'Europe/Vienna', '2026-10-24T12:00:00Z', '2026-10-24T20:00:00Z'],
    ['next Friday', { days: ['fri'] }, 'UTC', '2026-06-06T05:00:00Z', '2026-06-12T22:00:00Z'],
    // 02:00 to 03:00 does not come on 29 March.
    [
      'past the hour left out',
      { from: '02:30', to: '04:00' },
      'Europe/Vienna',
      '2026-03-29T00:00:00Z',
      '2026-03-29T01:00:00Z',
    ],
    ['a day later', { from: '02:15', to: '02:45' }, 'Europe/Vienna', '2026-03-29T00:00:00Z', '2026-03-30T00:15:00Z'],
    [
      'a week later',
      { from: '02:15', to: '02:45', days: ['sun'] },
      'Europe/Vienna',
      '2026-03-29T00:00:00Z',
      '2026-04-05T00:15:00Z',
    ],
  ])('opens %s', (_, of, zone, when, opens) => {
    expect(new Date(at(when) + opensIn_ms({ ...NIGHT, ...of }, zone, at(when)))).toEqual(new Date(opens));
  });

  test('those whose window is open come first, however they stand; the others keep their places', () => {
    const [vienna, tokyo, lost] = [
      { time_zone: 'Europe/Vienna' },
      { time_zone: 'Asia/Tokyo' },
      { time_zone: 'Mars/Olympus' },
    ];
    const places = [vienna, tokyo, lost, tokyo];
    const state = begin(
      targets(4).map((t, i) => ({ ...t, ...places[i] })),
      0,
    );
    const hours = { window: NIGHT, at: at('2026-06-01T14:00:00Z') };
    const limits = { rate_per_s: 10, in_flight: 10 };
    const next = due(state, limits, hours);
    expect(next.map((t) => t.device_id)).toEqual(['d1', 'd3']);
    const left = begun(state, next);
    expect(left.waiting.map((t) => t.device_id)).toEqual(['d0', 'd2']);
    // Vienna at 20:00 UTC; what names no zone there is, by the window's own, at 22:00.
    expect(nextOpening_ms(left, hours)).toBe(6 * HOUR_MS);
    expect(due(left, limits, { ...hours, at: at('2026-06-01T22:00:00Z') })).toHaveLength(2);
  });

  test.each([
    ['a window that is never open', { to: '22:00' }, /never open/],
    ['a zone that is none', { time_zone: 'Vienna' }, /no time zone/],
  ])('%s is refused', (_, of, why) => {
    expect(windowFault({ ...NIGHT, ...of })).toMatch(why);
    expect(windowFault(NIGHT)).toBeUndefined();
  });
});
