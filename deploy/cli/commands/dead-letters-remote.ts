/** Dead letters of a platform elsewhere: over its API, which decides who may see and send back what. */
import { ApiClient, ApiRefusal } from '../api-client';
import { apiEndpoint, type Context } from '../context';
import { CliError, EXIT } from '../errors';
import { json } from '../io';
import { type DeadLetter, type Filter, type Letters, sinceOf } from './dead-letters';

/** The API gives so many at once. */
const MAX_AT_ONCE = 1_000;

type Named<T> = Omit<T, 'source_offset'> & { readonly message: string; readonly source_offset: string | number };

/** Lists are without bytes: the API gives them one by one. */
export function remoteLetters(context: Context): Letters {
  const client = new ApiClient(apiEndpoint(context));
  const at = (message: string): string => `/dead-letters/${encodeURIComponent(message)}`;
  return {
    find: async (filter, limit) => {
      if (limit > MAX_AT_ONCE)
        throw new CliError('usage', 'dead-letters', `--limit ${limit}`, `over the API at most ${MAX_AT_ONCE}`);
      const { items } = await client.get<{ items: readonly Named<DeadLetter>[] }>(
        `/dead-letters?${queryOf(filter, limit)}`,
      );
      const since = sinceOf(filter.since, Date.now());
      return items.map(withoutName).filter((l) => since === undefined || Date.parse(l.at) >= since);
    },
    one: async (message) => {
      const found = await client.find<Named<DeadLetter> & { decoded?: unknown }>(at(message));
      if (!found) return undefined;
      const { decoded: _, ...letter } = found;
      return withoutName(letter);
    },
    sendBack: async (messages, asJson) => {
      const [sent, already]: [string[], string[]] = [[], []];
      const refused: string[] = [];
      for (const message of messages)
        try {
          const answer = await client.post<{ sent: readonly string[]; already: readonly string[] }>(
            `${at(message)}/replay`,
          );
          sent.push(...answer.sent);
          already.push(...answer.already);
        } catch (error) {
          if (!(error instanceof ApiRefusal) || error.status !== 409) throw error;
          refused.push(message);
          context.io.err(`${message}: ${error.message}\n`);
        }
      if (asJson) context.io.out(json({ sent, already }));
      else {
        for (const message of already) context.io.err(`${message} was sent back before: left out\n`);
        context.io.err(`sent back ${sent.length}\n`);
      }
      return refused.length === 0 ? EXIT.ok : EXIT.failed;
    },
  };
}

function queryOf({ topic, code }: Filter, limit: number): string {
  return new URLSearchParams({
    limit: String(limit),
    ...(topic !== undefined && { topic }),
    ...(code !== undefined && { code }),
  }).toString();
}

/** The name is made anew from its parts, which the rest of the verb goes by. */
function withoutName({ message: _, source_offset, ...letter }: Named<DeadLetter>): DeadLetter {
  return { ...letter, source_offset: String(source_offset) };
}
