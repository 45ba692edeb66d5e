/** Statements over ClickHouse's HTTP interface. */
import { MigrationError } from './render';

export interface Login {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

const STATEMENT_TIMEOUT_MS = 300_000;

/** Gives a function that runs one statement. It throws MigrationError `unreachable`, or Error with the server's words. */
export function over({ url, user, password }: Login): (sql: string) => Promise<string> {
  return async (sql) => {
    let answer: Response;
    try {
      answer = await fetch(`${url.replace(/\/$/, '')}/?wait_end_of_query=1`, {
        method: 'POST',
        headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password },
        body: sql,
        signal: AbortSignal.timeout(STATEMENT_TIMEOUT_MS),
      });
    } catch (cause) {
      const hint = 'is it running, and is CLICKHOUSE_URL right?';
      throw new MigrationError('unreachable', 'migrate', `ClickHouse at ${url} does not answer`, hint, { cause });
    }
    const text = await answer.text();
    if (!answer.ok) throw new Error(text.trim() || `HTTP ${answer.status}`);
    return text;
  };
}
