/** Defines the profile's models, and brings its devices to life: registers, provisions and activates those that are not further already. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiClient, ApiRefusal } from '../api-client';
import { modelsOfProfile } from '../commands/definition';
import { type ProfileDevice, type ProfileSummary } from './profile';

interface Device {
  readonly device_id: string;
  readonly state: string;
}

interface Page {
  readonly items: readonly Device[];
  readonly next?: string;
}

const PAGE = 1_000;
/** Requests under way at once: a profile may have thousands of devices. */
const PARALLEL = 16;

/** What is next from each state; a device that was suspended or decommissioned stays so. */
const NEXT: Readonly<Record<string, string>> = { registered: 'provision', provisioned: 'activate' };

export async function seed(api: ApiClient, profile: ProfileSummary, say: (text: string) => void): Promise<void> {
  await Promise.all([seedModels(api, profile.text, say), seedDevices(api, profile)]);
}

export async function seedDevices(api: ApiClient, profile: Pick<ProfileSummary, 'agentId' | 'devices'>): Promise<void> {
  const known = await statesOf(api, profile.agentId);
  const queue = [...profile.devices];
  const work = async (): Promise<void> => {
    for (let d = queue.shift(); d; d = queue.shift()) await bringUp(api, profile.agentId, d, known.get(d.id));
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL, queue.length) }, work));
}

/**
 * Defines the profile's models, so that the console's forms know commands and ranges. What it refuses is said and stays as it was: the
 * agent's profile decides what a device takes.
 */
export async function seedModels(api: ApiClient, profile: string, say: (text: string) => void): Promise<void> {
  try {
    const { left_out } = await modelsOfProfile(api, profile);
    for (const { name, reason } of left_out) say(`model ${name} is not defined by the profile: ${reason}`);
  } catch (e) {
    if (!(e instanceof ApiRefusal) || e.status >= 500) throw e;
    say(`the profile's models are not defined: ${[e.message, e.hint].filter(Boolean).join('; ')}`);
  }
}

async function statesOf(api: ApiClient, agentId: string): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  let cursor = '';
  do {
    const page = await api.get<Page>(`/devices?agent=${encodeURIComponent(agentId)}&limit=${PAGE}${cursor}`);
    for (const d of page.items) states.set(d.device_id, d.state);
    cursor = page.next ? `&cursor=${encodeURIComponent(page.next)}` : '';
  } while (cursor);
  return states;
}

const ATTEMPTS = 20;
const RETRY_MS = 250;

/**
 * A request of an earlier `up` that was cut short may still be decided meanwhile, and what was decided takes a moment to
 * be readable: what was refused as being so already is read again. Throws the refusal after ATTEMPTS.
 */
async function bringUp(
  api: ApiClient,
  agentId: string,
  device: ProfileDevice,
  state: string | undefined,
): Promise<void> {
  const path = `/devices/${encodeURIComponent(device.id)}`;
  const current = async (): Promise<string | undefined> => (await api.find<Device>(path))?.state;
  let now = state ?? (await current());
  for (let attempt = 1; now === undefined || now in NEXT; attempt++)
    try {
      now = (await (now === undefined ? register(api, agentId, device) : move(api, `${path}/${NEXT[now]}`))).state;
    } catch (e) {
      if (!(e instanceof ApiRefusal && e.status === 409) || attempt === ATTEMPTS) throw e;
      await sleep(RETRY_MS);
      now = await current();
    }
}

function register(api: ApiClient, agentId: string, device: ProfileDevice): Promise<Device> {
  const { id, model, path, labels } = device;
  const described = { ...(model && { model }), ...(path && { path }), ...(labels && { labels }) };
  return api.post<Device>('/devices', { device_id: id, agent_id: agentId, ...described });
}

const move = (api: ApiClient, path: string): Promise<Device> => api.post<Device>(path, { reason: 'millrace up' });
