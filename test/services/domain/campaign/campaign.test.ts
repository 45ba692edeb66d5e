import fc from 'fast-check';
import {
  CAMPAIGN_EVENTS,
  type CampaignFact,
  DEFAULT_STAGES,
  evolve,
  failuresAllowed,
  gate,
  initialCampaign,
  NOBODY,
  ORDERS,
  orderRefusal,
  plan,
  stageFault,
} from '../../../../services/domain/campaign';

const targets = (ids: readonly string[]) =>
  ids.map((device_id) => ({ device_id, agent_id: 'a', needs_approval: false }));
const percents = fc
  .uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 6 })
  .map((list) => [...list.sort((a, b) => a - b), 100].map((percent) => ({ percent, soak_ms: 0 })));
const devices = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { maxLength: 300 });

describe('the plan', () => {
  test('has every device in exactly one stage, and no stage more than its share', () => {
    fc.assert(
      fc.property(fc.string(), devices, percents, fc.infiniteStream(fc.boolean()), (id, ids, stages, coin) => {
        const canaries = new Set(ids.filter(() => coin.next().value));
        const planned = plan(id, targets(ids), canaries, stages);
        const all = planned.flat().map((t) => t.device_id);
        expect([...all].sort()).toEqual([...ids].sort());
        let soFar = 0;
        for (const [i, stage] of planned.entries()) {
          soFar += stage.length;
          expect(soFar).toBe(Math.ceil((ids.length * (stages[i]?.percent ?? 0)) / 100));
        }
        const first = all.slice(0, canaries.size);
        expect(first.every((d) => canaries.has(d))).toBe(true);
      }),
    );
  });

  test('is the same whenever it is made, and another for another campaign', () => {
    const ids = Array.from({ length: 200 }, (_, i) => `d${i}`);
    const of = (id: string, list: readonly string[]) => plan(id, targets(list), new Set(), DEFAULT_STAGES);
    expect(of('c', ids)).toEqual(of('c', [...ids].reverse()));
    expect(of('c', ids)).not.toEqual(of('d', ids));
    expect(of('c', ids).map((s) => s.length)).toEqual([2, 18, 80, 100]);
  });

  test.each([
    [[], /1 to 20/],
    [[{ percent: 50, soak_ms: 0 }], /100/],
    [
      [
        { percent: 50, soak_ms: 0 },
        { percent: 50, soak_ms: 0 },
      ],
      /more than/,
    ],
    [DEFAULT_STAGES, undefined],
  ])('stages %j', (stages, fault) => {
    if (fault) expect(stageFault(stages)).toMatch(fault);
    else expect(stageFault(stages)).toBeUndefined();
  });
});

test('the gate shuts with the first failure beyond what is allowed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 0, max: 100 }), (n, percent) => {
      const allowed = failuresAllowed(n, percent);
      const counts = (failed: number) => ({ devices: n, succeeded: n - failed, failed });
      expect(gate(counts(allowed), percent)).toBeUndefined();
      expect(gate(counts(allowed + 1), percent)).toBeDefined();
      expect((100 * allowed) / n).toBeLessThanOrEqual(percent);
    }),
  );
});

const fact = (type: CampaignFact['type'], stage = 1, counts = NOBODY): CampaignFact => ({
  ...{ type, stage, at: 0, actor: 'a', detail: type, counts },
});
const after = (...types: CampaignFact['type'][]) => types.map((t) => fact(t)).reduce(evolve, initialCampaign);

test.each([
  [['begun'], ['pause', 'abort', 'roll-back']],
  [
    ['begun', 'stage-begun', 'paused'],
    ['resume', 'abort', 'roll-back'],
  ],
  [
    ['begun', 'stage-begun', 'paused', 'resumed'],
    ['pause', 'abort', 'roll-back'],
  ],
  [
    ['begun', 'stage-begun', 'halted'],
    ['resume', 'retry', 'abort', 'roll-back'],
  ],
  [
    ['begun', 'stage-begun', 'halted', 'retried'],
    ['pause', 'abort', 'roll-back'],
  ],
  [['begun', 'rollback-begun'], []],
  [['begun', 'rollback-begun', 'rolled-back'], []],
  [['begun', 'aborted'], []],
  [['begun', 'stage-begun', 'stage-ended', 'done'], []],
] as const)('after %j it takes %j and nothing else', (types, allowed) => {
  const state = after(...types);
  expect(ORDERS.filter((o) => orderRefusal(state, o) === undefined)).toEqual(allowed);
});

test('each event is understood, and a stage is shown once however often it is told', () => {
  for (const type of CAMPAIGN_EVENTS) expect(() => evolve(initialCampaign, fact(type))).not.toThrow();
  const counts = { devices: 4, succeeded: 3, failed: 1 };
  const state = [fact('stage-begun', 2), fact('stage-begun', 1), fact('stage-ended', 1, counts)].reduce(
    evolve,
    initialCampaign,
  );
  expect(state.stages).toEqual([
    { stage: 1, state: 'ended', ...counts },
    { stage: 2, state: 'running', ...NOBODY },
  ]);
});
