import { type Rule, ruleOf, ttlOf, ttlStatement, withRule } from '../../../deploy/clickhouse/retention';
import { REBUILT, staying } from '../../../services/projector/rebuild/tables';

const SINGLE = { kind: 'single', database: 'millrace' } as const;
const rule = (tier: string, tenant: string, days: number): Rule => ruleOf(tier, tenant, days);

describe('ttlOf', () => {
  it('is nothing without rules, and when all is kept for ever', () => {
    expect(ttlOf([], 'readings')).toBeUndefined();
    expect(ttlOf([rule('readings', '', 0), rule('readings_1m', '', 30)], 'readings')).toBeUndefined();
  });

  it('gives each tenant its own, and the others theirs', () => {
    const rules = [rule('readings', '', 90), rule('readings', 'globex', 0), rule('readings', 'acme', 30)];
    expect(ttlOf(rules, 'readings')).toBe(
      "toDateTime(ts) + INTERVAL 90 DAY DELETE WHERE tenant NOT IN ('acme', 'globex'), " +
        "toDateTime(ts) + INTERVAL 30 DAY DELETE WHERE tenant = 'acme'",
    );
    expect(ttlOf([rule('readings_1h', '', 400)], 'readings_1h')).toBe('window_start + INTERVAL 400 DAY DELETE');
  });
});

it('replaces the rule of the same tier and tenant', () => {
  const rules = withRule([rule('readings', 'acme', 30), rule('readings', '', 9)], rule('readings', 'acme', 60));
  expect(rules.map((r) => [r.tenant, r.days])).toEqual([
    ['', 9],
    ['acme', 60],
  ]);
});

it('takes a TTL away only where there is one', () => {
  expect(ttlStatement([], 'readings', SINGLE, false)).toBeUndefined();
  expect(ttlStatement([], 'readings', SINGLE, true)).toBe('ALTER TABLE millrace.readings_raw REMOVE TTL');
  const cluster = { kind: 'cluster', database: 'm', cluster: '{cluster}', namedCollection: 'n' } as const;
  expect(ttlStatement([rule('readings', '', 5)], 'readings', cluster, true)).toBe(
    "ALTER TABLE m.readings_raw_local ON CLUSTER '{cluster}' MODIFY TTL toDateTime(ts) + INTERVAL 5 DAY DELETE",
  );
});

it.each([
  ['weeks', '', 1, /there is no tier weeks/],
  ['readings', "a' OR 1", 1, /is no tenant/],
  ['readings', '', 20_000, /no number of days/],
  ['readings', '', 1.5, /no number of days/],
])('refuses %s %s %d', (tier, tenant, days, why) => expect(() => ruleOf(tier, tenant, days)).toThrow(why));

describe('a rebuild compares', () => {
  const of = (table: string) => REBUILT.find((r) => r.table === table)!;
  const NOW = Date.UTC(2026, 0, 31);

  it('everything where nothing expires', () => {
    expect(staying(of('readings_raw'), [], NOW)).toBe('1');
    expect(staying(of('device_events'), [rule('readings', '', 3)], NOW)).toBe('1');
  });

  it('only what stays for another day at least', () => {
    const rules = [rule('readings', '', 11), rule('readings', 'acme', 0)];
    const since = NOW / 1000 - 10 * 86_400;
    expect(staying(of('readings_raw'), rules, NOW)).toBe(
      `multiIf(tenant = 'acme', 1, ts >= toDateTime(${since}, 'UTC'))`,
    );
    expect(staying(of('readings_1m_state'), [rule('readings_1m', '', 1)], NOW)).toBe(
      `window_start >= toDateTime(${NOW / 1000}, 'UTC')`,
    );
  });
});
