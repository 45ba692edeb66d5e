import { bodyOf, typedClient } from '../api-client';
import { type MillraceClient } from '../../client';
import { apiEndpoint, type Context } from '../context';
import { CliError, EXIT } from '../errors';
import { json, table } from '../io';

export interface Json {
  readonly json?: boolean;
}

export interface ClaimOptions extends Json {
  readonly minutes?: string;
}

export interface RevokeOptions extends Json {
  readonly reason?: string;
}

const api = (context: Context): MillraceClient => typedClient(apiEndpoint(context));

function named(kind: string, id: string): { path: { kind: 'agent' | 'device'; id: string } } {
  if (kind === 'agent' || kind === 'device') return { path: { kind, id } };
  const hint = 'such as: identity claim agent edge-1';
  throw new CliError('usage', 'identity', `${kind} is neither agent nor device`, hint);
}

/** The code alone on stdout, so that it can go into a file. */
export async function claim(context: Context, kind: string, id: string, options: ClaimOptions): Promise<number> {
  const minutes = Number(options.minutes);
  if (options.minutes !== undefined && !(Number.isInteger(minutes) && minutes > 0))
    throw new CliError('usage', 'identity', `--minutes ${options.minutes} is no count`, 'give a whole number');
  const body = options.minutes === undefined ? {} : { minutes };
  const made = await bodyOf(api(context).POST('/identities/{kind}/{id}/claim', { params: named(kind, id), body }));
  const { io } = context;
  if (options.json) io.out(json(made));
  else {
    io.out(`${made.claim}\n`);
    io.err(
      `for ${kind} ${id}, once, until ${made.expires_at}: millrace agent enroll --api ADDRESS --data DIR --claim CODE\n`,
    );
  }
  return EXIT.ok;
}

export async function list(context: Context, options: Json): Promise<number> {
  const { items } = await bodyOf(api(context).GET('/identities'));
  if (options.json) context.io.out(json(items));
  else {
    const rows = items.map((i) => [i.kind, i.id, i.status, i.expires_at, i.serial]);
    context.io.out(table(['KIND', 'ID', 'STATUS', 'UNTIL', 'SERIAL'], rows));
  }
  return EXIT.ok;
}

export async function revoke(context: Context, kind: string, id: string, options: RevokeOptions): Promise<number> {
  const body = options.reason === undefined ? {} : { reason: options.reason };
  const revoked = await bodyOf(api(context).POST('/identities/{kind}/{id}/revoke', { params: named(kind, id), body }));
  if (options.json) context.io.out(json(revoked));
  else context.io.err(`${kind} ${id} is ${revoked.status}\n`);
  return EXIT.ok;
}
