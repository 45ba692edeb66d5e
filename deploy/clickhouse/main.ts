/**
 * Applies deploy/clickhouse to a server, or prints it.
 *
 *   node dist/deploy/clickhouse/main.js             CLICKHOUSE_URL CLICKHOUSE_USER CLICKHOUSE_PASSWORD(_FILE) CLICKHOUSE_DATABASE
 *   node dist/deploy/clickhouse/main.js --print     the SQL instead, to standard output
 *   node dist/deploy/clickhouse/main.js --analysts acme,globex [--print]     roles that read one tenant each, after the tables
 *
 * CLICKHOUSE_CLUSTER: render for that replicated cluster; CLICKHOUSE_NAMED_COLLECTION (millrace_dictionaries).
 */
import { parseArgs } from 'node:util';
import { analystStatements } from './analysts';
import { sourceFiles } from './files';
import { type Env, loginOf, targetOf, userOf } from './from-env';
import { over } from './http';
import { migrate } from './migrate';
import { type MigrationError, render } from './render';

async function main(env: Env, args: readonly string[]): Promise<void> {
  const target = targetOf(env);
  const { values } = parseArgs({
    args: [...args],
    options: { print: { type: 'boolean' }, analysts: { type: 'string' } },
  });
  const migrations = render(sourceFiles(), target);
  const serviceUser = userOf(env);
  const tenants = values.analysts?.split(',') ?? [];
  const roles = tenants.length > 0 ? analystStatements(sourceFiles(), target, { tenants, serviceUser }) : [];
  if (values.print) {
    for (const { name, statements } of tenants.length > 0 ? [{ name: 'analysts', statements: roles }] : migrations)
      process.stdout.write(`-- ${name}\n${statements.map((s) => `${s};\n`).join('\n')}\n`);
    return;
  }
  const execute = over(loginOf(env));
  const outcome = await migrate(execute, migrations, target);
  for (const statement of roles) await execute(statement);
  process.stdout.write(`${JSON.stringify({ database: target.database, ...outcome })}\n`);
}

main(process.env, process.argv.slice(2)).catch((error: unknown) => {
  const { message, code, hint } = error as Partial<MigrationError>;
  process.stderr.write(`${JSON.stringify({ level: 'error', code, message: message ?? String(error), hint })}\n`);
  process.exitCode = 1;
});
