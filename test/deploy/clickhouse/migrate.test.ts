import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourceFiles } from '../../../deploy/clickhouse/files';
import { type Applied, isRepeatable, migrate, plan } from '../../../deploy/clickhouse/migrate';
import { type Migration, render, type SourceFile, type Target } from '../../../deploy/clickhouse/render';
import { typeOf } from '../../../schemas/codec';
import { type EventName } from '../../../schemas/topics';

const SINGLE: Target = { kind: 'single', database: 'millrace' };
const CLUSTER: Target = {
  kind: 'cluster',
  database: 'millrace',
  cluster: '{cluster}',
  namedCollection: 'millrace_dictionaries',
};

const file = (n: number, text: string): SourceFile => ({ name: `00${n}-x.sql`, text });
const show = (list: readonly Migration[]): string =>
  list.map((m) => `-- ${m.name}\n${m.statements.map((s) => `${s};\n`).join('\n')}`).join('\n');

describe('render', () => {
  it.each([
    ['single', SINGLE],
    ['cluster', CLUSTER],
  ] as const)('the shipped files for %s (UPDATE_GOLDEN=1 writes them)', (name, target) => {
    const path = join(__dirname, 'golden', `${name}.sql`);
    const text = show(render(sourceFiles(), target));
    if (process.env['UPDATE_GOLDEN'] || !existsSync(path)) writeFileSync(path, text);
    expect(text).toBe(readFileSync(path, 'utf8'));
  });

  it('fills every mark', () => {
    const text = `
CREATE TABLE {{local t}} {{on_cluster}} (a Int8)
ENGINE = {{engine ReplacingMergeTree(a)}} SETTINGS {{durable}};

{{distributed t}};
`;
    const [single] = render([file(1, text)], SINGLE);
    expect(single?.statements).toHaveLength(1);
    expect(single?.statements[0]).toMatch(
      /^CREATE TABLE millrace\.t \(a Int8\)\nENGINE = ReplacingMergeTree\(a\) SETTINGS non_/,
    );
    const [cluster] = render([file(1, text)], CLUSTER);
    expect(cluster?.statements[0]).toContain("millrace.t_local ON CLUSTER '{cluster}'");
    expect(cluster?.statements[0]).toContain(
      "ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', a)",
    );
    expect(cluster?.statements[1]).toContain("Distributed('{cluster}', 'millrace', 't_local')");
    expect(single?.checksum).toBe(cluster?.checksum);
  });

  it('refuses gaps, strange marks and strange databases', () => {
    expect(() => render([file(2, '')], SINGLE)).toThrow(/expected a file numbered 001/);
    expect(() => render([file(1, 'SELECT {{nonsense}};')], SINGLE)).toThrow(/unknown mark/);
    expect(() => render([], { kind: 'single', database: 'a; DROP' })).toThrow(/no name of a database/);
  });
});

describe('plan', () => {
  const migrations = render([file(1, 'CREATE TABLE a;'), file(2, 'CREATE OR REPLACE VIEW b;')], SINGLE);
  const applied = (n: number, checksum?: string): Applied => {
    const m = migrations[n - 1] as Migration;
    return { version: m.version, name: m.name, checksum: checksum ?? m.checksum };
  };

  it('takes what is missing, in order', () => {
    expect(plan(migrations, []).map((m) => m.version)).toEqual([1, 2]);
    expect(plan(migrations, [applied(1)]).map((m) => m.version)).toEqual([2]);
    expect(plan(migrations, [applied(1), applied(2)])).toEqual([]);
  });

  it('refuses changed history', () => {
    expect(() => plan(migrations, [applied(1, 'other')])).toThrow(expect.objectContaining({ code: 'changed-history' }));
  });

  it('applies changed views again', () => {
    expect(plan(migrations, [applied(1), applied(2, 'other')]).map((m) => m.version)).toEqual([2]);
    expect(migrations.map(isRepeatable)).toEqual([false, true]);
  });

  it('refuses a database that is newer than the files', () => {
    const future = { version: 3, name: '003-x.sql', checksum: '' };
    expect(() => plan(migrations, [future])).toThrow(expect.objectContaining({ code: 'newer-database' }));
  });
});

describe('migrate', () => {
  it('records a file only after all its statements, so that a crash repeats it', async () => {
    const ran: string[] = [];
    const execute = async (sql: string): Promise<string> => {
      if (sql === 'BAD') throw new Error('no');
      ran.push(sql);
      return '';
    };
    const migrations = render([file(1, 'GOOD;\nBAD;')], SINGLE);
    await expect(migrate(execute, migrations, SINGLE)).rejects.toMatchObject({
      code: 'refused',
      operation: '001-x.sql',
    });
    expect(ran).toContain('GOOD');
    expect(ran.some((sql) => sql.startsWith('INSERT INTO millrace.schema_migrations'))).toBe(false);
  });
});

/** The engine decodes the stream's bytes straight into the landing tables, so their columns must be the record's fields. */
describe('landing tables', () => {
  const LANDINGS: Record<string, EventName> = {
    in_telemetry: 'telemetry-frame',
    in_lifecycle: 'device-event',
    in_devices: 'device-state',
    in_command_events: 'command-event',
    in_sessions: 'session-event',
    in_presence: 'presence',
    in_alarms: 'alarm',
    in_campaigns: 'campaign-event',
    in_points: 'point',
    in_outbox_gaps: 'outbox-gap',
    in_dead_letters: 'dead-letter',
    in_audit: 'audit-event',
  };
  /** Fields that only the registry itself reads, and those that SQL has as facts in device_lifecycle (decision 0412). */
  const LEFT_OUT = new Set([
    ...['recent_requests', 'earlier_state', 'parent_id', 'serial', 'replacements'],
    ...['desired', 'desired_version', 'reported', 'reported_version'],
  ]);
  const sql = show(render(sourceFiles(), SINGLE));

  it.each(Object.entries(LANDINGS))('%s has the fields of %s', (table, event) => {
    const body =
      new RegExp(`CREATE TABLE IF NOT EXISTS millrace\\.${table}\\s*\\(([\\s\\S]*?)\\n\\)\\nENGINE = Null`).exec(
        sql,
      )?.[1] ?? '';
    const added = [
      ...sql.matchAll(new RegExp(`ALTER TABLE millrace\\.${table}\\s+ADD COLUMN IF NOT EXISTS (\\w+) `, 'g')),
    ];
    const columns = [...body.matchAll(/^ {4}(?!CONSTRAINT)(\w+) /gm), ...added].map((m) => m[1]);
    const fields = (typeOf(event) as unknown as { fields: { name: string }[] }).fields.map((f) => f.name);
    expect(columns).toEqual(fields.filter((f) => !LEFT_OUT.has(f)));
  });
});

it('gives every column of every view a comment', () => {
  const views = sourceFiles().filter((f) => f.name.includes('views'));
  for (const { text } of views)
    for (const [, columns = ''] of text.matchAll(/VIEW [^\n]+\n\(\n([\s\S]*?)\n\)\nAS /g))
      for (const column of columns.split('\n')) expect(column).toMatch(/ COMMENT '[^']+',?$/);
});
