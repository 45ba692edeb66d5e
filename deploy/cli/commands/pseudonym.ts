import { bodyOf, typedClient } from '../api-client';
import { type MillraceClient } from '../../client';
import { apiEndpoint, type Context } from '../context';
import { CliError, EXIT } from '../errors';
import { json } from '../io';

export interface Json {
  readonly json?: boolean;
}

const api = (context: Context): MillraceClient => typedClient(apiEndpoint(context));

/** The pseudonym alone on stdout. */
export async function find(context: Context, name: string, options: Json): Promise<number> {
  const found = await bodyOf(api(context).POST('/pseudonyms:find', { body: { device_id: name } }));
  if (options.json) context.io.out(json(found));
  else {
    context.io.out(`${found.device_id}\n`);
    if (!found.registered) context.io.err('no device is registered under it\n');
  }
  return EXIT.ok;
}

export async function erase(context: Context, options: Json & { confirm?: boolean }): Promise<number> {
  if (options.confirm !== true)
    throw new CliError(
      'usage',
      'pseudonym erase',
      'nobody can tell afterwards which device is which, not even you',
      'say --confirm when that is what you want',
    );
  const { erased } = await bodyOf(api(context).DELETE('/pseudonyms'));
  if (options.json) context.io.out(json({ erased }));
  else context.io.err(erased ? 'erased; copies in backups are yours to erase\n' : 'there was no key\n');
  return EXIT.ok;
}
