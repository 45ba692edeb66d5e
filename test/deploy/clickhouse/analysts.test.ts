import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { analystStatements, readable } from '../../../deploy/clickhouse/analysts';
import { sourceFiles } from '../../../deploy/clickhouse/files';

const CLUSTER = { kind: 'cluster', database: 'millrace', cluster: '{cluster}', namedCollection: 'n' } as const;
const SINGLE = { kind: 'single', database: 'millrace' } as const;

it.each([
  ['single', SINGLE],
  ['cluster', CLUSTER],
] as const)('roles of two tenants, for %s (UPDATE_GOLDEN=1 writes them)', (name, target) => {
  const path = join(__dirname, 'golden', `analysts-${name}.sql`);
  const options = { tenants: ['acme', 'globex'], serviceUser: 'millrace' };
  const text = analystStatements(sourceFiles(), target, options).join(';\n');
  if (process.env['UPDATE_GOLDEN'] || !existsSync(path)) writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, 'utf8'));
});

it('finds what has a tenant, and nothing else', () => {
  const { tables, views } = readable(sourceFiles());
  expect(tables).toEqual(expect.arrayContaining(['readings_raw', 'readings_1h_state', 'alarm_events', 'outbox_gaps']));
  expect(views).toEqual(expect.arrayContaining(['readings', 'readings_1d', 'devices', 'sites', 'metrics']));
  for (const secret of [
    'ingest_ledger',
    'dead_letters_state',
    'dead_letters',
    'schema_migrations',
    'audit',
    'audit_events',
  ])
    expect([...tables, ...views]).not.toContain(secret);
});

it('refuses names that are none', () => {
  const of = (tenants: string[], serviceUser = 'millrace') => analystStatements([], SINGLE, { tenants, serviceUser });
  expect(() => of(["a'; DROP"])).toThrow(/is no tenant/);
  expect(() => of(['a'], 'b`')).toThrow(/is no user/);
});
