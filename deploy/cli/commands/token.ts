import { bodyOf, typedClient } from '../api-client';
import { type MillraceClient } from '../../client';
import { apiEndpoint, type Context } from '../context';
import { CliError, EXIT } from '../errors';
import { json, table } from '../io';

export interface Json {
  readonly json?: boolean;
}

export interface CreateOptions extends Json {
  readonly role: readonly string[];
  readonly days?: string;
}

export interface IssueOptions extends Json {
  readonly role: readonly string[];
  readonly minutes?: string;
}

const api = (context: Context): MillraceClient => typedClient(apiEndpoint(context));

/** The key alone on stdout, so that it can go into a file; what else there is to know on stderr. */
export async function create(context: Context, name: string, options: CreateOptions): Promise<number> {
  const body = { name, roles: [...options.role], ...numberOf('days', options.days) };
  const key = await bodyOf(api(context).POST('/api-keys', { body }));
  const { io } = context;
  if (options.json) io.out(json(key));
  else {
    io.out(`${key.key}\n`);
    io.err(
      `API key ${key.key_id} of ${key.name} (${key.roles.join(', ')}), until ${key.expires_at}. It is not shown again.\n`,
    );
  }
  return EXIT.ok;
}

export async function list(context: Context, options: Json): Promise<number> {
  const { items } = await bodyOf(api(context).GET('/api-keys'));
  if (options.json) context.io.out(json(items));
  else {
    const rows = items.map((k) => [k.key_id, k.name, k.roles.join(' '), k.status, k.expires_at, k.created_by]);
    context.io.out(table(['ID', 'NAME', 'ROLES', 'STATUS', 'EXPIRES', 'MADE BY'], rows));
  }
  return EXIT.ok;
}

export async function revoke(context: Context, id: string, options: Json): Promise<number> {
  const key = await bodyOf(api(context).POST('/api-keys/{id}/revoke', { params: { path: { id } } }));
  if (options.json) context.io.out(json(key));
  else context.io.err(`API key ${key.key_id} of ${key.name} is ${key.status}\n`);
  return EXIT.ok;
}

export async function issue(context: Context, subject: string, options: IssueOptions): Promise<number> {
  const body = { subject, roles: [...options.role], ...numberOf('minutes', options.minutes) };
  const issued = await bodyOf(api(context).POST('/tokens', { body }));
  if (options.json) context.io.out(json(issued));
  else {
    context.io.out(`${issued.token}\n`);
    context.io.err(`until ${issued.expires_at}\n`);
  }
  return EXIT.ok;
}

function numberOf(name: string, text: string | undefined): Record<string, number> {
  if (text === undefined) return {};
  const n = Number(text);
  if (Number.isInteger(n) && n > 0) return { [name]: n };
  throw new CliError('usage', 'token', `--${name} ${text} is no count`, 'give a whole number');
}
