import { type Context, lastRun, readSecret } from '../context';
import { EXIT } from '../errors';

/** For `eval "$(millrace env)"`: addresses and secrets of the instance as shell exports. */
export async function env(context: Context, options: { json?: boolean }): Promise<number> {
  const { facts } = lastRun(context);
  const { MILLRACE_API_TOKEN_FILE: token, CLICKHOUSE_PASSWORD_FILE: password, ...rest } = facts;
  const values: Record<string, string> = {
    ...rest,
    ...(token && { MILLRACE_API_TOKEN: readSecret(token) }),
    ...(password && { CLICKHOUSE_PASSWORD: readSecret(password) }),
  };
  const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  const lines = Object.entries(values).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  context.io.out(options.json ? `${JSON.stringify(values, undefined, 2)}\n` : lines.join(''));
  return Promise.resolve(EXIT.ok);
}
