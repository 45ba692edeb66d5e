import { ApiClient } from '../api-client';
import { apiEndpoint, type Context } from '../context';
import { EXIT } from '../errors';
import { json, table } from '../io';

interface Webhook {
  readonly webhook_id: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly created_at: string;
  readonly created_by: string;
  readonly secret?: string;
}

export interface Json {
  readonly json?: boolean;
}

export interface AddOptions extends Json {
  readonly on: readonly string[];
}

const api = (context: Context): ApiClient => new ApiClient(apiEndpoint(context));

/** The secret alone on stdout, so that it can go into a file; what else there is to know on stderr. */
export async function add(context: Context, url: string, options: AddOptions): Promise<number> {
  const webhook = await api(context).post<Webhook>('/webhooks', { url, events: options.on });
  const { io } = context;
  if (options.json) io.out(json(webhook));
  else {
    io.out(`${webhook.secret}\n`);
    io.err(
      `webhook ${webhook.webhook_id} posts ${webhook.events.join(', ')} from now on; its secret is not shown again\n`,
    );
  }
  return EXIT.ok;
}

export async function list(context: Context, options: Json): Promise<number> {
  const { items } = await api(context).get<{ items: readonly Webhook[] }>('/webhooks');
  if (options.json) context.io.out(json(items));
  else {
    const rows = items.map((w) => [w.webhook_id, w.events.join(' '), w.url, w.created_at, w.created_by]);
    context.io.out(table(['ID', 'EVENTS', 'ADDRESS', 'SINCE', 'MADE BY'], rows));
  }
  return EXIT.ok;
}

export async function remove(context: Context, id: string): Promise<number> {
  await api(context).remove(`/webhooks/${encodeURIComponent(id)}`);
  context.io.err(`webhook ${id} posts nothing more\n`);
  return EXIT.ok;
}
