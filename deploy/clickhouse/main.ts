/**
 * Applies deploy/clickhouse to a server, or prints it.
 *
 *   node dist/deploy/clickhouse/main.js             CLICKHOUSE_URL CLICKHOUSE_USER CLICKHOUSE_PASSWORD(_FILE) CLICKHOUSE_DATABASE
 *   node dist/deploy/clickhouse/main.js --print     the SQL instead, to standard output
 *   node dist/deploy/clickhouse/main.js --analysts acme,globex [--print]     roles that read one tenant each, after the tables
 *
 * CLICKHOUSE_CLUSTER: render for that replicated cluster; CLICKHOUSE_NAMED_COLLECTION (millrace_dictionaries).
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { analystStatements } from './analysts';
import { sourceFiles } from './files';
import { over } from './http';
import { migrate } from './migrate';
import { MigrationError, render, type Target } from './render';

type Env = Readonly<Record<string, string | undefined>>;

function targetFrom(env: Env): Target {
  const database = env['CLICKHOUSE_DATABASE'] ?? 'millrace';
  const cluster = env['CLICKHOUSE_CLUSTER'];
  if (!cluster) return { kind: 'single', database };
  return {
    kind: 'cluster',
    database,
    cluster,
    namedCollection: env['CLICKHOUSE_NAMED_COLLECTION'] ?? 'millrace_dictionaries',
  };
}

async function main(env: Env, args: readonly string[]): Promise<void> {
  const target = targetFrom(env);
  const { values } = parseArgs({
    args: [...args],
    options: { print: { type: 'boolean' }, analysts: { type: 'string' } },
  });
  const migrations = render(sourceFiles(), target);
  const serviceUser = env['CLICKHOUSE_USER'] ?? 'millrace';
  const tenants = values.analysts?.split(',') ?? [];
  const roles = tenants.length > 0 ? analystStatements(sourceFiles(), target, { tenants, serviceUser }) : [];
  if (values.print) {
    for (const { name, statements } of tenants.length > 0 ? [{ name: 'analysts', statements: roles }] : migrations)
      process.stdout.write(`-- ${name}\n${statements.map((s) => `${s};\n`).join('\n')}\n`);
    return;
  }
  const url = env['CLICKHOUSE_URL'];
  if (!url)
    throw new MigrationError(
      'unreachable',
      'migrate',
      'CLICKHOUSE_URL is not set',
      'give the HTTP address of ClickHouse',
    );
  const file = env['CLICKHOUSE_PASSWORD_FILE'];
  const password = file ? readFileSync(file, 'utf8').trim() : (env['CLICKHOUSE_PASSWORD'] ?? '');
  const execute = over({ url, user: serviceUser, password });
  const outcome = await migrate(execute, migrations, target);
  for (const statement of roles) await execute(statement);
  process.stdout.write(`${JSON.stringify({ database: target.database, ...outcome })}\n`);
}

main(process.env, process.argv.slice(2)).catch((error: unknown) => {
  const { message, code, hint } = error as Partial<MigrationError>;
  process.stderr.write(`${JSON.stringify({ level: 'error', code, message: message ?? String(error), hint })}\n`);
  process.exitCode = 1;
});
