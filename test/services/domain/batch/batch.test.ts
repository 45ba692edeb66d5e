import fc from 'fast-check';
import {
  begin,
  type BatchState,
  begun,
  due,
  ended,
  isOver,
  type Limits,
  paceOf,
  pauseFor_ms,
  reportOf,
  stop,
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
