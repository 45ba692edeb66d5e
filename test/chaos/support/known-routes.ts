/** What a running API has, so that calls at random get further than 404: asked of its own lists. */
import { type Known } from '../../services/api/whole-api';

interface Answer {
  readonly items?: readonly Readonly<Record<string, unknown>>[];
}

/** Of a list, its items' names, and the paths whose parameter they are. */
const LISTS: readonly { readonly list: string; readonly name: string; readonly at: string; readonly as: string }[] = [
  { list: '/devices', name: 'device_id', at: '/devices/{id}', as: 'path.id' },
  { list: '/devices', name: 'agent_id', at: '/agents/{id}', as: 'path.id' },
  { list: '/commands', name: 'command_id', at: '/commands/{id}', as: 'path.id' },
  { list: '/batches', name: 'batch_id', at: '/batches/{id}', as: 'path.id' },
  { list: '/campaigns', name: 'campaign_id', at: '/campaigns/{id}', as: 'path.id' },
  { list: '/schedules', name: 'schedule_id', at: '/schedules/{id}', as: 'path.id' },
  { list: '/api-keys', name: 'key_id', at: '/api-keys/{id}', as: 'path.id' },
  { list: '/webhooks', name: 'webhook_id', at: '/webhooks/{id}', as: 'path.id' },
  { list: '/models', name: 'name', at: '/models/{name}', as: 'path.name' },
  { list: '/groups', name: 'name', at: '/groups/{name}', as: 'path.name' },
  { list: '/dead-letters', name: 'message', at: '/dead-letters/{message}', as: 'path.message' },
];
const MAX_NAMES = 20;

/** `paths`: of openapi.json. */
export async function knownOf(url: string, token: string, paths: readonly string[]): Promise<Known> {
  const known: Record<string, Record<string, readonly string[]>> = {};
  for (const { list, name, at, as } of LISTS) {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${url}/api/v1${list}`, { headers, signal: AbortSignal.timeout(30_000) });
    if (!answer.ok) throw new Error(`GET ${list}: ${answer.status} ${await answer.text()}`);
    const { items = [] } = (await answer.json()) as Answer;
    const names = [...new Set(items.map((item) => item[name]).filter((n) => typeof n === 'string'))];
    if (names.length === 0) continue;
    for (const path of paths.filter((p) => p === at || p.startsWith(`${at}/`)))
      known[path] = { ...known[path], [as]: names.slice(0, MAX_NAMES) };
  }
  return known;
}
