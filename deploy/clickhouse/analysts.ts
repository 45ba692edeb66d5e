/**
 * Read-only roles for people, one per tenant, on a server that manages access itself. Pure. Views run with the rights of
 * who asks, so a role may read the tables below them too, and row policies confine it there; on every node.
 * The embedded engine has no roles: its front does the same (deploy/local/clickhouse/analyst.ts).
 */
import { MigrationError, type SourceFile, type Target } from './render';

const TENANT = /^[a-z0-9][a-z0-9-]{0,62}$/;
const USER = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** Bounds of one query; a role cannot change them. */
const LIMITS =
  'readonly = 1 CONST, max_execution_time = 60 CONST, max_memory_usage = 4000000000 CONST, max_threads = 4 CONST';
/** Bounds of one person. */
const QUOTA =
  'INTERVAL 1 minute MAX queries = 600, errors = 300, FOR INTERVAL 1 hour MAX execution_time = 1200, read_rows = 100000000000';
/** Has a tenant, and is for its admins alone: they read it over the API. */
export const FOR_ADMINS: ReadonlySet<string> = new Set(['audit_events', 'audit']);
/** Read by views through dictGet. They hold units, paths and sites of all tenants, by device and metric. */
const DICTIONARIES = ['points_by_metric', 'sites_by_device'];

export interface AnalystOptions {
  readonly tenants: readonly string[];
  /** User of the services, who goes on to see everything. */
  readonly serviceUser: string;
}

/** What people may read: tables and views of the numbered files that have a tenant. */
export function readable(files: readonly SourceFile[]): { readonly tables: string[]; readonly views: string[] } {
  const text = [...files].sort((a, b) => (a.name < b.name ? -1 : 1)).map((f) => f.text);
  const named = (pattern: RegExp): string[] =>
    text
      .flatMap((t) => [...t.matchAll(pattern)])
      .flatMap(([, name = '', columns = '']) => (/^ {4}tenant /m.test(columns) && !FOR_ADMINS.has(name) ? [name] : []));
  return {
    tables: named(/CREATE TABLE IF NOT EXISTS \{\{local (\w+)\}\}[^\n]*\n\(\n([\s\S]*?)\n\)\n/g),
    views: named(/CREATE OR REPLACE VIEW \{\{database\}\}\.(\w+)[^\n]*\n\(\n([\s\S]*?)\n\)\nAS /g),
  };
}

/** Throws MigrationError `bad-file` for a name that is none. */
export function analystStatements(files: readonly SourceFile[], target: Target, options: AnalystOptions): string[] {
  const { tenants, serviceUser } = options;
  for (const tenant of tenants) if (!TENANT.test(tenant)) throw bad(`${tenant} is no tenant`, TENANT);
  if (!USER.test(serviceUser)) throw bad(`${serviceUser} is no user`, USER);
  const { database } = target;
  const on = target.kind === 'cluster' ? ` ON CLUSTER '${target.cluster}'` : '';
  const { tables, views } = readable(files);
  const stored = tables
    .flatMap((t) => (target.kind === 'cluster' ? [t, `${t}_local`] : [t]))
    .map((t) => `${database}.${t}`);
  const services = `CREATE ROW POLICY OR REPLACE millrace_services${on} ON ${stored.join(', ')} FOR SELECT USING 1 TO ${quoted(serviceUser)}`;
  return [services, ...tenants.flatMap((tenant) => forTenant(tenant))];

  function forTenant(tenant: string): string[] {
    const role = quoted(`millrace_analyst_${tenant}`);
    const granted = [...views.map((v) => `${database}.${v}`), ...stored];
    return [
      `CREATE ROLE IF NOT EXISTS ${role}${on}`,
      `CREATE SETTINGS PROFILE OR REPLACE ${role}${on} SETTINGS ${LIMITS} TO ${role}`,
      `CREATE QUOTA OR REPLACE ${role}${on} KEYED BY user_name FOR ${QUOTA} TO ${role}`,
      `CREATE ROW POLICY OR REPLACE ${role}${on} ON ${stored.join(', ')} FOR SELECT USING tenant = '${tenant}' TO ${role}`,
      ...granted.map((name) => `GRANT${on} SELECT ON ${name} TO ${role}`),
      ...DICTIONARIES.map((name) => `GRANT${on} dictGet ON ${database}.${name} TO ${role}`),
    ];
  }
}

const quoted = (name: string): string => `\`${name}\``;

const bad = (what: string, expected: RegExp): MigrationError =>
  new MigrationError('bad-file', 'analysts', what, `expected ${expected.source}`);
