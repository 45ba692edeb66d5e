import { ApiClient } from '../api-client';
import { apiEndpoint, type Context } from '../context';
import { CliError, EXIT } from '../errors';
import { json, table } from '../io';

interface Identity {
  readonly kind: string;
  readonly id: string;
  readonly status: string;
  readonly serial?: string;
  readonly expires_at?: string;
}

export interface Json {
  readonly json?: boolean;
}

export interface ClaimOptions extends Json {
  readonly minutes?: string;
}

export interface RevokeOptions extends Json {
  readonly reason?: string;
}

const api = (context: Context): ApiClient => new ApiClient(apiEndpoint(context));

function at(kind: string, id: string): string {
  if (kind !== 'agent' && kind !== 'device')
    throw new CliError(
      'usage',
      'identity',
      `${kind} is neither agent nor device`,
      'such as: identity claim agent edge-1',
    );
  return `/identities/${kind}/${encodeURIComponent(id)}`;
}

/** The code alone on stdout, so that it can go into a file. */
export async function claim(context: Context, kind: string, id: string, options: ClaimOptions): Promise<number> {
  const minutes = Number(options.minutes);
  if (options.minutes !== undefined && !(Number.isInteger(minutes) && minutes > 0))
    throw new CliError('usage', 'identity', `--minutes ${options.minutes} is no count`, 'give a whole number');
  const body = options.minutes === undefined ? {} : { minutes };
  const made = await api(context).post<{ claim: string; expires_at: string }>(`${at(kind, id)}/claim`, body);
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
  const { items } = await api(context).get<{ items: readonly Identity[] }>('/identities');
  if (options.json) context.io.out(json(items));
  else {
    const rows = items.map((i) => [i.kind, i.id, i.status, i.expires_at, i.serial]);
    context.io.out(table(['KIND', 'ID', 'STATUS', 'UNTIL', 'SERIAL'], rows));
  }
  return EXIT.ok;
}

export async function revoke(context: Context, kind: string, id: string, options: RevokeOptions): Promise<number> {
  const body = options.reason === undefined ? {} : { reason: options.reason };
  const revoked = await api(context).post<Identity>(`${at(kind, id)}/revoke`, body);
  if (options.json) context.io.out(json(revoked));
  else context.io.err(`${kind} ${id} is ${revoked.status}\n`);
  return EXIT.ok;
}
