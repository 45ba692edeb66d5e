/** How long readings and windows are kept, by tier and tenant. */
import { type Rule, ruleOf, type Tier, TIERS, ttlStatement, withRule } from '../../clickhouse/retention';
import { type Target } from '../../clickhouse/render';
import { type ClickHouseLogin, loginFrom, queryText } from '../../local/clickhouse-query';
import { type Context, lastRun } from '../context';
import { CliError, EXIT } from '../errors';
import { json, table } from '../io';

export interface ShowOptions {
  readonly json?: boolean;
}
export interface SetOptions {
  readonly tenant?: string;
  readonly dryRun?: boolean;
  readonly confirm?: boolean;
}

export async function show(context: Context, options: ShowOptions): Promise<number> {
  const rules = await rulesOf(login(context));
  if (options.json) context.io.out(json(rules));
  else if (rules.length === 0) context.io.err('everything is kept for ever\n');
  else
    context.io.out(
      table(
        ['TIER', 'TENANT', 'KEPT'],
        rules.map((r) => [r.tier, r.tenant || '(others)', kept(r)]),
      ),
    );
  return EXIT.ok;
}

const kept = ({ days }: Rule): string => (days === 0 ? 'for ever' : `${days} days`);

/** What is older goes for good, so it asks for --confirm unless it is to be kept for ever. */
export async function set(context: Context, tier: string, days: string, options: SetOptions): Promise<number> {
  const found = login(context);
  const rule = checked(() => ruleOf(tier, options.tenant ?? '', days === 'forever' ? 0 : Number(days)));
  const target = targetOf(context, found);
  const rules = withRule(await rulesOf(found), rule);
  const statement = ttlStatement(rules, rule.tier, target, await hasTtl(found, rule.tier, target));
  if (options.dryRun || (rule.days > 0 && !options.confirm)) {
    context.io.out(`${statement ?? '-- nothing to change'}\n`);
    if (options.dryRun) return EXIT.ok;
    context.io.err(`what is older than ${rule.days} days would be deleted: add --confirm to do it\n`);
    return EXIT.usage;
  }
  await queryText(
    found,
    `INSERT INTO retention (tier, tenant, days) VALUES ('${rule.tier}', '${rule.tenant}', ${rule.days})`,
  );
  if (statement) await queryText(found, statement);
  context.io.err(`${rule.tier} of ${rule.tenant || 'every other tenant'}: kept ${kept(rule)}\n`);
  return EXIT.ok;
}

/** Gives the tables of another database the same retention: those that a rebuild has made. */
export async function copyRetention(
  from: ClickHouseLogin,
  database: string,
  cluster: string | undefined,
): Promise<void> {
  const rules = await rulesOf(from);
  const target: Target = cluster
    ? { kind: 'cluster', database, cluster, namedCollection: '' }
    : { kind: 'single', database };
  for (const tier of Object.keys(TIERS) as Tier[]) {
    const statement = ttlStatement(rules, tier, target, false);
    if (statement) await queryText(from, statement);
  }
}

async function rulesOf(found: ClickHouseLogin): Promise<Rule[]> {
  const text = await queryText(found, 'SELECT tier, tenant, days FROM retention FINAL ORDER BY tier, tenant', 'TSV');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [tier = '', tenant = '', days = ''] = line.split('\t');
      return ruleOf(tier, tenant, Number(days));
    });
}

async function hasTtl(found: ClickHouseLogin, tier: Tier, target: Target): Promise<boolean> {
  const name = `${TIERS[tier].table}${target.kind === 'cluster' ? '_local' : ''}`;
  const sql = `SELECT count() FROM system.tables WHERE database = '${target.database}' AND name = '${name}' AND engine_full LIKE '% TTL %'`;
  return (await queryText(found, sql, 'TSV')).trim() === '1';
}

function targetOf({ env }: Context, found: ClickHouseLogin): Target {
  const database = found.database ?? 'millrace';
  const cluster = env['CLICKHOUSE_CLUSTER'];
  return cluster ? { kind: 'cluster', database, cluster, namedCollection: '' } : { kind: 'single', database };
}

function checked<T>(f: () => T): T {
  try {
    return f();
  } catch (cause) {
    const { message, hint } = cause as Error & { hint: string };
    throw new CliError('usage', 'retention set', message, hint, { cause });
  }
}

function login(context: Context): ClickHouseLogin {
  const found = loginFrom(context.env['CLICKHOUSE_URL'] ? context.env : { ...lastRun(context).facts });
  if (found) return found;
  throw new CliError(
    'failed',
    'retention',
    'no ClickHouse is known',
    'set CLICKHOUSE_URL, or start with `millrace up`',
  );
}
