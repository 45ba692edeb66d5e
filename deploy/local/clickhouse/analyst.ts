/**
 * What an analyst may ask: reads only, rows of one tenant only. The engine itself enforces both, by readonly=1 and by a
 * filter on every table; what could get round the filter (settings inside the query, table and dictionary functions that
 * read past it) is refused here first.
 */
import { FOR_ADMINS } from '../../clickhouse/analysts';
import { type Engine } from './engine';
import { FrontError } from './errors';
import { tokens } from './lexer';
import { quote, type Statement } from './statement';
import { type User } from './users';

/** Table functions that read no table. */
const HARMLESS = new Set([
  'numbers',
  'numbers_mt',
  'zeros',
  'zeros_mt',
  'generateseries',
  'generate_series',
  'values',
  'view',
  'format',
  'null',
  'viewexplain',
  'viewifpermitted',
]);
/** Functions that read a table, a dictionary or a file by its name. */
const READERS = /^(dict[a-z]*|joinget[a-z]*|file|hasjoin.*|catboostevaluate|getserversetting|getmergetreesetting)$/i;
/** System tables that describe the language and the schema; the others tell of data or of other people's queries. */
const OPEN_SYSTEM = new Set([
  'one',
  'numbers',
  'numbers_mt',
  'zeros',
  'databases',
  'tables',
  'columns',
  'functions',
  'formats',
  'settings',
  'keywords',
  'data_type_families',
  'table_engines',
  'aggregate_function_combinators',
  'collations',
  'time_zones',
  'build_options',
  'contributors',
  'licenses',
]);
const SETTINGS_ALLOWED =
  /^(output_format_.*|date_time_output_format|max_execution_time|max_result_rows|max_result_bytes|result_overflow_mode|max_rows_to_read|max_bytes_to_read|read_overflow_mode|max_threads|max_block_size|extremes|join_use_nulls|limit|offset|final|session_timezone|max_memory_usage)$/;

export class AnalystRules {
  private tableFunctions: ReadonlySet<string> | undefined;
  private readonly filters = new Map<string, string>();

  constructor(private readonly engine: Pick<Engine, 'ask'>) {}

  /** Tables may have come or gone. */
  forget(): void {
    this.filters.clear();
  }

  /** Settings under which the statement runs. Throws FrontError for what an analyst may not ask. */
  async admit(user: User, statement: Statement, settings: ReadonlyMap<string, string>): Promise<Map<string, string>> {
    if (statement.kind !== 'output') throw readonly(user, 'it may only read');
    await this.check(user, statement.sql);
    for (const name of settings.keys())
      if (!SETTINGS_ALLOWED.test(name)) throw readonly(user, `it may not set ${name}`);
    const own = new Map(settings);
    if (user.tenant !== undefined) own.set('additional_table_filters', await this.filterFor(user.tenant));
    return own.set('readonly', '1');
  }

  private async check(user: User, sql: string): Promise<void> {
    this.tableFunctions ??= new Set(
      (await this.engine.ask('SELECT lower(name) FROM system.table_functions')).split('\n'),
    );
    const list = [...tokens(sql)];
    list.forEach((token, i) => {
      const name = token.text.replace(/^[`"]|[`"]$/g, '').toLowerCase();
      const called = list[i + 1]?.text === '(';
      if (token.kind === 'word' && name === 'settings') throw readonly(user, 'its queries may not carry SETTINGS');
      if (!called || (token.kind !== 'word' && token.kind !== 'quoted')) return;
      if (READERS.test(name) || (this.tableFunctions?.has(name) && !HARMLESS.has(name)))
        throw readonly(user, `it may not call ${name}`);
    });
  }

  /** Every table with a tenant column shows that tenant's rows; the audit log, and every other table of data, shows none. */
  private async filterFor(tenant: string): Promise<string> {
    const known = this.filters.get(tenant);
    if (known !== undefined) return known;
    const rows = await this.engine.ask(
      `SELECT t.database, t.name, countIf(c.name = 'tenant') FROM system.tables AS t
       LEFT JOIN system.columns AS c ON c.database = t.database AND c.table = t.name
       WHERE t.engine NOT IN ('View', 'MaterializedView') GROUP BY t.database, t.name`,
    );
    const entries = rows.split('\n').flatMap((row) => {
      const [database = '', table = '', hasTenant = '0'] = row.split('\t');
      if (/^(system|information_schema)$/i.test(database) && (OPEN_SYSTEM.has(table) || database !== 'system'))
        return [];
      const condition = hasTenant === '0' || FOR_ADMINS.has(table) ? '0' : `tenant = ${quote(tenant)}`;
      return [`${quote(`${database}.${table}`)}:${quote(condition)}`];
    });
    const filter = `{${entries.join(',')}}`;
    this.filters.set(tenant, filter);
    return filter;
  }
}

const readonly = (user: User, why: string): FrontError =>
  new FrontError('READONLY', `${user.name}: Cannot execute query in readonly mode: ${why}`);
