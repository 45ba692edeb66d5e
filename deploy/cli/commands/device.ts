import { bodyOf, typedClient } from '../api-client';
import { type MillraceClient, type paths, type Schemas } from '../../client';
import { apiEndpoint, type Context } from '../context';
import { CliError, EXIT } from '../errors';
import { json, table } from '../io';

export type Device = Schemas['Device'];

export interface Json {
  readonly json?: boolean;
}

export interface ListOptions extends Json {
  readonly state?: string;
  readonly model?: string;
  readonly agent?: string;
  readonly path?: string;
  readonly parent?: string;
  readonly label?: readonly string[];
  readonly q?: string;
  readonly limit?: string;
}

const PAGE = 1_000;
const api = (context: Context): MillraceClient => typedClient(apiEndpoint(context));
const named = (id: string): { path: { id: string } } => ({ path: { id } });
export const at = (id: string): string => `/devices/${encodeURIComponent(id)}`;

export async function list(context: Context, options: ListOptions): Promise<number> {
  const devices = await pages(api(context), options);
  const { io } = context;
  if (options.json) io.out(json(devices));
  else {
    const rows = devices.map((d) => [d.device_id, d.state, d.presence?.status, d.model, d.agent_id, d.path]);
    io.out(table(['DEVICE', 'STATE', 'PRESENCE', 'MODEL', 'AGENT', 'PATH'], rows));
  }
  return EXIT.ok;
}

export async function pages(
  client: MillraceClient,
  { json: _, limit, label, ...filters }: ListOptions,
): Promise<Device[]> {
  const wanted = limit === undefined ? Infinity : Number(limit);
  if (!(wanted > 0)) throw new CliError('usage', 'device list', `--limit ${limit} is no number`, 'give 1 or more');
  const found: Device[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined && found.length < wanted;) {
    const more = { ...(label && { label: [...label] }), ...(cursor && { cursor }) };
    const query = { limit: Math.min(PAGE, wanted - found.length), ...(filters as Filters), ...more };
    const page: Page = await bodyOf(client.GET('/devices', { params: { query } }));
    found.push(...page.items);
    cursor = page.next;
  }
  return found;
}

/** The state is for the API to judge. */
type Filters = Omit<NonNullable<paths['/devices']['get']['parameters']['query']>, 'label' | 'limit' | 'cursor'>;
type Page = paths['/devices']['get']['responses'][200]['content']['application/json'];

export interface ShowOptions extends Json {
  readonly at?: string;
}

export async function show(context: Context, id: string, options: ShowOptions): Promise<number> {
  const query = options.at === undefined ? {} : { at: momentOf(options.at) };
  print(context, await bodyOf(api(context).GET('/devices/{id}', { params: { ...named(id), query } })), options);
  return EXIT.ok;
}

export interface RegisterOptions extends Json {
  readonly pseudonym?: boolean;
  readonly name?: string;
  readonly model?: string;
  readonly agent?: string;
  readonly path?: string;
  readonly parent?: string;
  readonly label?: readonly string[];
}

export async function register(context: Context, id: string, options: RegisterOptions): Promise<number> {
  const { json: _, agent, label, parent, ...given } = options;
  const body = {
    device_id: id,
    ...given,
    ...(agent && { agent_id: agent }),
    ...(parent && { parent_id: parent }),
    ...(label && { labels: labelsOf(label) }),
  };
  print(context, await bodyOf(api(context).POST('/devices', { body })), options);
  return EXIT.ok;
}

export function labelsOf(pairs: readonly string[]): Record<string, string> {
  const entries = pairs.map((pair) => {
    const split = pair.indexOf('=');
    if (split < 1) throw new CliError('usage', 'labels', `--label ${pair} has no value`, 'write --label key=value');
    return [pair.slice(0, split), pair.slice(split + 1)] as const;
  });
  return Object.fromEntries(entries);
}

export const MOVES = ['provision', 'activate', 'suspend', 'resume', 'quarantine', 'release', 'decommission'] as const;
export type Move = (typeof MOVES)[number];

export interface MoveOptions extends Json {
  readonly reason?: string;
  /** Of `decommission`. */
  readonly force?: boolean;
}

export async function move(context: Context, step: Move, id: string, options: MoveOptions): Promise<number> {
  const { reason, force } = options;
  const body = { ...(reason !== undefined && { reason }), ...(force && { force }) };
  const moved = api(context).POST('/devices/{id}/{move}', { params: { path: { id, move: step } }, body });
  print(context, await bodyOf(moved), options);
  return EXIT.ok;
}

export async function history(context: Context, id: string, options: Json): Promise<number> {
  const { items } = await bodyOf(api(context).GET('/devices/{id}/history', { params: named(id) }));
  const { io } = context;
  if (options.json) io.out(json(items));
  else {
    const rows = items.map((e) => [e.version, e.at, e.type, e.state_from, e.state_to, e.actor, e.reason]);
    io.out(table(['VERSION', 'AT', 'EVENT', 'FROM', 'TO', 'BY', 'REASON'], rows));
  }
  return EXIT.ok;
}

function momentOf(text: string): string {
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return new Date(ms).toISOString();
  throw new CliError('usage', 'device show', `--at ${text} is no time`, 'write 2026-01-31T12:00:00Z');
}

export function print({ io }: Context, d: Device, options: Json): void {
  if (options.json) return io.out(json(d));
  const labels = Object.entries(d.labels ?? {}).map(([k, v]) => `${k}=${v}`);
  const lines: [string, string | undefined | null][] = [
    ['device', d.device_id],
    ['name', d.name],
    ['state', d.state],
    ['allowed now', d.allowed?.join(', ') || 'nothing'],
    ['presence', d.presence?.status],
    ['health', d.health && [d.health.score, ...d.health.reasons.map((r) => `${r.code}: ${r.detail}`)].join('; ')],
    ['model', d.model],
    ['agent', d.agent_id],
    ['path', d.path],
    ['behind', d.parent_id],
    ['serial', d.serial && `${d.serial} (replacement ${d.replacements})`],
    ['labels', labels.join(' ')],
    ['reason', d.reason],
    ['registered', d.registered_at],
    ['changed', `${d.changed_at} (version ${d.version})`],
  ];
  io.out(lines.flatMap(([k, v]) => (v ? [`${k.padEnd(12)} ${v}\n`] : [])).join(''));
}
