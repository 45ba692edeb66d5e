/** How long tiers are kept, by tenant, as the TTL of their tables. Pure. */
import { MigrationError, type Target } from './render';

export const TIERS = {
  readings: { table: 'readings_raw', time: 'toDateTime(ts)' },
  readings_1m: { table: 'readings_1m_state', time: 'window_start' },
  readings_1h: { table: 'readings_1h_state', time: 'window_start' },
} as const;

export type Tier = keyof typeof TIERS;

/** A row of the table retention. */
export interface Rule {
  readonly tier: Tier;
  /** Empty: every tenant without a rule of its own. */
  readonly tenant: string;
  /** 0: for ever. */
  readonly days: number;
}

/** The engine reckons TTLs in 32 bits of seconds, which end in 2106: a longer one would be over at once. */
export const MAX_DAYS = 18_250;
const TENANT = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Throws MigrationError `bad-file`, saying what was expected. */
export function ruleOf(tier: string, tenant: string, days: number): Rule {
  const bad = (what: string, hint: string): MigrationError => new MigrationError('bad-file', 'retention', what, hint);
  if (!(tier in TIERS)) throw bad(`there is no tier ${tier}`, `one of ${Object.keys(TIERS).join(', ')}`);
  if (tenant !== '' && !TENANT.test(tenant)) throw bad(`${tenant} is no tenant`, `expected ${TENANT.source}`);
  if (!Number.isInteger(days) || days < 0 || days > MAX_DAYS)
    throw bad(`${days} is no number of days`, `expected 0, which is for ever, to ${MAX_DAYS}`);
  return { tier: tier as Tier, tenant, days };
}

/** The same rules with one of them changed. */
export const withRule = (rules: readonly Rule[], rule: Rule): Rule[] => [
  ...rules.filter((r) => r.tier !== rule.tier || r.tenant !== rule.tenant),
  rule,
];

/** The TTL of a tier's table; undefined when all of it is kept for ever. */
export function ttlOf(rules: readonly Rule[], tier: Tier): string | undefined {
  const own = rules.filter((r) => r.tier === tier).sort((a, b) => (a.tenant < b.tenant ? -1 : 1));
  const named = own.filter((r) => r.tenant !== '');
  const others = named.length > 0 ? ` WHERE tenant NOT IN (${named.map((r) => `'${r.tenant}'`).join(', ')})` : '';
  const clauses = own
    .filter((r) => r.days > 0)
    .map(({ tenant, days }) => {
      const whose = tenant === '' ? others : ` WHERE tenant = '${tenant}'`;
      return `${TIERS[tier].time} + INTERVAL ${days} DAY DELETE${whose}`;
    });
  return clauses.length > 0 ? clauses.join(', ') : undefined;
}

/** `has` says whether the tier's table has a TTL now: there is nothing to remove where there is none. */
export function ttlStatement(rules: readonly Rule[], tier: Tier, target: Target, has: boolean): string | undefined {
  const clustered = target.kind === 'cluster';
  const table = `${target.database}.${TIERS[tier].table}${clustered ? '_local' : ''}`;
  const where = clustered ? ` ON CLUSTER '${target.cluster}'` : '';
  const ttl = ttlOf(rules, tier);
  if (ttl) return `ALTER TABLE ${table}${where} MODIFY TTL ${ttl}`;
  return has ? `ALTER TABLE ${table}${where} REMOVE TTL` : undefined;
}
