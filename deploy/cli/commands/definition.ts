/** Device models and groups: what is defined once for many devices. */
import { ApiClient } from '../api-client';
import { apiEndpoint, type Context } from '../context';
import { documentOf } from '../document';
import { EXIT } from '../errors';
import { json, table } from '../io';
import { type Device, type Json, labelsOf } from './device';
import { textOf } from './profile';

export type Collection = 'models' | 'groups';

interface Definition {
  readonly name: string;
  readonly version: number;
  readonly description?: string;
  readonly changed_at: string;
  readonly changed_by: string;
  readonly points?: readonly unknown[];
  readonly commands?: readonly { readonly name: string }[];
  readonly filter?: Readonly<Record<string, unknown>>;
}

const api = (context: Context): ApiClient => new ApiClient(apiEndpoint(context));
const at = (collection: Collection, name: string): string => `/${collection}/${encodeURIComponent(name)}`;

export async function list(context: Context, collection: Collection, options: Json): Promise<number> {
  const { items } = await api(context).get<{ items: readonly Definition[] }>(`/${collection}`);
  const { io } = context;
  if (options.json) io.out(json(items));
  else {
    const what = (d: Definition): string =>
      d.filter ? JSON.stringify(d.filter) : (d.commands ?? []).map((c) => c.name).join(', ');
    const rows = items.map((d) => [d.name, d.version, what(d), d.changed_at, d.changed_by]);
    const third = collection === 'groups' ? 'FILTER' : 'COMMANDS';
    io.out(table(['NAME', 'VERSION', third, 'CHANGED', 'BY'], rows));
  }
  return EXIT.ok;
}

export async function show(context: Context, collection: Collection, name: string): Promise<number> {
  context.io.out(json(await api(context).get<Definition>(at(collection, name))));
  return EXIT.ok;
}

export async function remove(context: Context, collection: Collection, name: string): Promise<number> {
  await api(context).write('DELETE', at(collection, name));
  context.io.out(`${name} is deleted\n`);
  return EXIT.ok;
}

export interface PutOptions {
  /** Refuse when there is one already. */
  readonly new?: boolean;
}

export async function putModel(context: Context, name: string, file: string, options: PutOptions): Promise<number> {
  return put(context, 'models', name, documentOf(file, 'read model'), options);
}

interface Imported {
  readonly defined: readonly Pick<Definition, 'name' | 'version'>[];
  readonly left_out: readonly { readonly name: string; readonly reason: string }[];
}

/** The models of an agent's profile; exit 1 when one was left out. */
export async function importModels(context: Context, file: string, options: Json): Promise<number> {
  const imported = await modelsOfProfile(api(context), textOf(file));
  const { io } = context;
  if (options.json) io.out(json(imported));
  else
    io.out(
      table(
        ['NAME', 'VERSION', 'LEFT OUT BECAUSE'],
        [
          ...imported.defined.map((d) => [d.name, d.version, '']),
          ...imported.left_out.map((l) => [l.name, null, l.reason]),
        ],
      ),
    );
  return imported.left_out.length === 0 ? EXIT.ok : EXIT.failed;
}

export const modelsOfProfile = (client: ApiClient, profile: string): Promise<Imported> =>
  client.write<Imported>('POST', '/models', { profile });

export interface GroupOptions extends PutOptions {
  readonly description?: string;
  readonly state?: string;
  readonly model?: string;
  readonly agent?: string;
  readonly path?: string;
  readonly parent?: string;
  readonly label?: readonly string[];
  readonly q?: string;
}

export async function putGroup(context: Context, name: string, options: GroupOptions): Promise<number> {
  const { new: _, description, label, ...filter } = options;
  const body = {
    ...(description && { description }),
    filter: { ...filter, ...(label && { labels: labelsOf(label) }) },
  };
  return put(context, 'groups', name, body, options);
}

async function put(
  context: Context,
  collection: Collection,
  name: string,
  body: unknown,
  options: PutOptions,
): Promise<number> {
  const headers = options.new ? { 'if-none-match': '*' } : {};
  const { version } = await api(context).write<Definition>('PUT', at(collection, name), body, headers);
  context.io.out(`${name} is at version ${version}\n`);
  return EXIT.ok;
}

const MEMBERS_PER_PAGE = 1_000;

export async function members(context: Context, name: string, options: Json): Promise<number> {
  const found: Device[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined;) {
    const parameters = new URLSearchParams({ limit: String(MEMBERS_PER_PAGE), ...(cursor && { cursor }) });
    const path = `${at('groups', name)}/devices?${parameters}`;
    const page: { items: readonly Device[]; next?: string } = await api(context).get(path);
    found.push(...page.items);
    cursor = page.next;
  }
  const { io } = context;
  if (options.json) io.out(json(found));
  else
    io.out(
      table(
        ['DEVICE', 'STATE', 'MODEL', 'PATH'],
        found.map((d) => [d.device_id, d.state, d.model, d.path]),
      ),
    );
  return EXIT.ok;
}
